"""Operations on a real libvirt, ended at some point: the next `up` ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from cli import ROOT

pytestmark = [pytest.mark.lab, pytest.mark.crash, pytest.mark.one_turn]

TRIALS = 30
PARTS = 8  # of all points; each has its own lab, and can be played again alone
SEED = "TROP_CRASH_SEED"  # of a run to be repeated


def play(seed: int, trials: int, *words: str) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """A process of its own, which forks: the points of each operation, and the trials."""
    command = [sys.executable, "-m", "tests.crash.real", str(seed), str(trials), *words]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{SEED}={seed}: {done.stdout[-2000:]}{done.stderr[-6000:]}"
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    points = {line["operation"]: line["points"] for line in lines if "points" in line}
    return points, [line for line in lines if "number" in line]


def judge(tell: Callable[[str, object], None], seed: int, trials: int, *words: str) -> None:
    points, played = play(seed, trials, *words)
    ended = Counter(trial["operation"] for trial in played if trial["reached"])
    shown = ", ".join(f"{name} at {ended[name]} of {count} points" for name, count in points.items())
    tell("crash", f"on real libvirt, {SEED}={seed}: {ended.total()} processes ended: {shown}")
    wrong = [
        f"{trial['operation']}, point {trial['number']} ({trial['name']}): {line}"
        for trial in played
        for line in trial["wrong"]
    ]
    assert not wrong, f"{SEED}={seed}, {len(wrong)} lines:\n" + "\n".join(wrong[:20])
    assert set(ended) == set(points)
    assert len(played) >= trials


@pytest.mark.slow
def test_ended_at_points_drawn_by_lot_the_next_up_ends_as_if_nothing_had_happened(
    record_property: Callable[[str, object], None],
) -> None:
    judge(record_property, int(os.environ.get(SEED) or random.randrange(10**6)), TRIALS)


@pytest.mark.soak
@pytest.mark.parametrize("part", [f"{part}/{PARTS}" for part in range(PARTS)])
@pytest.mark.parametrize("chain", ["still", "guests"])
def test_so_it_does_at_every_point(
    chain: str, part: str, record_property: Callable[[str, object], None]
) -> None:
    judge(record_property, 0, 0, chain, part)


@pytest.mark.soak
def test_so_it_does_at_every_call_where_the_domain_runs(
    record_property: Callable[[str, object], None],
) -> None:
    """Of the points of files every kind has had its turn: each is as the call before it or the one after it."""
    judge(record_property, 0, 0, "still", "running", "calls")
