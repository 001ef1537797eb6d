"""A stack goes from the one engine to the other and back in the middle of its life, with the Pulumi CLI where it is on
PATH, and with the states that it left in the recordings where it is not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from engine.state.records import Snapshot
from tests.done import Done
from tests.engine.harness import PROGRAM, Case, Project
from tests.engine.recordings.reading import load_state
from tests.engine.recordings.test_recordings import key, plain

UP, PREVIEW = ("up", "--yes", "--skip-preview"), ("preview", "--expect-no-changes")
CREATED = Case("04-up-create", "01-up-yes")


@pytest.fixture
def project(empty: Project) -> Project:
    return empty


def ours(project: Project, *words: str, **variables: str) -> str:
    done = project.run(*words, variables=variables)
    assert done.code == 0, done.out + done.err
    return done.out


# Where there is no CLI: what it left is put where its state stands, in the middle of a life that this engine lives.


def same_state(one: Snapshot, other: Snapshot) -> None:
    assert {key(r): plain(r) for r in one.resources} == {key(r): plain(r) for r in other.resources}
    assert one.pending_operations == other.pending_operations == []


# What the CLI did to the stack of 04/01, by the state that it left.
STAGES = [
    Case("06-update-one-property", "04-up"),
    Case("07-replace-create-first", "04-up"),
    Case("08-replace-delete-first", "07-up-dependent-replaced"),
    Case("09-remove-from-program", "04-up-one"),
    Case("23-aliases", "05-rename-with-alias-up"),
    Case("27-retain-and-deleted-with", "05-set-deleted-with-up"),
    Case("34-resource-options", "01-up"),
]


@pytest.mark.parametrize("stage", STAGES, ids=lambda case: f"{case.folder[:2]}/{case.step[:2]}")
def test_what_this_engine_made_the_cli_changed_and_this_engine_changes_back(
    stage: Case, project: Project
) -> None:
    ours(project, *UP)
    same_state(
        load_state(project.state_file), load_state(CREATED.file("state.json"))
    )  # where the CLI went on
    project.put_state(stage.file("state.json"))
    ours(project, *PREVIEW, **stage.variables)
    ours(project, *UP, **stage.variables)
    same_state(load_state(project.state_file), load_state(stage.file("state.json")))
    back = {"TROP_RENAME": "kept"} if "TROP_RENAME" in stage.variables else {}
    ours(project, *UP, **back)
    ours(project, *PREVIEW, **back)


def test_from_engine_to_engine_and_back_through_a_whole_life(project: Project) -> None:
    """Made here, changed there, failed there, mended here, killed there, ended here."""
    failed, killed = Case("10-create-fails", "01-up"), Case("17-killed", "01-up-killed")
    for left in (failed, killed):
        project.put_state(left.file("state.json"))
        ours(project, *UP)
        ours(project, *PREVIEW)
        now = load_state(project.state_file)
        assert [r.urn for r in now.resources if r.delete or r.pending_replacement] == []
        same = load_state(CREATED.file("state.json"))
        assert {key(r) for r in now.resources} == {key(r) for r in same.resources}
    ours(project, "refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    ours(project, "state", "unprotect", "--all", "--yes")
    ours(project, "destroy", "--yes", "--skip-preview")
    gone = Case("16-protect", "11-destroy").file("state.json")
    assert load_state(project.state_file).resources == (load_state(gone).resources if gone.exists() else [])


# With the CLI.

with_cli = pytest.mark.skipif(shutil.which("pulumi") is None, reason="pulumi is not on PATH")


def for_cli(project: Project) -> None:
    """The project as the CLI runs it: the stub as a plugin, and the Python that this test runs under."""
    shutil.copytree(PROGRAM / "prov", project.root / "prov")
    for file in (project.root / "Pulumi.yaml", project.root / "prov/PulumiPlugin.yaml"):
        file.write_text(file.read_text().replace("<venv>", sys.prefix))


def theirs(project: Project, *words: str, **variables: str) -> Done:
    environment = os.environ | variables | {
        "TROP_WORLD": str(project.folder / "world.json"), "TROP_FAULTS": str(project.folder / "faults.json"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }  # fmt: skip
    done = subprocess.run(
        ["pulumi", *words, "--non-interactive", "--color", "never"], cwd=project.root, env=environment,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def exported(text: str) -> dict[str, Any]:
    """A deployment without what each engine writes in its own way."""
    deployment: dict[str, Any] = json.loads(text)["deployment"]
    return {r["urn"]: {k: r.get(k) for k in ("id", "inputs", "outputs")} for r in deployment["resources"]}


@with_cli
def test_with_the_cli_a_stack_goes_to_it_and_back_and_neither_sees_a_change(project: Project) -> None:
    for_cli(project)
    ours(project, *UP)
    theirs(project, *PREVIEW)
    theirs(project, *UP, TROP_VCPU="4")
    ours(project, *PREVIEW, TROP_VCPU="4")
    ours(project, *UP, TROP_VCPU="4", TROP_VOL_SIZE="1000")  # replaces a volume and what stands on it
    theirs(project, *PREVIEW, TROP_VCPU="4", TROP_VOL_SIZE="1000")
    assert exported(ours(project, "stack", "export")) == exported(theirs(project, "stack", "export").out)
    theirs(project, "refresh", "--yes", "--skip-preview")
    ours(project, *PREVIEW, TROP_VCPU="4", TROP_VOL_SIZE="1000")
    runs = json.loads(ours(project, "stack", "history", "--json"))
    assert [run["kind"] for run in runs] == ["refresh", "update", "update", "update"]
    ours(project, "state", "unprotect", "--all", "--yes")
    theirs(project, "destroy", "--yes", "--skip-preview")
    assert load_state(project.state_file).resources == []
    ours(project, "stack", "rm", "--yes")


@with_cli
def test_with_the_cli_what_it_failed_to_make_is_made_here(project: Project) -> None:
    for_cli(project)
    project.faults({"create_fail": {"Domain:vm0": "no memory"}})
    with pytest.raises(AssertionError, match="no memory"):
        theirs(project, *UP)
    project.faults({})
    ours(project, *UP)
    theirs(project, *PREVIEW)
