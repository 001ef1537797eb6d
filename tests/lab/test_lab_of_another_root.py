"""Two roots that share the processes of one machine have a lab each at the same path, and neither takes the other's."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli import ROOT
from lab import hold, processes
from lab.facts import HostFacts, LabError
from lab.hypervisor import Lab
from tests.lab.lab_guest import wait_for
from tests.lab.stage import short_folder, started_by

pytestmark = pytest.mark.lab

NO_FACTS = HostFacts(bridges=())
HOUR = 3600  # seconds: the clock of the machine may have been set since it was booted


@dataclass(frozen=True)
class Root:
    """A mount namespace in which something of its own lies at the folder; held by a process that sleeps."""

    folder: Path
    holder: int

    def trop(self, *words: str) -> str:
        """`./trop` there; its output."""
        done = subprocess.run(
            ["nsenter", f"--mount=/proc/{self.holder}/ns/mnt", sys.executable, "-P", "-m", "cli", *words],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "TROP_LAB_ROOT": str(self.folder)},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def first(self) -> str:
        """The first process of the lab trop02, as it is found there; "None" where there is none."""
        code = f"""
from pathlib import Path; from lab import processes
print(processes.first(Path({str(self.folder)!r}) / "trop02"))
"""
        done = subprocess.run(
            ["nsenter", f"--mount=/proc/{self.holder}/ns/mnt", sys.executable, "-c", code],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip()


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as made:
        yield made
        assert started_by(made) == []


@pytest.fixture
def roots(folder: Path) -> Iterator[tuple[Root, Root]]:
    script = f"mount -t tmpfs none {folder} && echo made && exec sleep 600"
    holders = [
        subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script], stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    one, other = (Root(folder, holder.pid) for holder in holders)
    try:
        for holder in holders:
            assert holder.stdout
            assert holder.stdout.readline() == b"made\n"
        yield one, other
    finally:
        for root in (one, other):
            root.trop("lab", "down", "trop02", "--purge")
        for holder in holders:
            holder.kill()
            holder.communicate()


def test_neither_of_two_roots_takes_the_others_lab_at_the_same_path_for_its_own(
    roots: tuple[Root, Root],
) -> None:
    one, other = roots
    one.trop("lab", "up", "trop02")
    assert "not running" in other.trop("lab", "status", "trop02")
    other.trop("lab", "down", "trop02")
    assert "not running" not in one.trop("lab", "status", "trop02")

    assert "was up already" not in other.trop("lab", "up", "trop02")
    assert one.first != other.first
    assert "None" not in (one.first, other.first)

    one.trop("lab", "down", "trop02", "--purge")
    assert one.first == "None"
    assert "was up already, since " in other.trop("lab", "up", "trop02")


def test_a_lab_that_was_killed_in_one_root_is_not_found_there_though_the_other_root_has_one(
    roots: tuple[Root, Root],
) -> None:
    one, other = roots
    for root in roots:
        root.trop("lab", "up", "trop02")
    os.kill(int(one.first), signal.SIGKILL)
    wait_for(lambda: one.first == "None")
    assert "not running" in one.trop("lab", "status", "trop02")
    assert other.first != "None"
    assert "was up already" not in one.trop("lab", "up", "trop02")


def test_an_up_of_a_lab_that_runs_says_since_when_and_from_which_clone(folder: Path) -> None:
    here = Root(folder, os.getpid())
    try:
        first = here.trop("lab", "up", "trop02")
        again = here.trop("lab", "up", "trop02")
        since = processes.begun(int(here.first)).since
    finally:
        here.trop("lab", "down", "trop02", "--purge")
    told = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(since))
    assert re.fullmatch(r"The lab trop02 is up: qemu\+unix\S+\nNext: ./trop up trop02 --lab\n", first)
    assert f"was up already, since {told}, started from {ROOT}: qemu+unix" in again
    assert abs(since - folder.stat().st_ctime) < HOUR


def test_a_lab_that_runs_out_of_sight_is_neither_started_again_nor_purged(folder: Path) -> None:
    lab = Lab("trop02", NO_FACTS, root=folder)
    lab.state.mkdir()
    (lab.state / "disk").touch()
    held = subprocess.Popen(
        [sys.executable, "-c", f"from pathlib import Path; from lab import hold; hold.take(Path({str(lab.state)!r})); "
         "print('held', flush=True); input()"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert held.stdout
        assert held.stdout.readline() == b"held\n"
        for action in (lab.up, lambda: lab.down(purge=True)):
            with pytest.raises(LabError, match="runs already, out of sight"):
                action()
        assert (lab.state / "disk").exists()
    finally:
        held.kill()
        held.communicate()
    assert hold.is_free(lab.state)
