"""One run at a time, and a dead owner's lock stops nobody."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from engine.errors import CommandError
from engine.state import locks
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
