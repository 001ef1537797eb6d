"""Runs that are interrupted, terminated and killed, each in a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine import app
from tests.engine.conftest import CREATED
from tests.engine.harness import PROGRAM, Case, Project, locks_of
from tests.faults.page import assert_is_on_the_page

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(empty: Project) -> Project:
    return empty


WITH_STUB = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("stub", sys.argv[1])
stub = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stub)
from engine.app import main
sys.exit(main(sys.argv[2:], providers={"libvirt": stub.Stub}))
"""


def begin(project: Project, case: Case, faults: dict[str, Any] | None = None) -> subprocess.Popen[str]:
    """The case in a process of its own, to which signals can be sent."""
    project.faults(faults or case.faults)
    environment = os.environ | case.variables | {
        "TROP_WORLD": str(project.folder / "world.json"),
        "TROP_FAULTS": str(project.folder / "faults.json"),
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    stub = str(PROGRAM / "prov" / "__main__.py")
    return subprocess.Popen(
        [sys.executable, "-u", "-c", WITH_STUB, stub, *case.words],
        cwd=project.root, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """What the process says up to and with a line that has the text: it must come while the process still runs."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"{text!r} was never said:\n{seen}")


def test_an_interrupt_lets_running_steps_finish(project: Project) -> None:
    process = begin(
        project, Case("19-interrupt", "01-provider-ignores-cancel"), {"create_sleep": {"Domain:vm0": 1.5}}
    )
    read_until(process, "Domain vm0 creating")
    assert len(locks_of(project)) == 1
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "")
    assert "^C received; cancelling. If you would like to terminate immediately, press ^C again.\n" in out
    assert_is_on_the_page(out)
    assert "Domain vm0 created" in out
    assert "error: update canceled" in out
    assert locks_of(project) == []
    records = json.loads(project.state_file.read_text())["checkpoint"]["latest"]["resources"]
    assert len(records) == 9


def test_an_interrupt_at_the_first_word_is_a_cancel_too(project: Project) -> None:
    """Before the SDK is imported, and before the program has asked for anything."""
    process = begin(project, Case("19-interrupt", "01-provider-ignores-cancel"))
    read_until(process, "Updating (")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "")
    assert "^C received; cancelling" in out
    assert "error: update canceled" in out
    assert locks_of(project) == []


def test_a_second_interrupt_leaves_at_once_and_remembers_what_was_under_way(project: Project) -> None:
    case = Case("19-interrupt", "03-second-interrupt")
    process = begin(project, case)
    read_until(process, "Domain vm0 creating")
    process.send_signal(signal.SIGINT)
    read_until(process, "^C received; cancelling")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)  # the step itself takes 30
    assert (process.returncode, err) == (8, case.text("stderr.txt"))
    assert "^C received; terminating\n" in out
    assert_is_on_the_page(out)
    assert "libvirt:index:Domain vm0 creating (interrupted) \n" in out
    assert locks_of(project) == []
    pending = json.loads(project.state_file.read_text())["checkpoint"]["latest"]["pending_operations"]
    assert [p["type"] for p in pending] == ["creating"]


def test_a_provider_that_stops_when_told_to_ends_the_run_at_once(project: Project) -> None:
    case = Case("19-interrupt", "02-provider-stops-on-cancel")
    process = begin(project, case)
    read_until(process, "Domain vm0 creating")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)  # the step itself takes 30
    assert (process.returncode, err) == (1, case.text("stderr.txt"))
    assert "creating Domain vm0: operation was cancelled" in out
    assert locks_of(project) == []
    latest = json.loads(project.state_file.read_text())["checkpoint"]["latest"]
    assert (len(latest["resources"]), "pending_operations" in latest) == (8, False)
    again = Case("19-interrupt", "05-up-after-2")
    outcome = project.run(*again.words)
    assert (outcome.code, "Domain vm0 created" in outcome.out) == (0, True)


SLEEPS = {"updating": "update_sleep", "deleting": "delete_sleep"}


@pytest.mark.parametrize(
    ("step", "said", "kind"),
    [
        ("14-killed-during-update", "Domain vm0 updating", "updating"),
        ("16-killed-during-delete", "Network bridged deleting", "deleting"),
        ("18-killed-during-delete-again", "Network bridged deleting", "deleting"),
    ],
)
def test_a_step_that_was_killed_is_pending(step: str, said: str, kind: str, project: Project) -> None:
    project.put_state(CREATED)
    case = Case("17-killed", step)
    process = begin(project, case, {SLEEPS[kind]: {"Domain:vm0": 30, "Network:bridged": 30}})
    read_until(process, said)
    while '"pending_operations"' not in project.state_file.read_text():
        assert process.poll() is None
    process.kill()
    process.communicate(timeout=20)
    own = json.loads(project.state_file.read_text())["checkpoint"]["latest"]
    recorded = json.loads(case.text("state.json"))["checkpoint"]["latest"]
    assert [(p["type"], p["resource"]["urn"]) for p in own["pending_operations"]] == [
        (p["type"], p["resource"]["urn"]) for p in recorded["pending_operations"]
    ]
    assert {r["urn"] for r in own["resources"]} == {r["urn"] for r in recorded["resources"]}


def test_a_sigterm_is_an_interrupt(project: Project) -> None:
    project.put_state(CREATED)
    process = begin(project, Case("19-interrupt", "07-sigterm"), {"create_sleep": {"Volume:vm1": 1.5}})
    read_until(process, "Volume vm1 creating")
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "SIGTERM received; cancelling." in out
    assert "error: update canceled" in out


def test_a_killed_run_is_taken_up_by_the_next(project: Project) -> None:
    process = begin(project, Case("17-killed", "01-up-killed"))
    read_until(process, "Domain vm0 creating")
    while (
        '"pending_operations"' not in project.state_file.read_text()
    ):  # written before the provider is called
        assert process.poll() is None
    process.kill()
    process.communicate(timeout=20)
    assert len(locks_of(project)) == 1
    pending = json.loads(project.state_file.read_text())["checkpoint"]["latest"]["pending_operations"]
    assert [p["type"] for p in pending] == ["creating"]
    project.faults({})
    outcome = project.run("up", "--yes", "--skip-preview")
    assert outcome.code == 0, outcome.out
    assert "it was taken over" in outcome.err
    assert "Domain vm0 created" in outcome.out


def test_a_reader_that_goes_away_is_no_traceback(project: Project) -> None:
    project.put_state(CREATED)
    process = begin(project, Case("05-no-changes", "01-preview"))
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    process.wait(timeout=30)


def test_the_exit_of_a_second_interrupt_waits_for_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    monkeypatch.setattr(app, "leave", left.append)
    monkeypatch.setattr(app, "_run", lambda *_: 8)
    assert app.main(["up"], providers={}) == 8
    assert left == [8]


def test_a_run_that_is_alive_is_not_canceled_but_named_and_can_be_stopped_as_the_line_says(
    project: Project,
) -> None:
    process = begin(
        project, Case("19-interrupt", "01-provider-ignores-cancel"), {"create_sleep": {"Domain:vm0": 3}}
    )
    read_until(process, "Domain vm0 creating")
    outcome = project.run("cancel", "--yes")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(
        "error: an update of 'trop02' is running on this machine, its lock created by "
    )
    assert outcome.err.count("\n") == 1
    assert len(locks_of(project)) == 1
    kill = re.search(r"`kill -INT (\d+)`", outcome.err)
    assert kill
    assert int(kill[1]) == process.pid
    os.kill(int(kill[1]), signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert "Domain vm0 created" in out
    assert "error: update canceled" in out
    assert locks_of(project) == []
    assert project.run("cancel", "--yes").code == 0


def test_the_lock_of_a_run_that_is_alive_goes_by_a_word_and_nothing_is_said_to_be_canceled(
    project: Project,
) -> None:
    process = begin(
        project, Case("19-interrupt", "01-provider-ignores-cancel"), {"create_sleep": {"Domain:vm0": 3}}
    )
    read_until(process, "Domain vm0 creating")
    told = re.search(r"runs on: `pulumi (.*)`", project.run("cancel", "--yes").err)
    assert told
    outcome = project.run(*told[1].split())
    assert (outcome.code, outcome.out) == (0, "")
    assert f"(pid {process.pid})" in outcome.err
    assert "is gone, and that update runs on" in outcome.err
    assert locks_of(project) == []
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "Domain vm0 created" in out
