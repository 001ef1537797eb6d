"""Random life cycles of trop02 on a hypervisor in memory, under the real provider: `up` puts all right, and `destroy`
leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from cli import ROOT
from tests.lifecycle.shares import DRAWN, SEED, Tell, told

SHARES, LIVES = 2, 20
MANY, SHARE = 10, 34


def play(lives: int, seed: int) -> Counter[str]:
    """A process of its own, which forks: what pytest has loaded and started is not in it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.lifecycle.hypervisor_machine", str(lives), str(seed)], cwd=ROOT,
        capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return Counter(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_trop02_lives_through_faults_and_leaves_nothing(share: int, record_property: Tell) -> None:
    count = told(record_property, "of trop02 in memory", f"seed {share}", lambda: play(LIVES, share))
    assert count["lives"] >= LIVES


@pytest.mark.soak
@pytest.mark.parametrize("share", range(MANY))
def test_so_it_does_in_many_others(share: int, record_property: Tell) -> None:
    seed = f"{SEED}={DRAWN} share {share}"
    count = told(record_property, "of trop02 in memory", seed, lambda: play(SHARE, DRAWN * 100 + share))
    assert count["lives"] >= SHARE
