"""Each place in the sources that prints a command has a test that types it, or that holds its words."""

from __future__ import annotations

import pytest

from cli import ROOT
from tests.typed import printed

pytestmark = pytest.mark.reports("H11")


def test_each_place_that_prints_a_command_is_in_the_table() -> None:
    there, told = set(printed.places()), printed.TYPED.keys() | printed.HELD.keys()
    assert sorted(there - told) == []
    assert sorted(told - there) == []


@pytest.mark.parametrize(
    "test", sorted({*printed.TYPED.values(), *(test for test, _ in printed.HELD.values())})
)
def test_the_tests_that_are_named_are_there(test: str) -> None:
    path, _, name = test.partition("::")
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")
