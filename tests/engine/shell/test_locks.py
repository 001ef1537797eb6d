"""One run at a time, and a dead owner's lock stops nobody."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from engine import locks
from engine.errors import CommandError
from tests.engine.shell.conftest import RECORDINGS


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
        assert list(json.loads(file.read_text())) == list(json.loads(recorded))
        assert json.loads(file.read_text())["pid"] == os.getpid()
        assert taken_over == []
    assert list(tmp_path.iterdir()) == []


def test_a_lock_of_a_living_process_is_refused_with_the_recorded_words(tmp_path: Path) -> None:
    file = lock_of(tmp_path, os.getppid(), when="2099-01-01T00:00:00.5Z")
    with pytest.raises(CommandError) as error, locks.held(tmp_path):
        pass
    recorded = RECORDINGS.joinpath("18-concurrent/01-second-up.stderr.txt").read_text()
    expected = re.sub(r"file://\S+\?", f"file://{file}?", recorded)
    expected = re.sub(r"<user>@<host> \(pid \d+\) at \S+", "", expected)
    owner = f"op@{socket.gethostname()} (pid {os.getppid()}) at 2099-01-01T00:00:00Z"
    own = f"error: {error.value}\n".replace(owner, "")
    assert own == expected
    assert file.exists()


def test_a_lock_whose_owner_is_gone_is_taken_over_and_told(tmp_path: Path) -> None:
    old = lock_of(tmp_path, dead_pid())
    with locks.held(tmp_path) as taken_over:
        assert [lock.file for lock in taken_over] == [old]
        assert not old.exists()


def test_a_pid_that_was_given_away_again_is_not_the_owner(tmp_path: Path) -> None:
    lock_of(tmp_path, os.getpid(), when="2001-01-01T00:00:00Z")
    with locks.held(tmp_path) as taken_over:
        assert len(taken_over) == 1


def test_a_lock_of_another_host_is_never_judged(tmp_path: Path) -> None:
    lock_of(tmp_path, dead_pid(), host="elsewhere")
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
    half = tmp_path / f".851080a3-800a-4579-b53d-182d86575bfe.json@{socket.gethostname()}.{dead_pid()}.tmp"
    rest.write_text("{}")
    half.write_text("{")
    with locks.held(tmp_path) as taken_over:
        assert taken_over == []
        assert not rest.exists()
        assert not half.exists()
