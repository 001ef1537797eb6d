"""Locks that others have written, at odd times and in odd words: kept, or freed when their owner is gone."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from engine.errors import CommandError
from engine.state import locks
from tests.faults.page import assert_is_on_the_page
from tests.lab.lab_guest import wait_for


def test_a_lock_from_the_future_holds_while_its_owner_lives_and_until_it_is_canceled(tmp_path: Path) -> None:
    """The clock was set back after it was taken; the CLI's own cancel it by hand, too."""
    owner = subprocess.Popen(["sleep", "60"])
    try:
        lock(tmp_path, owner.pid, "2099-01-01T00:00:00Z")
        with pytest.raises(CommandError, match="locked by 1 lock"), locks.held(tmp_path):
            pass
    finally:
        owner.kill()
        owner.wait()
    with pytest.raises(CommandError, match="is not to be seen from here"), locks.held(tmp_path):
        pass
    assert locks.cancel(tmp_path) == 1
    with locks.held(tmp_path) as taken_over:
        assert taken_over == []


def test_a_running_cli_keeps_its_lock_although_the_clock_was_set_forward(tmp_path: Path) -> None:
    """By the clock it began after its lock was written; this engine's own locks are held by more than a file."""
    folder = tmp_path / "bin"
    folder.mkdir()
    shutil.copy(shutil.which("sleep") or "", folder / "pulumi")
    owner = subprocess.Popen([folder / "pulumi", "60"])
    try:
        name = Path(f"/proc/{owner.pid}/comm")
        wait_for(lambda: name.read_text() == "pulumi\n" or None)  # a moment after it was started
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
    assert f"(pid {os.getppid()}) at {shown}; whether that still runs is " in str(error.value)
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
    lock(tmp_path, 10**30, "2001-01-01T00:00:00Z")
    with locks.held(tmp_path) as taken_over:
        assert len(taken_over) == 1
