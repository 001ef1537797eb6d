"""Impacts counted at the end of a run: what was done, what failed, what went with a deleted resource."""

from __future__ import annotations

import pytest

from cli.fleet import table as fleet_table
from engine.run import impacts
from tests.engine.display.telling import URN, told


@pytest.mark.parametrize(
    ("kinds", "line"),
    [
        ({}, ""),
        ({"a": "live"}, "1 live; nothing restarts"),
        (
            {"a": "next_boot", "b": "live", "c": "live", "d": "live"},
            "3 live, 1 at next boot; nothing restarts",
        ),
        ({"Acilamwen": "restart"}, "1 restart: Acilamwen (allowed)"),
        (
            {"a": "live", "b": "restart", "c": "restart", "d": "network_outage"},
            "1 live; 1 network outage: d (allowed); 2 restart: b, c (allowed)",
        ),
    ],
)
def test_the_summary_counts_impacts_and_names_what_is_harmed(kinds: dict[str, str], line: str) -> None:
    assert impacts.summary(told(**kinds)) == line


@pytest.mark.parametrize(
    ("kinds", "unfinished", "line"),
    [
        ({"a": "live", "b": "live"}, "b", "1 live; nothing restarts; PARTLY: 1 live"),
        ({"a": "live", "b": "restart"}, "b", "1 live; PARTLY: 1 restart: b"),
        ({"a": "restart"}, "a", "PARTLY: 1 restart: a"),
        ({"a": "restart", "b": "next_boot"}, "b", "1 restart: a; PARTLY: 1 at next boot"),
    ],
)
def test_what_failed_is_not_counted_with_what_was_done(
    kinds: dict[str, str], unfinished: str, line: str
) -> None:
    said = impacts.summary(told(**kinds), failed=True, unfinished={URN + unfinished})
    assert said == line.replace("PARTLY", impacts.PARTLY)
    assert fleet_table.read(f"\nResources:\n    ~ 1 updated\n    {said}\n")[1] == (said,)


def test_a_resource_that_is_harmed_by_two_changes_counts_once() -> None:
    assert impacts.summary([*told(a="restart"), *told(a="restart")]) == "1 restart: a (allowed)"


def test_a_run_that_failed_does_not_say_that_harm_was_allowed() -> None:
    assert impacts.summary(told(a="restart"), failed=True) == "1 restart: a"
    assert impacts.summary(told(a="data_loss"), failed=True, deleted={URN + "a"}) == "1 data loss: a"


def test_what_goes_with_a_deleted_resource_is_told_apart() -> None:
    known = [*told(a="restart", b="restart"), *told(c="live")]
    line = "1 live; 1 restart: a (allowed); 1 restart: b (deleted)"
    assert impacts.summary(known, deleted={URN + "b", URN + "c"}) == line
