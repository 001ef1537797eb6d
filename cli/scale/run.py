"""`./trop bench scale`: brings the labs up, goes the rounds, says what came of it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from cli import ROOT, bytecode
from cli.bench.measured import numbers
from cli.lab.command import need_packages
from cli.processes.signals import handled, interrupt
from cli.scale import chart, figures, project
from cli.scale.figures import Figure
from cli.scale.measure import Bench, medians
from cli.scale.project import Size
from lab.facts import Bridge, HostFacts
from lab.hypervisor import Lab

DATA = ROOT / "docs/scale.json"


def run(vms: Sequence[int], hypervisors: int, times: int, *, started: bool, write: bool) -> int:
    """Measures each number of VMs; 1 if a target that could be told was missed.  Raises `UsageError`, `LabError`."""
    sizes = [Size(hypervisors, count) for count in vms]
    for size in sizes:
        size.check()
    console = Console(soft_wrap=True)
    everything = figures.load(DATA) if write else []
    with handled(interrupt):  # the labs are taken down
        for size in sizes:
            everything = figures.merged(everything, [_measure(size, times, started, console)])
            if write:  # at once: the next size may take an hour
                _write(everything)
    told = [t for t in figures.targets(everything) if t.found is not None]
    for target in told:
        console.print(f"{target.text}: {target.found:.2f}, at most {target.most:g}: {target.verdict}")
    return 1 if any(t.verdict == "missed" for t in told) else 0


def _write(everything: Sequence[Figure]) -> None:
    figures.save(DATA, everything)
    DATA.with_suffix(".md").write_text(figures.page(everything, os.cpu_count() or 1), encoding="utf-8")
    DATA.with_suffix(".svg").write_text(chart.picture(everything), encoding="utf-8")


def _measure(size: Size, times: int, started: bool, console: Console) -> Figure:
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="trop-scale-") as folder:
        root = Path(folder)
        with _hypervisors(root / "labs", size) as labs:
            bench = Bench(root, size, labs, started, lambda line: console.print(line, style="dim"))
            rounds = [bench.round() for _ in range(times)]
    figure = Figure(
        size.vms,
        size.hypervisors,
        started,
        times,
        (before, os.getloadavg()[0]),
        medians(rounds),
        bytecode.state(),
    )
    _show(figure, console)
    return figure


@contextlib.contextmanager
def _hypervisors(root: Path, size: Size) -> Iterator[list[Lab]]:
    """As many labs, up, with no operating system on their image; gone at the end, whatever happens."""
    need_packages(print)
    facts = HostFacts(bridges=(Bridge("br0", "eth0"),), base_folder=project.BASE_FOLDER)
    labs = [Lab(project.stack_name(index), facts, root=root) for index in range(size.hypervisors)]
    image = f"{project.BASE_FOLDER}/{project.BASE}"
    try:
        for lab in labs:
            lab.up()
            lab.run(["qemu-img", "create", "-q", "-f", "qcow2", image, str(project.SIZE)], check=True)
        yield labs
    finally:
        for lab in labs:
            lab.down(purge=True)


def _show(figure: Figure, console: Console) -> None:
    load = f"load {figure.load[0]:.1f} to {figure.load[1]:.1f}"
    table = numbers(f"{figure.what}; {load}; {figure.bytecode}", "what", *figures.COLUMNS)
    table.columns[0].justify = "left"
    for row in figure.rows():
        table.add_row(*row)
    console.print(table)
