"""`stack rename`: the stack, all that is kept of it and its file have the other name."""

from __future__ import annotations

import gzip
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from engine.state import backend as backends
from engine.state import renaming, urns
from engine.state.backend import Backend
from tests.engine.harness import Project

VM = "urn:pulumi:trop02::trop::trop:index:DockerHostVM$libvirt:index/domain:Domain::vm0"


def backend_of(project: Project) -> Backend:
    return Backend(project.state, "trop")


def rename(project: Project, name: str = "trop09") -> str:
    done = project.run("stack", "rename", name, "--stack", "trop02")
    assert done.code == 0, done.err
    return done.out


@pytest.fixture
def kept(project: Project) -> Project:
    """A stack that has had two runs."""
    for _ in range(2):
        assert project.run("up", "--yes", "--skip-preview").code == 0
    return project


def everything(project: Project) -> dict[str, bytes]:
    places = (project.state, project.root, project.folder / "home")
    return {str(p): p.read_bytes() for place in places for p in place.rglob("*") if p.is_file()}


def test_the_stack_is_there_under_the_other_name_alone_and_an_up_finds_nothing_to_do(kept: Project) -> None:
    assert rename(kept) == "Renamed trop02 to trop09\n"
    assert [row["name"] for row in json.loads(kept.run("stack", "ls", "--json").out)] == ["trop09"]
    text = kept.state_file.with_name("trop09.json").read_text()
    assert "trop02" not in text
    assert '"stack":"organization/trop/trop09"' in text
    assert "::pulumi:pulumi:Stack::trop-trop09" in text
    assert kept.run("up", "--yes", "--skip-preview", "--expect-no-changes", "-s", "trop09").code == 0
    assert kept.run("stack", "output", "--stack", "trop02").code == 6


def test_its_file_goes_along(kept: Project) -> None:
    text = (kept.root / "Pulumi.trop02.yaml").read_text()
    rename(kept)
    assert not (kept.root / "Pulumi.trop02.yaml").exists()
    assert (kept.root / "Pulumi.trop09.yaml").read_text() == text
    assert kept.run("config", "get", "token", "-s", "trop09").out == "s3cr3t\n"


def test_a_stack_without_a_file_is_renamed_too(kept: Project) -> None:
    (kept.root / "Pulumi.trop02.yaml").unlink()
    rename(kept)
    assert list(kept.root.glob("Pulumi.*.yaml")) == []


def test_history_and_backups_go_along(kept: Project) -> None:
    before = json.loads(kept.run("stack", "history", "--json").out)
    earlier = json.loads(kept.run("stack", "export", "--version", "1").out)
    backups = sorted(p.name.removeprefix("trop02") for p in backend_of(kept).backups("trop02").iterdir())
    rename(kept)
    assert json.loads(kept.run("stack", "history", "--json", "-s", "trop09").out) == before
    assert json.loads(kept.run("stack", "export", "--version", "1", "-s", "trop09").out) == earlier
    at = backend_of(kept)
    assert sorted(p.name.removeprefix("trop09") for p in at.backups("trop09").iterdir()) == backups
    assert not at.history("trop02").exists()
    assert not at.backups("trop02").exists()


def test_what_the_state_was_stays_beside_it_and_a_damaged_new_one_is_put_back(kept: Project) -> None:
    was = kept.state_file.read_bytes()
    (kept.state_file.parent / "trop09.json.bak").write_text("{}")  # of a stack that had the name before
    rename(kept)
    assert kept.state_file.with_name("trop02.json.bak").read_bytes() == was
    file = kept.state_file.with_name("trop09.json")
    good = file.read_bytes()
    file.write_bytes(good[:500])
    told = kept.run("stack", "output", "--stack", "trop09").err
    assert f"the last good one is {file}.bak" in told
    assert kept.run("stack", "import", "--file", f"{file}.bak", "-s", "trop09").code == 0
    assert backends.judge(file, file.read_bytes()) == "as written"


