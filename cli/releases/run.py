"""Runs tests on a machine of another release, as a newcomer would: a clone, `./trop demo`, `./trop test`."""

from __future__ import annotations

import contextlib
import datetime
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cli import ROOT, packages
from cli.counts import TOLD, Counts, read
from cli.lab.command import why_no_lab
from cli.processes import itself
from cli.processes.signals import handled, interrupt, run_attached
from cli.releases import page
from cli.releases.plan import TURNS, Part, here, parts
from lab.facts import LabError
from lab.hypervisor import PROGRAMS
from lab.machine import archive
from lab.machine.machine import Machine, machine, unpacked
from lab.machine.releases import RELEASES, Release
from lab.packages import NEEDED, missing

_COUNTS: Final = "/root/counts.json"
_BUNDLE: Final = "/root/repository"


def run(on: Sequence[str], words: Sequence[str], *, everywhere: bool, soak: bool, write: bool) -> int:
    """All parts, one after another, whatever each gives; the last line counts all.  0 only if all passed."""
    wanted = parts(on, words, everywhere=everywhere, soak=soak, left_out=random.choice(TURNS))
    if reason := why_no_lab(_say):
        raise LabError(f"machines of other releases need root and namespaces of their own: {reason}")
    if lacking := missing(archive.TOOLS):
        packages.install(lacking, _say)
    cache = Path(os.environ.get("TROP_LAB_CACHE", "/var/cache/trop-lab")).resolve()
    counts = Counts()
    with handled(interrupt):  # however it is stopped, the machine's files go with it
        for part in wanted:
            row = _on(part, cache)
            counts += row.counts
            if write:
                page.write(row)
    print(counts, flush=True)
    return 0 if counts.passed and not counts.failed else 1


def _on(part: Part, cache: Path) -> page.Row:
    release = RELEASES[part.release]
    packages_of_it = archive.BARE if release.python else (*NEEDED, *archive.HYPERVISOR)
    _say(f"{release.name}: its root file system")
    made = archive.made(release, cache, packages_of_it)
    start = time.monotonic()
    if not release.python:
        return _from_here(part, made, cache, start)
    with machine(release.name, made, cache) as there:
        _clone(there, release)
        demo, seconds = _demo(there, release)
        checked = _typed(there, release, ["check"]) if part.check else 0
        _typed(there, release, ["test", *part.words], **{TOLD: _COUNTS})
        counts = read(there.root / _COUNTS.lstrip("/")) + Counts(failed=(demo != 0) + (checked != 0))
        what, took = " ".join(part.words) or "everything", time.monotonic() - start
        _say(f"{release.name}, {what}: {counts}; the demo took {seconds:.0f} s, all of it {took:.0f} s")
        return _row(part, there.root, what, counts, None if demo else round(seconds))


def _from_here(part: Part, made: Path, cache: Path, start: float) -> page.Row:
    """The tests on this machine, with labs of the release's programs."""
    with unpacked(made, cache) as root, tempfile.TemporaryDirectory() as folder:
        told = Path(folder, "counts.json")
        words = here(part)
        more = {PROGRAMS: str(root), TOLD: str(told)}
        run_attached(itself.line(["test", *words]), itself.environment(**more))
        counts = read(told)
        _say(f"{part.release}: {counts}; {time.monotonic() - start:.0f} s")
        return _row(part, root, " ".join(words), counts, None)


def _clone(there: Machine, release: Release) -> None:
    """The commit that is checked out here, cloned as a newcomer clones."""
    if subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, check=False).stdout:
        _say("what is not committed here is not in the clone")
    bundle = there.root / _BUNDLE.lstrip("/")
    made = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "bundle", "create", "-q", str(bundle), "HEAD"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        raise LabError(f"{ROOT} can't be cloned: {made.stderr.strip().splitlines()[-1]}")
    parent = Path(release.folder).parent
    there.must(["mkdir", "-p", str(parent)])
    there.must(["git", "-c", "advice.detachedHead=false", "clone", "-q", _BUNDLE, release.folder])
    if release.owner:
        there.must(["chown", "-R", release.owner, str(parent)])


def _demo(there: Machine, release: Release) -> tuple[int, float]:
    """Its exit code, taking away included, and its seconds from nothing to the answering float."""
    start = time.monotonic()
    code = _typed(there, release, ["demo"])
    seconds = time.monotonic() - start
    return code or _typed(there, release, ["demo", "--down"]), seconds


def _typed(there: Machine, release: Release, words: Sequence[str], **more: str) -> int:
    _say(f"{release.name}: ./trop {' '.join(words)}")
    return there.run(
        ["./trop", *words], folder=release.folder, more=more, stdin=subprocess.DEVNULL
    ).returncode


def _row(part: Part, root: Path, what: str, counts: Counts, demo: int | None) -> page.Row:
    today = datetime.date.today().isoformat()
    return page.Row(part.release, today, page.installed(root), what, counts, demo)


def _say(text: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        print(f"== {text}", file=sys.stderr, flush=True)
