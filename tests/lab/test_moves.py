"""Twenty moves of a float between two running guests: who answers after each.

How long the float is away is printed: no test is about time.  `-m move -s` on a machine at rest shows the figures.
"""

from __future__ import annotations

import pytest

from tests.lab import moves
from tests.lab.catalogue_stage import scene
from tests.lab.catalogue_terms import ADDRESSES, FLOATS

pytestmark = [pytest.mark.lab, pytest.mark.move]


def test_a_float_is_answered_by_its_new_holder_after_each_of_twenty_moves() -> None:
    with scene(moves.start()) as made:
        moves.ready(made)
        boots = {name: made.boot_id(ADDRESSES[name]) for name in moves.HOLDERS}
        done = moves.move(made, 20)
        print("\n" + moves.table(done))
        assert [each.name for each in done] == [each.holder for each in done]
        assert {name: made.boot_id(ADDRESSES[name]) for name in moves.HOLDERS} == boots
        assert made.preview("--expect-no-changes").code == 0
        assert moves.nics(made, "Ulov", FLOATS["float1"][1]) == ([], [])
