"""Random life cycles of random stacks on the fake provider: the state stays valid, and an `up` puts all right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.lifecycle.core_machine import Core
from tests.lifecycle.shares import live

Tell = Callable[[str, object], None]
SHARES, LIVES = 4, 65
MANY, SHARE = 24, 390


def told(tell: Tell, what: str, count: Counter[str]) -> None:
    more = ", ".join(f"{n} {word}" for word, n in count.most_common() if word != "lives")
    tell("lives", f"{count['lives']} random life cycles {what}: {more}")


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_a_stack_lives_through_faults_and_ends_as_declared(share: int, record_property: Tell) -> None:
    count = live(Core, LIVES, share)
    told(record_property, "on the fake provider", count)
    assert count["lives"] >= LIVES


@pytest.mark.soak
@pytest.mark.parametrize("share", range(MANY))
def test_so_do_many_others(share: int, record_property: Tell) -> None:
    count = live(Core, SHARE)
    told(record_property, "on the fake provider", count)
    assert count["lives"] >= SHARE
