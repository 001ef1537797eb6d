"""`./trop check` and `./trop test`: ruff, mypy and pytest with this project's settings, from its root."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cli import packages
from cli.counts import TOLD, Counts, items_of, of_report
from cli.lab.command import need_packages, say
from cli.processes import itself
from cli.processes.signals import run_attached
from lab.facts import LabError
from lab.packages import missing_for_tests

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
)
# Marks of what runs beside labs, itself one or not.
BESIDE_LABS = ("adopt", "endtoend", "crash", "remote", "services")
# Of labs that run one by one: they measure an outage, need both cores, or are about the machine itself.
ALONE = ("catalogue", "move", "outage", "guests", "firstday", "alone")
WHOLE = ({"services"}, {"guests"})  # a mark asked for by itself runs what takes long in it, too
ASKED = "firstday"  # for machines that were made for it: only where it is asked for by name
LEFT_OUT = ("lab", "endtoend", "soak", "slow")  # of the quick tests: no root, some minutes
SHARED = ("-n", "auto", "--dist", "worksteal")  # among all cores; a lab's guests need the cores themselves
# Three labs at a time: they wait more than they work. As collected: what takes longest begins first.
TOGETHER = ("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder")
_BESIDE, _ALONE = (" or ".join(marks) for marks in (BESIDE_LABS, ALONE))
RUNS: Final = (
    (SHARED, f"not (lab or {_BESIDE})"),
    (TOGETHER, f"(lab or {_BESIDE}) and not ({_ALONE})"),
    ((), f"lab and ({_ALONE})"),  # one after the other
)
NONE_RUN: Final = 5  # pytest's exit code where it found no test
STOPPED: Final = 2  # where it was interrupted


def check() -> int:
    """Runs every check, also after one has failed; 1 if any did."""
    failed = [words for words in CHECKS if _python("-m", *words) != 0]
    for words in failed:
        print(f"failed: {' '.join(words)}", file=sys.stderr)
    return 1 if failed else 0


def run_tests(words: Sequence[str], *, quick: bool, soak: bool) -> int:
    """Runs pytest, three times in all (see `RUNS`), whatever each gives; ends with a line that counts all.

    ``words`` go to pytest; a ``-m`` among them narrows. What the tests call is installed first where it is missing;
    where it can't be, the tests that call it are skipped and say so. 0 only if tests ran and none failed.
    """
    _install(lab=not quick)
    codes: list[int] = []
    counts = Counts()
    items: dict[str, bool] = {}
    for line in pytest_lines(words, quick=quick, soak=soak):
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder, "report.xml")
            codes.append(_python("-m", "pytest", f"--junitxml={report}", *line))
            counts += of_report(report)
            items = _both(items, items_of(report))
        if codes[-1] == STOPPED:
            break
    for item in sorted(items, key=_by_number):
        print(f"{'passed' if items[item] else 'FAILED'}  {item}")
    print(counts, flush=True)
    if TOLD in os.environ:
        counts.write(Path(os.environ[TOLD]))
    failed = [code for code in codes if code not in (0, NONE_RUN)]
    return failed[0] if failed else 1 if counts.failed else 0 if counts.passed else NONE_RUN


def _by_number(item: str) -> tuple[str, int, str]:
    """H2 before H10."""
    return item[0], len(item.split()[0]), item


def _both(one: dict[str, bool], other: dict[str, bool]) -> dict[str, bool]:
    return {item: one.get(item, True) and other.get(item, True) for item in (*one, *other)}


def _install(*, lab: bool) -> None:
    try:
        if os.geteuid() == 0 and shutil.which("apt-get"):
            packages.update_lists_if_none(say)
        if wanted := missing_for_tests():
            packages.install(wanted, say)
    except LabError as error:
        print(f"the tests that call them are skipped: {error}", file=sys.stderr)
    if lab:
        try:
            need_packages(say)
        except LabError as error:
            print(f"the lab's tests are skipped: {error}", file=sys.stderr)


def pytest_lines(words: Sequence[str], *, quick: bool, soak: bool) -> list[list[str]]:
    """The arguments of each run of pytest: the caller's own, with one ``-m`` made of theirs and ours."""
    rest, wanted = split_marks(words)
    whole = set(wanted) in WHOLE
    theirs = [f"({expression})" for expression in wanted]
    if quick:
        return [[*SHARED, "-m", " and ".join([*theirs, *(f"not {mark}" for mark in LEFT_OUT)]), *rest]]
    ours = [] if soak or whole else ["not soak"]
    ours += [] if any(ASKED in expression for expression in wanted) else [f"not {ASKED}"]
    together = () if whole else TOGETHER  # real guests with Docker need both cores
    return [
        [*(together if how == TOGETHER else how), "-m", " and ".join([*theirs, kind, *ours]), *rest]
        for how, kind in RUNS
    ]


def split_marks(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words without their ``-m`` options, and the expressions of those."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-m", action="append", default=[], nargs="?", const="")
    found, rest = parser.parse_known_args(words)
    return rest, found.m


def _python(*words: str) -> int:
    return run_attached([sys.executable, *words], itself.environment())
