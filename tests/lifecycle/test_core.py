"""Random life cycles of random stacks on the fake provider: the state stays valid, and an `up` puts all right."""

from __future__ import annotations

import pytest

from tests.lifecycle.core_machine import Core
from tests.lifecycle.shares import DRAWN, SEED, Tell, live, told

SHARES, LIVES = 4, 65
MANY, SHARE = 24, 390


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_a_stack_lives_through_faults_and_ends_as_declared(share: int, record_property: Tell) -> None:
    count = told(record_property, "on the fake provider", f"seed {share}", lambda: live(Core, LIVES, share))
    assert count["lives"] >= LIVES


@pytest.mark.soak
@pytest.mark.parametrize("share", range(MANY))
def test_so_do_many_others(share: int, record_property: Tell) -> None:
    seed = f"{SEED}={DRAWN} share {share}"
    count = told(
        record_property, "on the fake provider", seed, lambda: live(Core, SHARE, DRAWN * 100 + share)
    )
    assert count["lives"] >= SHARE
