"""`./trop bench annotate`: processor time and memory of `./trop annotate -` on lines such as `tcpdump -e` writes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from typing import Final

from rich.console import Console

from cli import bytecode
from cli.bench.measured import Used, ended, numbers
from cli.processes import itself
from cli.words.command_line import UsageError

COUNTS: Final = (100_000, 1_000_000)
BUDGET: Final = 10.0  # seconds of processor time for the last of them
BATCH: Final = 1000  # lines that are made once and sent again and again
HOSTS: Final = ("52:54:00:02:02:0f", "52:54:00:00:01:00", "0c:c4:7a:35:12:06", "fe:54:00:02:02:09")
LINE: Final = (
    "12:{:02d}:{:02d}.{:06d} {} > {}, ethertype IPv4 (0x0800), length 66: {}.{} > 198.51.100.{}.443: "
    "Flags [.], ack {}, win 501, options [nop,nop,TS val {} ecr 0], length 0\n"
)


def run() -> int:
    """Prints what both counts took; 1 if the last is over its budget."""
    title = f"./trop annotate - on lines of tcpdump -e; {bytecode.state()}"
    table = numbers(title, "lines", "processor seconds", "lines a second", "peak memory, MiB")
    taken = {count: measure(count) for count in COUNTS}
    for lines, used in taken.items():
        table.add_row(f"{lines:,}", f"{used.cpu:.2f}", f"{lines / used.cpu:,.0f}", f"{used.memory:.0f}")
    Console(soft_wrap=True).print(table)
    return 0 if used.cpu < BUDGET else 1


def measure(lines: int) -> Used:
    """Runs the command on so many lines, start included.  Raises `UsageError` if it fails."""
    began = time.monotonic()
    line, environment = itself.line(["annotate", "-"]), itself.environment()
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment) as child:
        assert child.stdin is not None
        batch = "".join(_lines()).encode()
        for _ in range(lines // BATCH):
            child.stdin.write(batch)
        child.stdin.close()
        taken = ended(child, began)
    if child.returncode != 0:
        raise UsageError(f"./trop annotate - failed with exit code {child.returncode}")
    return taken


def _lines() -> Iterator[str]:
    for i in range(BATCH):
        sender, to = HOSTS[i % len(HOSTS)], HOSTS[(i + 1) % len(HOSTS)]
        source = f"192.168.202.{i % 256}"
        yield LINE.format(i % 60, i % 60, i, sender, to, source, 40000 + i, i % 256, i * 7919, i * 104729)