def test_the_new_stack_is_selected_where_the_former_one_was(
    kept: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_STACK")
    kept.run("stack", "select", "trop02")
    assert kept.run("stack", "rename", "organization/trop/trop09").out == "Renamed trop02 to trop09\n"
    assert kept.run("stack", "--show-name").out == "trop09\n"
    kept.run("stack", "init", "other")
    assert kept.run("stack", "rename", "trop08", "-s", "trop09").code == 0
    assert kept.run("stack", "--show-name").out == "other\n"


def test_a_compressed_state_stays_compressed(kept: Project) -> None:
    packed = Path(f"{kept.state_file}.gz")
    backends.with_attributes(packed, gzip.compress(kept.state_file.read_bytes()))
    kept.state_file.unlink()
    rename(kept)
    file = kept.state_file.with_name("trop09.json.gz")
    assert "trop02" not in gzip.decompress(file.read_bytes()).decode()
    assert backends.judge(file, file.read_bytes()) == "as written"
    assert not packed.exists()
    assert not file.with_suffix("").exists()


def record(urn: str, **fields: Any) -> dict[str, Any]:
    return {"urn": urn, "custom": True, "type": urns.type_of(urn)} | fields


def test_every_place_of_a_record_has_the_new_name_and_what_a_provider_said_stays() -> None:
    provider = "urn:pulumi:trop02::trop::pulumi:providers:libvirt::default"
    other = "urn:pulumi:trop020::trop::pulumi:pulumi:Stack::trop-trop020"
    stack = urns.stack_urn("trop02", "trop")
    said = {"id": VM, "inputs": {"urn": VM}, "outputs": {"urns": [VM]}}
    full = record(
        VM,
        parent=stack,
        dependencies=[stack, other],
        propertyDependencies={"x": [VM], "y": None},
        provider=f"{provider}::id::1",
        deletedWith=VM,
        replaceWith=[VM],
        aliases=[VM + "::a"],
        viewOf=VM,
        **said,
    )
    pending = {"type": "creating", "resource": record(VM, parent=stack)}
    latest = {"resources": [record(stack), full], "pending_operations": [pending]}
    document = {"version": 3, "checkpoint": {"stack": "organization/trop/trop02", "latest": latest}}
    own = renaming.renamed(document, "trop", "trop02", "a.b")["checkpoint"]
    first, second = own["latest"]["resources"]
    vm, top = VM.replace("trop02", "a.b"), "urn:pulumi:a.b::trop::pulumi:pulumi:Stack::trop-a.b"
    assert (own["stack"], first["urn"]) == ("organization/trop/a.b", top)
    assert second == full | {
        "urn": vm,
        "parent": top,
        "dependencies": [top, other],
        "propertyDependencies": {"x": [vm], "y": None},
        "provider": f"{provider.replace('trop02', 'a.b')}::id::1",
        "deletedWith": vm,
        "replaceWith": [vm],
        "aliases": [vm + "::a"],
        "viewOf": vm,
    }
    assert own["latest"]["pending_operations"][0]["resource"] == record(vm, parent=top)
    assert document["checkpoint"]["latest"]["resources"][1]["urn"] == VM  # what was read is as it was


def test_a_stack_that_is_locked_is_not_renamed(kept: Project) -> None:
    for stack in ("trop02", "trop09"):
        folder = backend_of(kept).locks(stack)
        folder.mkdir(parents=True, exist_ok=True)
        owner = {"pid": os.getppid(), "username": "op", "hostname": socket.gethostname(), "timestamp": "x"}
        (folder / "x.json").write_text(json.dumps(owner))
        before = everything(kept)
        done = kept.run("stack", "rename", "trop09", "--stack", "trop02")
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("error: the stack is currently locked by 1 lock(s).")
        assert everything(kept) == before
        (folder / "x.json").unlink()


@pytest.mark.parametrize("ending", ["json", "json.gz", "json.zst"])
def test_a_name_that_a_stack_has_in_any_form_is_refused(kept: Project, ending: str) -> None:
    other = {"version": 3, "checkpoint": {"stack": "organization/trop/trop09", "latest": {}}}
    data = json.dumps(other).encode()
    packed = {"json": data, "json.gz": gzip.compress(data), "json.zst": b"\x28\xb5\x2f\xfd"}[ending]
    kept.state_file.with_name(f"trop09.{ending}").write_bytes(packed)
    before = everything(kept)
    done = kept.run("stack", "rename", "trop09", "--stack", "trop02")
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert done.err.startswith(
        "error: a state compressed by zstd"
        if ending.endswith("zst")
        else "error: a stack named trop09 already"
    )
    assert everything(kept) == before


def test_a_file_that_declares_another_stack_is_not_run_over(kept: Project) -> None:
    (kept.root / "Pulumi.trop09.yaml").write_text("config: {}\n")
    before = everything(kept)
    done = kept.run("stack", "rename", "trop09", "--stack", "trop02")
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert "Pulumi.trop09.yaml is there already, and Pulumi.trop02.yaml would have to become it" in done.err
    assert everything(kept) == before


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["a/b/c/d"], "invalid stack name 'a/b/c/d': a stack name may only contain alphanumeric"),
        (["with blank"], "invalid stack name 'with blank': a stack name may only contain alphanumeric"),
        ([".."], "invalid stack name '..': it is a folder's"),
        (["n" * 101], "invalid stack name"),
        (["organization/other/trop09"], "provided project name 'other' doesn't match Pulumi.yaml ('trop')"),
        (["trop02"], "a stack named trop02 already exists"),
        ([], "pulumi stack rename: accepts 1 arg(s), received 0"),
        (["trop09", "--stack", "nowhere"], "no stack named 'nowhere' found"),
    ],
)
def test_what_can_not_be_is_one_line(project: Project, words: list[str], error: str) -> None:
    before = everything(project)
    done = project.run("stack", "rename", *words)
    assert (done.code in (1, 6), done.out, done.err.count("\n")) == (True, "", 1)
    assert done.err.startswith(f"error: {error}"), done.err
    assert everything(project) == before


def test_what_a_cli_has_left_beside_the_new_name_is_not_taken_for_the_stacks(kept: Project) -> None:
    journal = kept.state / ".pulumi/journal/trop/trop09"
    journal.mkdir(parents=True)
    (journal / "1.json").write_text("{}")
    assert "that CLI alone can take it in" in kept.run("stack", "rename", "trop09", "-s", "trop02").err
    assert kept.state_file.exists()
