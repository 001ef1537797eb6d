"""A clock that is set back, between two runs and during one."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from cli.words.wording import TropWording
from engine.state import history
from tests.engine.harness import Project
from tests.faults.page import nothing_is_seen
from tests.faults.state_files import STACK, backend_of, converges, files, put_back


def ahead(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """The machine's clock as the program asks for it is fast."""
    now_ns, now = time.time_ns, time.time
    monkeypatch.setattr(time, "time_ns", lambda: now_ns() + seconds * 10**9)
    monkeypatch.setattr(time, "time", lambda: now() + seconds)


def test_after_the_clock_was_set_back_the_last_run_is_still_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run was at a time that is to come again: its files too are younger than all that is written now."""
    project = Project(tmp_path, monkeypatch, TropWording())
    project.make()
    project.faults({})
    with monkeypatch.context() as patch:
        ahead(patch, 86400)
        assert project.run("up", "--yes", "--skip-preview").code == 0
    for file in files(project.state):
        os.utime(file, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns + 86400 * 10**9))
    own = {"TROP_MEMORY": "2048"}
    done = project.run("up", "--yes", "--skip-preview", variables=own)
    assert (done.code, done.err) == (0, ""), done.out
    told = project.run("stack", "history")
    assert (told.code, told.err) == (0, "")
    assert "+0-0~1 7" in told.out.partition("\n\n")[0]  # the run that changed something stands first
    runs = history.past(backend_of(project), STACK)
    assert [run.version for run in runs] == [2, 1]
    left = project.state_file.read_bytes()
    assert runs[0].checkpoint.read_bytes() == left
    again = project.run("preview", "--expect-no-changes", variables=own)
    assert (again.code, again.err) == (0, "")
    nothing_is_seen(done.out + told.out + again.out)
    project.state_file.write_bytes(left[: len(left) // 2])
    put_back(project, project.run("preview").err)
    assert project.run("preview", "--expect-no-changes", variables=own).code == 0


def test_a_clock_that_is_set_back_during_a_run_disturbs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path, monkeypatch, TropWording())
    project.make()
    project.faults({})
    asked, now_ns = [], time.time_ns

    def clock() -> int:
        asked.append(now_ns() - (86400 * 10**9 if len(asked) > 8 else 0))
        return asked[-1]

    with monkeypatch.context() as patch:
        patch.setattr(time, "time_ns", clock)
        patch.setattr(time, "time", lambda: clock() / 10**9)
        done = project.run("up", "--yes", "--skip-preview")
    assert len(asked) > 20
    assert asked[-1] < asked[0]
    assert (done.code, done.err) == (0, "")
    assert re.search(r"^Duration: \d", done.out, re.M)
    nothing_is_seen(done.out)
    assert len(history.past(backend_of(project), STACK)) == 1
    assert project.run("stack", "history").code == 0
    converges(project)
