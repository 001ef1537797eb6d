"""trop02 in memory, killed at every point of six operations: the next `up` ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from cli import ROOT
from tests.crash.operations import OPERATIONS

pytestmark = pytest.mark.crash
SEED = os.environ.get("TROP_CRASH_SEED") or random.SystemRandom().randrange(1_000_000)
Tell = Callable[[str, object], None]


def play(*words: str) -> list[dict[str, Any]]:
    """A process of its own, which forks: what pytest has loaded and started is not in it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.play", *words], cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def judge(tell: Tell, results: list[dict[str, Any]], one_by_one: bool = True) -> None:
    shown = ", ".join(
        f"{each['operation']} at {each['played']} of {each['points']} points" for each in results
    )
    seconds = sum(each["seconds"] for each in results)
    tell(
        "crash",
        f"in memory, TROP_CRASH_SEED={SEED}: {sum(each['played'] for each in results)} processes ended in "
        f"{seconds:.0f} s: {shown}",
    )
    wrong = [
        f"{each['operation']}, point {failure['number']} ({failure['name']}): {line}"
        for each in results
        for failure in each["failures"]
        for line in failure["wrong"]
    ]
    assert not wrong, f"{len(wrong)} lines:\n" + "\n".join(wrong[:20])
    assert [each["escaped"] for each in results] == [[] for _ in results], (
        "changes of files that no point is before"
    )
    assert not one_by_one or not any(each["missed"] for each in results), "points that were not come to again"
    assert [each["operation"] for each in results] == [operation.name for operation in OPERATIONS]


@pytest.mark.slow
def test_ended_at_points_drawn_by_lot_the_next_up_ends_as_if_nothing_had_happened(
    record_property: Tell,
) -> None:
    """Each point of all of trop02 is played in the soak."""
    judge(record_property, play(f"--lot={SEED}"))


@pytest.mark.soak
def test_so_does_all_of_trop02(record_property: Tell) -> None:
    judge(record_property, play("--whole"))


@pytest.mark.soak
def test_so_it_does_with_many_steps_at_a_time(record_property: Tell) -> None:
    judge(record_property, play("--whole", "--parallel"), one_by_one=False)
