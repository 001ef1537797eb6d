"""What an audit has found, as a table for eyes and as JSON for programs."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.audit.finding import Finding
from cli.audit.world import World
from engine.display.words import plural
from provider.survey.survey import HostSeen

WIDTH = 140  # characters, where no terminal says how many there are


def as_json(findings: Sequence[Finding]) -> str:
    return json.dumps([_plain(f) for f in findings], indent=2)


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "level": finding.level,
        "hypervisor": finding.stack,
        "where": finding.where,
        "what": finding.what,
        "since": None if finding.since is None else _time(finding.since, "%Y-%m-%dT%H:%M:%S%z"),
        "mend": finding.mend,
        "floats": list(finding.floats),
    }


def show(world: World, findings: Sequence[Finding]) -> None:
    console = Console(
        width=shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH,
        highlight=False,
        emoji=False,
    )
    faults = [f for f in findings if f.level == "fault"]
    for stack in world.hosts:
        if here := [f for f in faults if f.stack == stack]:
            console.print(_table(stack, here))
            for line in _mends(here):
                console.print(Text(line), soft_wrap=True)  # a command is one line, to be copied
            console.print()
    for note in findings:
        if note.level == "note":
            console.print(Text(f"note: {note.stack}, {note.where}: {note.what}", style="dim"), soft_wrap=True)
    console.print(Text(summary(world, faults)), soft_wrap=True)


def _table(stack: str, findings: Sequence[Finding]) -> Table:
    table = Table(title=stack, title_justify="left", title_style="bold")
    dated = any(f.since is not None for f in findings)
    table.add_column("#", justify="right")
    table.add_column("where", no_wrap=True)
    table.add_column("what", ratio=1)
    if dated:
        table.add_column("since", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    for number, f in enumerate(findings, 1):
        since = [Text("" if f.since is None else _time(f.since, "%Y-%m-%d %H:%M"))] if dated else []
        table.add_row(str(number), Text(f.where), Text(f.what), *since, f.kind)
    return table


def _mends(findings: Sequence[Finding]) -> Iterator[str]:
    """Each line that mends something, with the numbers of what it mends."""
    yield "mended by:"
    for mend in dict.fromkeys(f.mend for f in findings):
        numbers = ", ".join(str(n) for n, f in enumerate(findings, 1) if f.mend == mend)
        yield f"  {numbers}: {mend}"


def summary(world: World, faults: Sequence[Finding]) -> str:
    """What was looked at; "nothing found" only of hypervisors that answered."""
    hosts = [host for host in world.hosts.values() if isinstance(host, HostSeen)]
    said = [inside.agent for each in world.asked.values() for inside in each.inside.values()]
    looked = ", ".join(
        (
            plural(len(hosts), "hypervisor"),
            plural(sum(len(h.domains) for h in hosts), "domain"),
            plural(sum(len(h.networks) for h in hosts), "network"),
            plural(sum(len(h.volumes) for h in hosts), "volume"),
            f"{plural(sum(said), 'guest')} asked inside",
        )
    )
    return f"{plural(len(faults), 'finding') if faults else 'nothing found'}: {looked}"


def _time(seconds: float, form: str) -> str:
    return time.strftime(form, time.localtime(seconds))
