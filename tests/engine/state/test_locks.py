"""One run at a time, and a dead owner's lock stops nobody."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from cli import ROOT
from engine.errors import CommandError
from engine.state import atomic, locks, place
from tests import needs
from tests.engine.conftest import RECORDINGS


def lock_of(folder: Path, pid: int, *, host: str = "", when: str = "2026-11-23T04:22:58.755862466Z") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "851080a3-800a-4579-b53d-182d86575bfe.json"
    owner = {"pid": pid, "username": "op", "hostname": host or socket.gethostname(), "timestamp": when}
    file.write_text(json.dumps(owner))
    return file


def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_a_lock_says_what_the_cli_says_and_goes_at_the_end(tmp_path: Path) -> None:
    recorded = RECORDINGS.joinpath("18-concurrent/01-second-up.lock.txt").read_text().splitlines()[1]
    with locks.held(tmp_path) as taken_over:
        (file,) = tmp_path.glob("*.json")
        said = list(json.loads(file.read_text()))
        assert said == [*json.loads(recorded), "boot", "pidNamespace"]  # of which the CLI reads what it knows
        assert json.loads(file.read_text())["pid"] == os.getpid()
        assert taken_over == []
    assert list(tmp_path.iterdir()) == []


def test_a_lock_of_a_living_process_is_refused_with_the_recorded_words(tmp_path: Path) -> None:
    file = own_lock_of(tmp_path, os.getppid(), when="2099-01-01T00:00:00.5Z")
    with pytest.raises(CommandError) as error, locks.held(tmp_path):
        pass
    recorded = RECORDINGS.joinpath("18-concurrent/01-second-up.stderr.txt").read_text()
    expected = re.sub(r"file://\S+\?", f"file://{file}?", recorded)
    expected = re.sub(r"<user>@<host> \(pid \d+\) at \S+", "", expected)
    owner = f"op@{socket.gethostname()} (pid {os.getppid()}) at 2099-01-01T00:00:00Z"
    own = f"error: {error.value}\n".replace(owner, "")
    assert own == expected
    assert file.exists()


OLD = "2001-01-01T00:00:00Z"  # before any boot


def own_lock_of(folder: Path, pid: int, boot: str = "", space: str = "", when: str = OLD) -> Path:
    """A lock of this engine that nobody holds."""
    file = lock_of(folder, pid, when=when)
    where = {"boot": boot or place.here().boot, "pidNamespace": space or place.here().space}
    file.write_text(json.dumps(json.loads(file.read_text()) | where))
    return file


@pytest.fixture(params=[True, False], ids=["disk of its own", "shared disk"])
def local(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(place, "is_local", lambda _path: request.param)
    return bool(request.param)


def is_taken_over(folder: Path) -> bool:
    try:
        with locks.held(folder) as taken_over:
            return len(taken_over) == 1
    except CommandError as error:
        if "is not to be seen from here" not in str(error):
            raise
        return False


@pytest.mark.reports("S1")
def test_a_lock_of_the_cli_whose_process_is_not_seen_stays(tmp_path: Path, local: bool) -> None:
    """Its number is of a PID namespace that the lock does not name."""
    now = datetime.now(UTC).isoformat()
    lock_of(tmp_path, dead_pid(), when=now)
    with pytest.raises(CommandError) as error, locks.held(tmp_path, "./trop cancel trop02"):
        pass
    assert "delete the lock file with `./trop cancel trop02`" in str(error.value)
    assert str(error.value).endswith("Z; whether that still runs is not to be seen from here")
    assert locks.cancel(tmp_path) == 1


@pytest.mark.reports("S1")
def test_a_lock_of_the_cli_that_is_older_than_the_boot_goes_where_no_other_machine_can_write(
    tmp_path: Path, local: bool
) -> None:
    lock_of(tmp_path, dead_pid(), when=OLD)
    assert is_taken_over(tmp_path) == local


@pytest.mark.reports("S1")
@pytest.mark.parametrize("where", ["", "boot", "space"])
def test_a_lock_of_this_engine_that_nobody_holds_is_taken_over_where_that_proves_something(
    tmp_path: Path, local: bool, where: str
) -> None:
    """On a shared disk an owner that would not be seen may be one that holds it by another machine's locks."""
    file = own_lock_of(tmp_path, dead_pid(), **({where: "another"} if where else {}))
    assert is_taken_over(tmp_path) == (local or not where)
    assert file.exists() != (local or not where)


