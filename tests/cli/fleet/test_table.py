"""What a stack's run says at its end, read and counted for the table."""

from __future__ import annotations

import pytest

from cli.fleet import table as fleet_table
from cli.fleet.children import Ended


@pytest.mark.parametrize(
    ("block", "changes", "impacts"),
    [
        ("    28 unchanged\n", {"same": 28}, ()),
        ("    + 9 created\n\nDuration: 3s\n", {"created": 9}, ()),
        ("    +-2 to replace\n    ~ 1 to update\n    3 changes. 5 unchanged\n",
         {"to replace": 2, "to update": 1, "same": 5}, ()),
        ("    - 1 deleted\n    4 unchanged\n    1 errored\n", {"deleted": 1, "same": 4}, ()),
        (
            "    ~ 4 to update\n    24 unchanged\n    3 live, 1 at next boot; nothing restarts\n",
            {"to update": 4, "same": 24},
            ("3 live, 1 at next boot; nothing restarts",),
        ),
        (
            "    ~ 1 to update\n    1 restart: Acilamwen (allowed)\n",
            {"to update": 1},
            ("1 restart: Acilamwen (allowed)",),
        ),
    ],
)  # fmt: skip
def test_a_runs_summary_is_read_as_it_stands(
    block: str, changes: dict[str, int], impacts: tuple[str, ...]
) -> None:
    assert fleet_table.read(f"Updating (x):\n\nOutputs:\n    Resources: 'no'\n\nResources:\n{block}") == (
        changes,
        impacts,
    )


def test_a_run_without_a_summary_has_no_counts() -> None:
    assert fleet_table.read("error: no stack named 'trop02' found\n") == ({}, ())


def test_two_runs_of_one_stack_are_counted_together() -> None:
    first = fleet_table.outcome(Ended(0, "\nResources:\n    ~ 1 updated\n    4 unchanged\n", 2.0))
    second = fleet_table.outcome(
        Ended(0, "\nResources:\n    + 2 created\n    ~ 1 updated\n    3 unchanged\n", 1.0)
    )
    both = fleet_table.joined(first, second)
    assert both.what == "2 updated, 2 created, 3 same"
    assert both.seconds == 3.0
