"""`./trop bench bytecode`: a preview where Python may write no byte code, with what setup has compiled and without."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console

from cli import ROOT
from cli.bench.measured import Used, numbers, used
from cli.bytecode import FOLDERS, compile_all
from cli.lab import rehearsal
from cli.lab.host import plan_of
from cli.processes import itself

STACK: Final = "trop02"
MOST: Final = 0.9  # of the time without: what setup has to save


def run(times: int) -> int:
    """Prints both, measured in turn in one run; 1 if setup saves less than `MOST` says.  Raises `UsageError`."""
    with tempfile.TemporaryDirectory(prefix="trop-") as folder:
        clones = {"compiled at setup": Path(folder, "with"), "nothing compiled": Path(folder, "without")}
        for clone in clones.values():
            _clone(clone)
        compile_all(clones["compiled at setup"])
        words, environment = rehearsal.prepare(plan_of(STACK), Path(folder), "embedded")
        taken: dict[str, list[Used]] = {what: [] for what in clones}
        for _ in range(times):
            for what, clone in clones.items():
                line = ["preview", STACK, "--cwd", str(clone), *words, "--engine", "embedded"]
                bare = environment | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(clone)}
                taken[what].append(used(itself.line(line), bare))
    return _show(taken, times)


def _clone(target: Path) -> None:
    """The program's files alone, without byte code."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in [ROOT / "__main__.py", *ROOT.glob("*.yaml")]:
        shutil.copy2(path, target)


def _show(taken: dict[str, list[Used]], times: int) -> int:
    title = f"./trop preview {STACK} where Python writes no byte code, medians of {times} runs"
    table = numbers(title, "what", "seconds", "processor seconds")
    cpu = {what: statistics.median(one.cpu for one in runs) for what, runs in taken.items()}
    for what, runs in taken.items():
        table.add_row(what, f"{statistics.median(one.seconds for one in runs):.2f}", f"{cpu[what]:.2f}")
    Console(soft_wrap=True).print(table)
    with_it, without = cpu.values()
    print(f"setup saves {1 - with_it / without:.0%} of the processor time")
    return 0 if with_it <= MOST * without else 1
