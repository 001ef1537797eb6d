"""`./trop bench annotate`: processor time and memory of `./trop annotate -` on lines such as `tcpdump -e` writes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from cli import bytecode, itself
from cli.words.order import UsageError

COUNTS: Final = (100_000, 1_000_000)
BUDGET: Final = 10.0  # seconds of processor time for the last of them
BATCH: Final = 1000  # lines that are made once and sent again and again
HOSTS: Final = ("52:54:00:02:02:0f", "52:54:00:00:01:00", "0c:c4:7a:35:12:06", "fe:54:00:02:02:09")
LINE: Final = (
    "12:{:02d}:{:02d}.{:06d} {} > {}, ethertype IPv4 (0x0800), length 66: {}.{} > 198.51.100.{}.443: "
    "Flags [.], ack {}, win 501, options [nop,nop,TS val {} ecr 0], length 0\n"
)


class Measured(NamedTuple):
    """``seconds`` of processor time, start of the command included; ``memory`` at its peak, in MiB."""

    lines: int
    seconds: float
    memory: float


def run() -> int:
    """Prints what both counts took; 1 if the last is over its budget."""
    table = Table(title=f"./trop annotate - on lines of tcpdump -e; {bytecode.state()}")
    for heading in ("lines", "processor seconds", "lines a second", "peak memory, MiB"):
        table.add_column(heading, justify="right")
    taken = [measure(count) for count in COUNTS]
    for lines, seconds, memory in taken:
        table.add_row(f"{lines:,}", f"{seconds:.2f}", f"{lines / seconds:,.0f}", f"{memory:.0f}")
    Console(soft_wrap=True).print(table)
    return 0 if taken[-1].seconds < BUDGET else 1


def measure(lines: int) -> Measured:
    """Runs the command on so many lines.  Raises `UsageError` if it fails."""
    line, environment = itself.line(["annotate", "-"]), itself.environment()
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment) as child:
        assert child.stdin is not None
        batch = "".join(_lines()).encode()
        for _ in range(lines // BATCH):
            child.stdin.write(batch)
        child.stdin.close()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise UsageError(f"./trop annotate - failed with exit code {child.returncode}")
    return Measured(lines, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _lines() -> Iterator[str]:
    for i in range(BATCH):
        sender, to = HOSTS[i % len(HOSTS)], HOSTS[(i + 1) % len(HOSTS)]
        source = f"192.168.202.{i % 256}"
        yield LINE.format(i % 60, i % 60, i, sender, to, source, 40000 + i, i % 256, i * 7919, i * 104729)
