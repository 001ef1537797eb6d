"""`./trop audit`: whom it asks, what it prints, how it ends."""

from __future__ import annotations

import json
import shutil
import threading
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest
import yaml

from cli.adopt import export
from cli.adopt.state import Known
from cli.audit import doc, look, owned, show
from cli.audit.rules import audit
from cli.audit.run import CLEAN, FOUND, NOT_DONE, run
from provider.errors import OperatorError
from provider.guest.agent import Agent
from tests.cli.audit.picture import OVERLAY_WRITTEN, PLAN, RACK, clean, world
from tests.cli.audit.spoil import UP, base, faults_of
from tests.config import fleets


def project(folder: Path, **uris: str) -> None:
    """The declarations of the rack with these stacks alone; one whose URI is empty has none."""
    shutil.copytree(fleets.ROOT / "config", folder / "config")
    for stack, uri in uris.items():
        name = f"Pulumi.{stack}.yaml"
        declared = yaml.safe_load((fleets.ROOT / name).read_text(encoding="utf-8"))["config"]
        declared.pop("libvirt:uri")
        settings = {**declared, **({"libvirt:uri": uri} if uri else {})}
        (folder / name).write_text(yaml.safe_dump({"config": settings}), encoding="utf-8")


def test_without_names_the_stacks_are_asked_whose_file_has_a_uri(tmp_path: Path) -> None:
    project(tmp_path, trop01="test:///no/one", trop02="test:///no/two", trop03="")

    seen = look.world(tmp_path, [], lab=False)

    assert list(seen.hosts) == ["trop01", "trop02"]
    assert [(f.kind, f.stack) for f in faults_of(seen)] == [
        ("unreachable", "trop01"),
        ("unreachable", "trop02"),
    ]


def test_a_stack_without_a_uri_is_one_line_and_no_audit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project(tmp_path, trop02="")

    assert run(["trop02"], lab=False, as_json=False, root=tmp_path) == NOT_DONE
    assert run([], lab=False, as_json=False, root=tmp_path) == NOT_DONE
    named, none = capsys.readouterr().err.splitlines()
    assert named == (
        "error: Pulumi.trop02.yaml: libvirt:uri is missing; set it with ./trop config trop02 set libvirt:uri qemu+ssh://…"
    )
    assert none.startswith("error: no stack's file has a libvirt:uri")


def test_json_has_a_stable_shape_and_the_table_numbers_what_each_line_mends(
    capsys: pytest.CaptureFixture[str],
) -> None:
    picture = clean()
    picture.vms["Ulov"].autostart = False
    base(base_modified=OVERLAY_WRITTEN + 1)(picture)
    picture.vms["Ibalehar"].autostart = False
    seen = world(picture)
    found = audit(seen)

    listed = json.loads(show.as_json(found))
    assert set(listed[0]) == {"kind", "level", "hypervisor", "where", "what", "since", "mend", "floats"}
    assert [each["kind"] for each in listed] == [
        "autostart-off",
        "autostart-off",
        "base-written",
        "slot-unused",
    ]
    assert listed[0]["since"] is None
    assert listed[2]["since"].startswith("2023-11-1")

    show.show(seen, found)
    lines = capsys.readouterr().out.splitlines()
    assert f"  1, 2: {UP}" in lines
    assert any(line.startswith("  3: put back the very file") for line in lines)
    assert any(line.startswith("note: trop02, network default: 3 slots are reserved") for line in lines)
    assert lines[-1] == "3 findings: 1 hypervisor, 5 domains, 2 networks, 5 volumes, 5 guests asked inside"


def test_the_exit_code_tells_clean_from_faulty_from_not_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = clean()
    monkeypatch.setattr("cli.audit.look.world", lambda *_args, **_kwargs: world(picture))
    assert run(["trop02"], lab=False, as_json=False) == CLEAN
    assert capsys.readouterr().out.splitlines()[-1].startswith("nothing found: 1 hypervisor, 5 domains")
    picture.vms["Ulov"].autostart = False
    assert run(["trop02"], lab=False, as_json=True) == FOUND
    monkeypatch.undo()
    assert run(["trop09"], lab=False, as_json=False) == NOT_DONE
    assert capsys.readouterr().err == (
        "error: there is no stack trop09; the stacks are trop01, trop02, trop03, trop04\n"
    )


class Hung:
    """A hypervisor whose guests' agents all hang: a ping of one ends, with an error, when all are under way."""

    def __init__(self, guests: int) -> None:
        self.together = threading.Barrier(guests, timeout=20)
        self.pings: list[str] = []

    def domain_by_uuid(self, uuid: str) -> Any:
        return Guest(uuid.removeprefix("uuid-"))

    def volume_by_path(self, path: str) -> None:
        """No file of it is in a pool."""

    storage, conn = nullcontext(), SimpleNamespace(listAllStoragePools=list)

    def close(self) -> None:
        pass

    def send(self, domain: Any, text: str, seconds: int) -> str:
        self.pings.append(f"{domain.name()} {json.loads(text)['execute']}")
        self.together.wait()
        raise libvirt.libvirtError("Guest agent is not responding")


class Guest:
    def __init__(self, name: str) -> None:
        self.name = lambda: name

    def isActive(self) -> int:
        return 1

    def state(self, flags: int = 0) -> list[int]:
        return [1, 1]

    def interfaceAddresses(self, source: int, flags: int = 0) -> dict[str, Any]:
        return {}


def test_agents_that_hang_are_asked_at_the_same_time_and_once_and_each_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = sorted(vm.domain for vm in PLAN.vms)
    hung = Hung(len(names))
    monkeypatch.setattr(look.Host, "open", lambda uri: hung)
    monkeypatch.setattr(look, "Agent", lambda domain, clock: Agent(domain, clock, hung.send))

    asked = look._ask(PLAN, clean().host())

    assert sorted(hung.pings) == [f"{name} guest-ping" for name in names]
    assert {name for name, said in asked.inside.items() if "its agent does not answer" in said.silence} == {
        *names
    }


def test_a_state_is_read_only_where_something_is_not_the_stacks_by_its_uuid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []

    def known(stack: str, engine: str, *, lab: bool) -> tuple[Known, str]:
        read.append(stack)
        return Known({}, {"x": "uuid-Ulov"}, {}), ""

    monkeypatch.setattr(export, "known", known)
    host = clean().host()
    made = [uuid for _, _, uuid in owned.objects(PLAN, host)]
    ours = replace(host, domains=(), networks=(), pools=(replace(host.pools[0], uuid=made[2]),))
    gone = OperatorError("no answer")

    assert owned.held(RACK.plans, {"trop02": ours, "trop03": gone}, lab=False) == {}
    assert read == []
    assert owned.held(RACK.plans, {"trop02": host}, lab=False) == {"trop02": frozenset({"uuid-Ulov"})}
    assert read == ["trop02"]


def test_the_page_of_findings_is_up_to_date() -> None:
    assert doc.FILE.read_text(encoding="utf-8") == doc.document(), f"write it anew: {doc.COMMAND}"
