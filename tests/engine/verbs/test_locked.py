"""A stack that is locked: what is refused, what can be looked at, and `cancel`."""

from __future__ import annotations

import json
import os
import socket

import pytest

from tests.engine.conftest import RECORDINGS
from tests.engine.harness import Case, Project
from tests.engine.verbs.recorded import check


def test_cancel_takes_the_lock_away_and_never_minds(project: Project) -> None:
    folder = project.state / ".pulumi" / "locks" / "organization" / "trop" / "trop02"
    folder.mkdir(parents=True)
    (folder / "x.json").write_text(json.dumps({"pid": os.getppid(), "hostname": socket.gethostname()}))
    for step in ("04-cancel", "12-cancel-without-lock", "13-cancel-without-yes"):
        check(Case("17-killed", step).play(project), Case("17-killed", step))
        assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "step",
    [
        "01-second-up",
        "04-second-destroy",
        "04a-second-refresh",
        "04b-second-import",
        "04c-second-state-unprotect",
    ],
)
def test_a_locked_stack_is_refused_as_recorded(step: str, project: Project) -> None:
    folder = project.state / ".pulumi" / "locks" / "organization" / "trop" / "trop02"
    folder.mkdir(parents=True)
    owner = {"pid": 1, "username": "<user>", "hostname": "<host>", "timestamp": "2026-11-23T04:22:58.75Z"}
    (folder / "851080a3-800a-4579-b53d-182d86575bfe.json").write_text(json.dumps(owner))
    case = Case("18-concurrent", step)
    outcome = case.play(project)
    recorded = case.text("stderr.txt").replace("<state>", str(project.state)).replace("pid 32084", "pid 1")
    assert (outcome.code, outcome.out, outcome.err) == (1, "", recorded)


def test_a_locked_stack_can_be_looked_at(project: Project) -> None:
    project.put_state(RECORDINGS / "17-killed" / "01-up-killed.state.json")
    folder = project.state / ".pulumi" / "locks" / "organization" / "trop" / "trop02"
    folder.mkdir(parents=True)
    (folder / "x.json").write_text(json.dumps({"pid": 1, "hostname": "elsewhere"}))
    case = Case("18-concurrent", "03-stack-output")
    check(case.play(project), case)
    exported = Case("18-concurrent", "06-stack-export").play(project)
    assert exported.code == 0
    assert [p["type"] for p in json.loads(exported.out)["deployment"]["pending_operations"]] == ["creating"]