def test_a_pid_that_was_given_away_again_is_not_the_owner(tmp_path: Path, local: bool) -> None:
    lock_of(tmp_path, os.getpid(), when=OLD)
    assert is_taken_over(tmp_path) == local


def test_a_lock_of_another_host_is_never_judged(tmp_path: Path) -> None:
    lock_of(tmp_path, dead_pid(), host="elsewhere", when=OLD)
    with pytest.raises(CommandError, match="locked by 1 lock"), locks.held(tmp_path):
        pass


def test_a_lock_that_cannot_be_read_is_a_lock(tmp_path: Path) -> None:
    (tmp_path / "half.json").write_text('{"pid": 1')
    with pytest.raises(CommandError, match="locked by 1 lock"), locks.held(tmp_path):
        pass


def test_two_that_come_at_the_same_moment_never_both_run(tmp_path: Path) -> None:
    with locks.held(tmp_path), pytest.raises(CommandError, match="locked"), locks.held(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_held_file_is_alive_even_when_its_pid_is_not_to_be_seen(tmp_path: Path) -> None:
    with locks.held(tmp_path):
        (file,) = tmp_path.glob("*.json")
        seen_from_elsewhere = json.loads(file.read_text()) | {"pid": dead_pid()}
        with file.open("r+") as handle:
            handle.write(json.dumps(seen_from_elsewhere))
        assert not locks.is_dead(locks.found(tmp_path)[0])


def test_cancel_deletes_every_lock(tmp_path: Path) -> None:
    lock_of(tmp_path, os.getpid())
    assert locks.cancel(tmp_path) == 1
    assert locks.cancel(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_rest_of_a_lock_whose_owner_ended_while_it_gave_it_back_goes(tmp_path: Path) -> None:
    rest = tmp_path / "851080a3-800a-4579-b53d-182d86575bfe.json.attrs"
    half = tmp_path / f".851080a3-800a-4579-b53d-182d86575bfe.json@{atomic.mark()}.{dead_pid()}.tmp"
    rest.write_text("{}")
    half.write_text("{")
    with locks.held(tmp_path) as taken_over:
        assert taken_over == []
        assert not rest.exists()
        assert not half.exists()


def test_a_living_owner_is_known_in_every_time_zone(tmp_path: Path) -> None:
    """The CLI writes its machine's time: 9 in the morning on the one is 2 in the night on the other."""
    now = datetime.now(UTC)
    for hours in (-11, -5, 0, 5.5, 14):
        here = now.astimezone(timezone(timedelta(hours=hours)))
        lock_of(tmp_path, os.getpid(), when=here.isoformat().replace("+00:00", "Z"))
        (lock,) = locks.found(tmp_path)
        assert not locks.is_dead(lock), here
        assert str(lock).endswith(f"at {now:%Y-%m-%dT%H:%M:%S}Z")


ODD = {
    "a pid that is text": {"pid": "one"},
    "a pid that is a fraction": {"pid": 1.5},
    "a pid that is true": {"pid": True},
    "a pid below nothing": {"pid": -1},
    "a pid that no system has": {"pid": 10**30},
    "a time that is a number": {"timestamp": 5},
    "a time that is none": {"timestamp": "yesterday"},
    "a time of month 13": {"timestamp": "2026-13-01T00:00:00Z"},
    "a time in the year 0": {"timestamp": "0000-01-01T00:00:00Z"},
    "a time at the end of all years": {"timestamp": "9999-12-31T23:59:59-12:00"},
    "a time that is missing": {"timestamp": None},
    "a user that is a list": {"username": ["op"]},
    "a user of two lines": {"username": "op\nroot"},
    "a user that moves the cursor": {"username": "\x1b[2Jop"},
    "a host that turns the line around": {"hostname": "\u202eabc"},
    "a host of 3,000 characters": {"hostname": "h" * 3000},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_a_lock_with_an_odd_field_is_a_lock_told_in_its_line(tmp_path: Path, odd: dict[str, object]) -> None:
    file = lock_of(tmp_path, os.getppid(), host="elsewhere")
    file.write_text(json.dumps(json.loads(file.read_text()) | odd))
    with pytest.raises(CommandError) as error, locks.held(tmp_path):
        pass
    head, line = str(error.value).split("\n")
    assert head.startswith("the stack is currently locked by 1 lock(s).")
    assert line.isprintable()
    assert len(line) < 500
    assert file.exists()


@pytest.mark.parametrize(
    "text", ["", "[]", "null", '"x"', "[" * 5000, '{"pid": 1e999}', "\ufeff{}", "\udcff"]
)
def test_a_file_that_is_no_lock_is_one_of_an_unknown_owner(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.json").write_bytes(text.encode(errors="surrogateescape"))
    (lock,) = locks.found(tmp_path)
    assert (lock.pid, lock.user, locks.is_dead(lock)) == (0, "unknown", False)


@pytest.mark.reports("S8")
def test_on_nfs_which_locks_what_is_open_for_writing_alone_a_run_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fcntl.flock

    def of_nfs(handle: Any, how: int) -> None:
        mode = fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE
        if (how & fcntl.LOCK_EX and mode == os.O_RDONLY) or (how & fcntl.LOCK_SH and mode == os.O_WRONLY):
            raise OSError(errno.EBADF, "Bad file descriptor")
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", of_nfs)
    told: list[str] = []
    with locks.held(tmp_path, tell=told.append):
        (lock,) = locks.found(tmp_path)
        assert locks.is_alive_here(replace(lock, pid=dead_pid()))
    assert told == []


@pytest.mark.reports("S8")
def test_where_a_file_system_gives_no_locks_that_is_told_and_the_file_alone_keeps_others_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(_handle: Any, _how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    told: list[str] = []
    with locks.held(tmp_path, "./trop cancel trop02", told.append):
        assert told == [
            f"warning: the file system of {tmp_path} gives no locks (No locks available): this run is known to others "
            "by its lock file alone, as one of the Pulumi CLI is; if it is killed: `./trop cancel trop02`"
        ]
        with pytest.raises(CommandError, match="locked by 1"), locks.held(tmp_path):
            pass
    own_lock_of(tmp_path, dead_pid(), space="another")
    assert not is_taken_over(tmp_path)


HOLD = """
import json, os, pathlib, sys, time
from engine.state import locks
folder, kind = pathlib.Path(sys.argv[1]), sys.argv[2]
if kind == "own":
    with locks.held(folder):
        print(os.getpid(), flush=True); time.sleep(600)
folder.mkdir(exist_ok=True)
owner = {"pid": os.getpid(), "username": "op", "hostname": sys.argv[3], "timestamp": sys.argv[4]}
(folder / "851080a3-800a-4579-b53d-182d86575bfe.json").write_text(json.dumps(owner))
print(os.getpid(), flush=True); time.sleep(600)
"""


@pytest.mark.reports("S1")
@pytest.mark.parametrize("kind", ["own", "cli"])
def test_of_a_process_in_another_pid_namespace_a_lock_is_never_taken_over_while_it_lives(
    tmp_path: Path, kind: str
) -> None:
    apart = [needs.tool("unshare"), "--pid", "--fork", "--kill-child"]
    if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a PID namespace takes root")
    folder, now = tmp_path / "locks", datetime.now(UTC).isoformat()
    words = [*apart, sys.executable, "-c", HOLD, str(folder), kind, socket.gethostname(), now]
    owner = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "1\n"  # the number of another process here
        with pytest.raises(CommandError, match="locked by 1"), locks.held(folder):
            pass
    finally:
        owner.kill()
        owner.communicate()
    assert is_taken_over(folder) == (kind == "own" and place.is_local(folder))
