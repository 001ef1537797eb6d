"""`./trop check` and `./trop test`: ruff, mypy and pytest with this project's settings, from its root."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from cli import ROOT, packages
from cli.labcmd import need_packages
from lab.facts import LabError

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
)
SHARED = ("-n", "auto", "--dist", "worksteal")  # among all cores; a lab's guests need the cores themselves
UNTIMED = ("adopt", "endtoend", "crash", "remote", "services")  # marks of labs in which no outage is measured
TOGETHER = ("-n", "2", "--dist", "loadfile")  # these, two at a time: they wait more than they work
WHOLE = ("services",)  # a mark asked for by itself runs what takes long in it, too
LEFT_OUT = ("lab", "endtoend", "soak", "slow")  # of the quick tests: no root, some minutes


def check() -> int:
    """Runs every check, also after one has failed; 1 if any did."""
    failed = [words for words in CHECKS if _python("-m", *words) != 0]
    for words in failed:
        print(f"failed: {' '.join(words)}", file=sys.stderr)
    return 1 if failed else 0


def run_tests(words: Sequence[str], *, quick: bool, soak: bool) -> int:
    """Runs pytest and gives its exit code.  ``words`` go to pytest; a ``-m`` among them narrows.

    The lab's packages are installed first, unless no test needs them; without them the lab's tests are skipped.
    All tests go in three runs of pytest: those without a lab on all cores, those from end to end and those that
    take over what runs with two labs at a time, then the other labs one after the other, as outages are measured there.
    """
    if not quick:
        try:
            need_packages(lambda text: print(text, file=sys.stderr))
        except (LabError, packages.PackagesError) as error:
            print(f"the lab's tests are skipped: {error}", file=sys.stderr)
    if quick:
        return _python("-m", "pytest", *SHARED, *pytest_words(words, quick=True, soak=soak))
    if words or soak:
        alone = [mark for mark in UNTIMED if mark not in WHOLE]  # real guests with Docker need both cores
        together = TOGETHER if split_marks(words)[1] in [[mark] for mark in alone] else ()
        return _python("-m", "pytest", *together, *pytest_words(words, quick=False, soak=soak))
    untimed = f"({' or '.join(UNTIMED)})"
    return (
        _python("-m", "pytest", *SHARED, "-m", f"not lab and not {untimed} and not soak")
        or _python("-m", "pytest", *TOGETHER, "-m", f"{untimed} and not soak")
        or _python("-m", "pytest", "-m", f"lab and not {untimed} and not soak")
    )


def pytest_words(words: Sequence[str], *, quick: bool, soak: bool) -> list[str]:
    """pytest's arguments: the caller's own, with one ``-m`` expression made of theirs and ours."""
    rest, wanted = split_marks(words)
    left_out = LEFT_OUT if quick else () if soak or wanted == [*WHOLE] else ("soak",)
    marks = [f"({expression})" for expression in wanted] + [f"not {mark}" for mark in left_out]
    return [*(["-m", " and ".join(marks)] if marks else []), *rest]


def split_marks(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words without their ``-m`` options, and the expressions of those."""
    rest: list[str] = []
    marks: list[str] = []
    left = iter(words)
    for word in left:
        if word == "-m":
            marks.append(next(left, ""))
        elif word.startswith("-m") and not word.startswith("--"):
            marks.append(word[2:].removeprefix("="))
        else:
            rest.append(word)
    return rest, marks


def _python(*words: str) -> int:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, *words], cwd=ROOT, env=environment, check=False).returncode
