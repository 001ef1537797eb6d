"""State files cut off and bit-flipped, a clock set back, two operators, and locks that others have written."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from cli.words.wording import TropWording
from engine.errors import CommandError
from engine.state import backend as backends
from engine.state import history, locks
from engine.state.backend import Backend
from tests.engine.conftest import CREATED
from tests.engine.harness import Case, Project, locks_of
from tests.engine.verbs.test_signals import begin, read_until
from tests.faults.page import assert_is_on_the_page, nothing_is_seen

STACK = "trop02"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose stack is up, its state written by this engine."""
    made = Project(tmp_path, monkeypatch, TropWording())
    made.make()
    made.faults({})
    done = made.run("up", "--yes", "--skip-preview")
    assert done.code == 0, done.out + done.err
    return made


def backend_of(project: Project) -> Backend:
    return Backend(project.state, "trop")


def flip(file: Path, *, keep_time: bool) -> None:
    """Another bit in a MAC: still JSON, still a state."""
    before, data = file.stat(), file.read_bytes()
    assert data.count(b"52:54:00:02:02:08") > 0
    file.write_bytes(data.replace(b"52:54:00:02:02:08", b"52:54:00:02:02:09", 1))
    if keep_time:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def files(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def converges(project: Project) -> None:
    done = project.run("up", "--yes", "--skip-preview")
    assert done.code == 0, done.out + done.err
    again = project.run("preview", "--expect-no-changes")
    assert (again.code, again.err) == (0, ""), again.out


def put_back(project: Project, told: str) -> None:
    """Type the command that the line names, as `./trop` hands it on."""
    command = told.partition("`./trop stack trop02 ")[2].partition("`")[0]
    done = project.run("stack", *command.split())
    assert done.code == 0, done.err


@pytest.mark.parametrize("verb", [("preview",), ("up", "--yes"), ("stack", "export")])
def test_a_state_cut_off_is_told_and_the_command_in_the_line_puts_it_back(
    verb: tuple[str, ...], project: Project
) -> None:
    whole = project.state_file.read_bytes()
    project.state_file.write_bytes(whole[: len(whole) // 2])
    before = files(project.state)
    done = project.run(*verb)
    assert done.code == 1
    assert done.err.startswith(f"error: the state file {project.state_file} is damaged (")
    assert done.err.count("\n") == 1
    assert_is_on_the_page(done.err)
    assert files(project.state) == before
    put_back(project, done.err)
    converges(project)


def test_a_flipped_bit_that_leaves_the_state_valid_is_told_by_its_checksum(project: Project) -> None:
    whole = json.loads(project.state_file.read_text())["checkpoint"]["latest"]["resources"]
    flip(project.state_file, keep_time=True)
    before = files(project.state)
    done = project.run("up", "--yes", "--skip-preview")
    assert done.code == 1
    assert f"the state file {project.state_file} is damaged (its checksum is another)" in done.err
    assert f"if it is meant to be so, remove {project.state_file}.attrs" in done.err
    assert_is_on_the_page(done.err)
    assert files(project.state) == before
    put_back(project, done.err)
    assert json.loads(project.state_file.read_text())["checkpoint"]["latest"]["resources"] == whole
    converges(project)


def test_the_copy_that_has_the_states_own_checksum_is_offered_before_the_write_before(
    project: Project,
) -> None:
    flip(project.state_file, keep_time=True)
    offered = backend_of(project).last_good(STACK)
    assert offered is not None
    assert backends.judge(project.state_file, offered.read_bytes()) == "as written"


def test_a_state_that_somebody_has_put_there_since_is_used_and_said(project: Project) -> None:
    """A copy put back by hand, an edit, a tool that writes no checksums: older, the checksum is no evidence."""
    flip(project.state_file, keep_time=False)
    done = project.run("preview")
    assert done.code == 0
    assert (
        f"warning: {project.state_file} was changed since it was written; the last one written is" in done.err
    )
    assert_is_on_the_page(done.err)
    converges(project)


def test_a_state_without_a_checksum_and_one_of_the_clis_are_used(project: Project) -> None:
    backends.attributes_of(project.state_file).unlink()
    assert (project.run("preview").code, project.run("preview").err) == (0, "")
    data = project.state_file.read_bytes()
    attributes = {"user.metadata": None, "md5": backends._checksum(data)}
    backends.attributes_of(project.state_file).write_text(json.dumps(attributes))  # the CLI's comes first
    project.state_file.write_bytes(data)
    assert project.run("preview").err == ""


def test_killed_between_the_state_and_its_checksum_nothing_is_called_damaged(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = backend_of(project)
    data = project.state_file.read_bytes()
    monkeypatch.setattr(backends, "attributes_of", _fail_at_the_last(backends.attributes_of))
    with pytest.raises(KeyboardInterrupt):
        backend.write(STACK, data.replace(b"52:54:00:02:02:08", b"52:54:00:02:02:0a"))
    monkeypatch.undo()
    assert backends.judge(project.state_file, project.state_file.read_bytes()) == "unknown"


def _fail_at_the_last(real: Any) -> Any:
    """In `write` it is called to move the old checksum, three times, then for the new one."""
    calls: list[Path] = []

    def asked(path: Path) -> Path:
        calls.append(path)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return Path(real(path))

    return asked


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


def test_a_lock_from_the_future_holds_while_its_owner_lives_and_no_longer(tmp_path: Path) -> None:
    """The clock was set back an hour after it was taken."""
    owner = subprocess.Popen(["sleep", "60"])
    try:
        lock(tmp_path, owner.pid, "2099-01-01T00:00:00Z")
        with pytest.raises(CommandError, match="locked by 1 lock"), locks.held(tmp_path):
            pass
    finally:
        owner.kill()
        owner.wait()
    with locks.held(tmp_path) as taken_over:
        assert len(taken_over) == 1


def test_a_running_cli_keeps_its_lock_although_the_clock_was_set_forward(tmp_path: Path) -> None:
    """By the clock it began after its lock was written; this engine's own locks are held by more than a file."""
    folder = tmp_path / "bin"
    folder.mkdir()
    shutil.copy(shutil.which("sleep") or "", folder / "pulumi")
    owner = subprocess.Popen([folder / "pulumi", "60"])
    try:
        locked = lock(tmp_path / "locks", owner.pid, "2001-01-01T00:00:00Z")
        with pytest.raises(CommandError, match="locked by 1 lock"), locks.held(locked.parent):
            pass
    finally:
        owner.kill()
        owner.wait()


def lock(folder: Path, pid: Any, when: Any, **more: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "851080a3-800a-4579-b53d-182d86575bfe.json"
    owner = {"pid": pid, "username": "op", "hostname": socket.gethostname(), "timestamp": when, **more}
    file.write_text(json.dumps(owner))
    return file


@pytest.mark.parametrize(
    ("when", "shown"),
    [
        ("2099-01-01T00:00:00.755862466-05:00", "2099-01-01T05:00:00Z"),
        ("2099-01-01T00:00:00+01:00", "2098-12-31T23:00:00Z"),
        ("2099-01-01T00:00:00Z", "2099-01-01T00:00:00Z"),
        ("2099-01-01 00:00:00", "2099-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.9-23:59", "10000-01-01T23:58:59Z"),
        ("yesterday", "yesterday"),
        ("", "a time unknown"),
        ("2099-13-45T99:99:99Z", "2099-13-45T99:99:99Z"),
    ],
)
def test_odd_times_of_locks_are_told_and_free_nothing(when: str, shown: str, tmp_path: Path) -> None:
    lock(tmp_path, os.getppid(), when)
    with pytest.raises(CommandError) as error, locks.held(tmp_path):
        pass
    assert str(error.value).endswith(f"(pid {os.getppid()}) at {shown}")
    assert_is_on_the_page(str(error.value))


def test_a_lock_in_another_zones_time_is_its_living_owners(tmp_path: Path) -> None:
    """Read as UTC it would be hours older than its owner, whose number would then seem to be given away again."""
    owner = subprocess.Popen(["sleep", "60"])
    try:
        zone = subprocess.run(
            ["date", "+%Y-%m-%dT%H:%M:%S.5%:z"],
            env={"TZ": "UTC+5"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        assert zone.endswith("-05:00")
        lock(tmp_path, owner.pid, zone)
        with pytest.raises(CommandError, match="locked by 1 lock"), locks.held(tmp_path):
            pass
    finally:
        owner.kill()
        owner.wait()


@pytest.mark.parametrize(
    "text",
    [
        '{"pid": 1e999, "username": "op", "hostname": "h", "timestamp": "x"}',
        '{"pid": "1", "username": "op", "hostname": "h", "timestamp": "x"}',
        '{"pid": 1, "username": ["op"], "hostname": "h", "timestamp": "x"}',
        '{"pid": 1, "username": "op", "hostname": "h", "timestamp": 7}',
        "[" * 100_000,
        "null",
        "",
        "\0\0\0\0",
    ],
)
def test_a_lock_that_says_anything_else_is_somebodys(text: str, tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text(text)
    with (
        pytest.raises(CommandError, match=r"created by unknown@unknown \(pid 0\) at a time unknown"),
        locks.held(tmp_path),
    ):
        pass


def test_a_number_that_no_process_can_have_is_nobodys(tmp_path: Path) -> None:
    lock(tmp_path, 10**30, "2026-11-23T04:22:58Z")
    with locks.held(tmp_path) as taken_over:
        assert len(taken_over) == 1


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


def test_a_state_of_the_recorded_cli_needs_no_checksum_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path, monkeypatch, TropWording())
    project.make()
    project.faults({})
    project.put_state(CREATED)
    done = project.run("preview")
    assert (done.code, done.err) == (0, "")
