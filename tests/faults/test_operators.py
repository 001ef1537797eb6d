"""Two operators on one stack: the second is told, and a killed one's lock is taken over."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from cli.words.wording import TropWording
from tests.engine.harness import Case, Project, locks_of
from tests.engine.verbs.test_signals import begin, read_until
from tests.faults.page import assert_is_on_the_page
from tests.faults.state_files import converges


def test_of_two_operators_the_second_is_told_who_has_the_stack_and_since_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path, monkeypatch, TropWording())
    project.make()
    first = begin(project, Case("04-up-create", "01-up-yes"), {"create_sleep": {"Domain:vm0": 2}})
    try:
        read_until(first, "Domain vm0 creating")
        second = project.run("up", "--yes", "--skip-preview")
        assert (second.code, second.out) == (1, "")
        said = json.loads(locks_of(project)[0].read_text())
        assert (
            f"{said['username']}@{said['hostname']} (pid {first.pid}) at {said['timestamp'][:19]}Z"
            in second.err
        )
        assert_is_on_the_page(second.err)
    finally:
        out, err = first.communicate(timeout=60)
    assert (first.returncode, err) == (0, ""), out
    project.faults({})
    converges(project)


def test_a_killed_operators_lock_is_said_and_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path, monkeypatch, TropWording())
    project.make()
    first = begin(project, Case("04-up-create", "01-up-yes"), {"create_sleep": {"Domain:vm0": 30}})
    read_until(first, "Domain vm0 creating")
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=20)
    project.faults({})
    done = project.run("up", "--yes", "--skip-preview")
    assert done.code == 0, done.out + done.err
    assert f"(pid {first.pid}) at" in done.err
    assert_is_on_the_page(done.err)
