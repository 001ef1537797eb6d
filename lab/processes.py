"""The processes of a lab, found by their command line and by the state folder that they see: there is no other record
of them that could be wrong.
"""

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from lab.facts import LabError


@dataclass(frozen=True)
class Begun:
    """When a lab was started, in seconds since 1970, and the clone of the repository that it was started from."""

    since: float
    clone: Path


def arguments(state: Path) -> list[str]:
    """By which the first process of the lab with this state folder is started, after the program's name."""
    return ["-m", "lab.first_process", str(state)]


def find(state: Path) -> list[int]:
    """The first processes of the lab with this very folder, as this machine numbers them.

    Another root, a container's for example, may have a lab of its own at the same path, and its processes in sight.
    One that may not be looked into (root's, for anybody else) is not taken for the lab's.
    """
    mine = [argument.encode() for argument in arguments(state)]
    numbers = (folder for folder in Path("/proc").iterdir() if folder.name.isdigit())
    found = (folder for folder in numbers if _arguments(folder)[1:] == mine and _sees(folder / "root", state))
    return sorted(int(folder.name) for folder in found)


def first(state: Path) -> int | None:
    """That of them which is process 1 of a PID namespace of its own."""
    here = os.stat("/proc/self/ns/pid").st_ino
    for pid in find(state):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{pid}/ns/pid").st_ino != here:
                return pid
    return None


def begun(pid: int) -> Begun:
    """Of a lab's first process."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    booted = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    clone = next((each for each in environment if each.startswith(b"PYTHONPATH=")), b"=").split(b"=", 1)[1]
    since = int(booted.split()[1]) + int(stat[19]) / os.sysconf("SC_CLK_TCK")
    return Begun(since, Path(os.fsdecode(clone)))


def _sees(root: Path, state: Path) -> bool:
    """By device and inode. Once the process is in the lab's root, the folder is seen by what libvirt has of it."""
    inside = root / "run/libvirt"
    return _same(Path(f"{root}{state}"), state) or _same(inside, state / "run")


def _same(one: Path, other: Path) -> bool:
    with contextlib.suppress(OSError):
        return one.samefile(other)
    return False


def _arguments(folder: Path) -> list[bytes]:
    with contextlib.suppress(OSError):
        return (folder / "cmdline").read_bytes().split(b"\0")[:-1]
    return []


def end(pid: int) -> None:
    """Ask the process to end; after 5 s make it. Returns when it is gone (or waits only for its parent)."""
    for number, patience in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 10.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if _state(pid) in ("", "Z", "X"):
                return
            time.sleep(0.02)
    raise LabError(f"process {pid} of the lab does not end")


def _state(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""
