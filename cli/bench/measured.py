"""What a command takes: time by the clock, processor time, memory."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Column, Table

from cli.words.command_line import UsageError


@dataclass(frozen=True)
class Used:
    """``seconds`` by the clock, ``cpu`` of processor time (libvirtd's is not in it), ``memory`` at its peak in MiB."""

    seconds: float
    cpu: float
    memory: float

    def rounded(self) -> Used:
        return Used(round(self.seconds, 3), round(self.cpu, 3), round(self.memory))


def used(line: Sequence[str], environment: Mapping[str, str]) -> Used:
    """Runs a command to its end.  Raises `UsageError` with what it said last if it fails."""
    began = time.monotonic()
    with subprocess.Popen(
        line, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as child:
        assert child.stdout is not None
        said = child.stdout.read()
        taken = ended(child, began)
    if child.returncode != 0:
        last = " / ".join(said.strip().splitlines()[-12:])
        raise UsageError(
            f"the command to be measured failed ({child.returncode}): {' '.join(line[3:6])}: {last}"
        )
    return taken


def ended(child: subprocess.Popen[Any], began: float) -> Used:
    """Waits for a process, of which nobody knows yet that it has ended."""
    _, status, spent = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return Used(time.monotonic() - began, spent.ru_utime + spent.ru_stime, spent.ru_maxrss / 1024)


def numbers(title: str, *headings: str) -> Table:
    """A table whose columns stand at the right."""
    return Table(*(Column(heading, justify="right") for heading in headings), title=title)
