"""The processes of a lab, found by their command line: there is no other record of them that could be wrong."""

import contextlib
import os
import signal
import time
from pathlib import Path

from lab.facts import LabError


def find(arguments: list[str]) -> list[int]:
    """Processes with these arguments after the program's name, as this machine numbers them."""
    mine = [argument.encode() for argument in arguments]
    numbers = (folder for folder in Path("/proc").iterdir() if folder.name.isdigit())
    return sorted(int(folder.name) for folder in numbers if _arguments(folder)[1:] == mine)


def first(arguments: list[str]) -> int | None:
    """That of them which is process 1 of a PID namespace of its own."""
    here = os.stat("/proc/self/ns/pid").st_ino
    for pid in find(arguments):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{pid}/ns/pid").st_ino != here:
                return pid
    return None


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
