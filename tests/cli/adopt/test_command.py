"""The command: what it prints, writes and hands to the engine; and that it does nothing by halves."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli import live
from cli.adopt import clones
from cli.adopt import run as command
from cli.adopt.run import Order
from cli.commands import app
from provider.errors import OperatorError
from provider.guest.identity import Identity
from provider.survey.survey import HostSeen, Unread
from tests.cli import hosts
from tests.cli.adopt.beside import all_there, plan_of, vm_of
from tests.config import fleets


class Place:
    """A project in a folder, the host that is looked at, and the engine's commands that were run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.plan = plan_of(Ulov={})
        self.seen: HostSeen | OperatorError = all_there(self.plan)
        self.exported: dict[str, Any] | None = {}
        self.ran: list[list[str]] = []
        self.imported: dict[str, Any] = {}
        self.code = 0
        self.inside = Identity()  # of each VM

    @property
    def file(self) -> Path:
        return self.root / "Pulumi.trop02.yaml"

    def write(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")

    def engine(self, words: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        words = words[words.index("cli") + 1 :]
        self.ran.append(words)
        if words[0] == "stack":
            gone = self.exported is None
            return subprocess.CompletedProcess(
                words,
                int(gone),
                "" if gone else json.dumps(self.exported),
                "\nerror: no stack\nmore" if gone else "",
            )
        self.imported = json.loads(Path(words[words.index("--file") + 1]).read_text(encoding="utf-8"))
        return subprocess.CompletedProcess(words, self.code, "", "")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    made = Place(tmp_path)
    (tmp_path / "config").mkdir()
    shutil.copyfile(fleets.ROOT / "config/fleet.yaml", tmp_path / "config/fleet.yaml")
    made.write(
        "config:\n  libvirt:uri: test:///x\n  trop:vms:\n    Acilamwen:\n      seedDisk: false  # by hand\n"
    )
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(live, "look", lambda uris: dict.fromkeys(uris, made.seen))
    monkeypatch.setattr(clones, "asked", lambda uri, domains: dict.fromkeys(domains, made.inside))
    monkeypatch.setattr(subprocess, "run", made.engine)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    return made


def adopt(**asked: Any) -> int:
    return command.run(Order("trop02", engine="embedded", **asked))


def test_without_an_option_it_only_says(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    before = place.file.read_text(encoding="utf-8")

    assert adopt() == 0
    out = capsys.readouterr().out
    assert "agrees (6): network bridged, " in out
    assert "domains: Ulov" in out
    assert "--write would take into Pulumi.trop02.yaml what is there of: Ulov" in out
    assert (place.ran, place.file.read_text(encoding="utf-8")) == ([], before)


def test_a_host_that_does_not_answer_is_one_line(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.seen = OperatorError("cannot reach libvirt at test:///x: no")

    assert adopt(write=True, yes=True) == 1
    assert capsys.readouterr().err == "error: cannot reach libvirt at test:///x: no\n"
    assert place.ran == []


def test_a_stack_that_is_not_there_is_one_line(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(Order("trop09")) == 1
    assert capsys.readouterr().err == (
        "error: there is no stack 'trop09'; the stacks are trop01, trop02, trop03, trop04\n"
    )


def test_a_wrong_declaration_is_told_before_anything_is_done(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.write("config:\n  libvirt:uri: test:///x\n  trop:vms:\n    Acilamwen: {memory: lots}\n")

    assert adopt(write=True, yes=True) == 1
    assert "trop:vms.Acilamwen.memory: 'lots' is not accepted" in capsys.readouterr().err
    assert place.ran == []


def test_write_shows_the_difference_and_asks(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = place.file.read_text(encoding="utf-8")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: "n")

    assert adopt(write=True) == 1
    out = capsys.readouterr().out
    assert "+    Ulov:\n+      seedDisk: false\n" in out
    assert out.endswith("Nothing was written.\n")
    assert place.file.read_text(encoding="utf-8") == before
    monkeypatch.setattr("builtins.input", lambda _question: "y")
    assert adopt(write=True) == 0
    assert place.file.read_text(encoding="utf-8") == before + "    Ulov:\n      seedDisk: false\n"
    assert place.ran == []


def test_write_does_not_write_where_nobody_can_answer(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    before = place.file.read_text(encoding="utf-8")

    assert adopt(write=True) == 1
    assert "nobody is there to answer" in capsys.readouterr().err
    assert place.file.read_text(encoding="utf-8") == before


def test_write_and_yes_write_and_import_all_of_it(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert adopt(write=True, yes=True) == 0
    names = [e["name"] for e in place.imported["resources"]]
    assert {"Domain Ulov", "Volume Ulov", "Domain Acilamwen", "Interface float1", "Pool trop02-live"} <= set(
        names
    )
    (export, words) = place.ran
    assert export == ["stack", "trop02", "export", "--engine", "embedded"]
    assert words[:3] == ["import", "trop02", "--file"]
    assert words[4:] == ["--yes", "--generate-code=false", "--engine", "embedded"]
    assert "8 objects are in the state of trop02; nothing on the host was changed." in capsys.readouterr().out
    assert yaml.safe_load(place.file.read_text(encoding="utf-8"))["config"]["trop:vms"]["Ulov"] == {
        "seedDisk": False
    }


def test_what_could_not_be_read_is_taken_over_once_it_can_be_by_the_line_that_is_told(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = place.seen
    assert isinstance(whole, HostSeen)
    (hidden,) = [each for each in whole.domains if each.name == "Acilamwen"]
    unread = Unread(
        "domain", hidden.name, "domain Acilamwen could not be looked at: denied", uuid=hidden.uuid
    )
    place.seen = replace(
        whole, domains=tuple(each for each in whole.domains if each != hidden), unread=(unread,)
    )

    assert adopt(yes=True) == 1
    told = re.search(
        r"error: VM Acilamwen is not taken over: .*; once that is mended: \./trop (.*)",
        capsys.readouterr().err,
    )
    assert told
    assert "Domain Acilamwen" not in [each["name"] for each in place.imported["resources"]]
    place.seen = whole
    with pytest.raises(SystemExit) as ended:
        app(told[1].split(), prog_name="./trop")
    assert ended.value.code == 0
    assert "Domain Acilamwen" in [each["name"] for each in place.imported["resources"]]


def test_an_engine_that_fails_gives_its_exit_code(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.code = 6

    assert adopt(yes=True) == 6
    assert "are in the state" not in capsys.readouterr().out


def test_what_is_in_the_way_of_one_object_keeps_all_from_being_imported(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(place.seen, HostSeen)
    place.seen = replace(place.seen, pools=(hosts.pool(active=False),), volumes=())

    assert adopt(yes=True) == 1
    assert capsys.readouterr().err == (
        "error: nothing is imported:\n"
        "error: pool live: it is not active, and has disks of Acilamwen: virsh -c 'test:///hand' pool-start live\n"
    )
    assert [words[0] for words in place.ran] == ["stack"]


def test_a_stack_that_was_never_made_is_told_with_the_command_for_it(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.exported = None

    assert adopt(yes=True) == 1
    assert capsys.readouterr().err == (
        "error: the state of trop02 can't be read: no stack; a stack is made by: ./trop stack init trop02\n"
    )


def test_adopting_twice_imports_nothing_the_second_time(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    adopt(yes=True)
    names = {e["name"]: e for e in place.imported["resources"]}
    root = "urn:pulumi:trop02::trop::"
    records = [
        {"urn": f"{root}{names[e['parent']]['type']}${e['type']}::{e['logicalName']}", "id": e["id"]}
        for e in names.values()
        if "id" in e
    ]
    place.exported = {"deployment": {"resources": records}}
    place.ran.clear()
    capsys.readouterr()

    assert adopt(yes=True) == 0
    out = capsys.readouterr().out
    assert "in the state already (6): network bridged, network default, " in out
    assert out.endswith("Nothing is left to import.\n")
    assert [words[0] for words in place.ran] == ["stack"]


def test_out_writes_the_file_and_imports_nothing_even_without_a_state(place: Place, tmp_path: Path) -> None:
    place.exported = None
    file = tmp_path / "import.json"

    assert adopt(out=file) == 0
    found = {e["name"]: e for e in json.loads(file.read_text(encoding="utf-8"))["resources"]}
    assert found["Domain Acilamwen"]["id"] == hosts.uuid_of("Acilamwen")
    assert [words[0] for words in place.ran] == ["stack"]


def test_a_holder_that_is_not_in_the_file_yet_is_added(place: Place) -> None:
    place.write("config:\n  libvirt:uri: test:///x\n  trop:vms: {}\n")

    assert adopt(write=True, yes=True) == 0
    vms = yaml.safe_load(place.file.read_text(encoding="utf-8"))["config"]["trop:vms"]
    assert vms == {"Ulov": {"seedDisk": False}, "Acilamwen": {"seedDisk": False}}
    assert vm_of(place.plan, "Acilamwen").slot == 15


def test_a_file_that_lacks_a_holder_says_that_write_would_add_it(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.write("config:\n  libvirt:uri: test:///x\n  trop:vms: {}\n")

    assert adopt() == 1
    said = capsys.readouterr()
    assert "Acilamwen is not among the VMs of Pulumi.trop02.yaml" in said.err
    assert "--write would take into Pulumi.trop02.yaml what is there of: Ulov, Acilamwen" in said.out


def test_a_file_that_can_not_be_written_is_one_line(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    out = place.root / "no/such/folder.json"

    assert adopt(out=out) == 1
    assert capsys.readouterr().err == f"error: {out}: No such file or directory\n"


@pytest.mark.reports("G1")
def test_clones_of_one_image_are_told_with_the_command_that_tells_what_to_do(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.plan = plan_of(Ulov={}, Acilamwen={})
    place.seen = all_there(place.plan)
    place.write("config:\n  libvirt:uri: test:///x\n  trop:vms: {Acilamwen: {}, Ulov: {}}\n")
    place.inside = Identity(("one",), ("a", "b"))
    assert adopt() == 0
    assert (
        "\nof one image (2); what to do is told by: ./trop audit trop02\n"
        "  Acilamwen and Ulov have one machine-id, from their image: by DHCP they may take each other's addresses\n"
        "  Acilamwen and Ulov have one SSH host key, from their image: who has one of them can pass for the others\n"
    ) in capsys.readouterr().out
