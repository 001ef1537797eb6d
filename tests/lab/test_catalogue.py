"""The catalogue of everyday changes, played row by row on one lab: what each did to the guests, and the table of it.

With TROP_CATALOGUE=write the table is kept as docs/catalogue.md.
"""

from __future__ import annotations

import os

import pytest

from cli import ROOT
from tests.lab.catalogue import ROWS
from tests.lab.catalogue_play import INTERVAL, Played, play_all, table
from tests.lab.catalogue_terms import Row
from tests.lab.pings import count

pytestmark = [pytest.mark.lab, pytest.mark.catalogue]

DOCUMENT = ROOT / "docs/catalogue.md"


@pytest.fixture(scope="module")
def results() -> dict[str, Played]:
    played = play_all(ROWS)
    text = table(played)
    print(text)
    if os.environ.get("TROP_CATALOGUE") == "write":
        DOCUMENT.write_text(text, encoding="utf-8")
    return {each.row.title: each for each in played}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_an_everyday_change_does_what_it_says_and_no_guest_notices(
    results: dict[str, Played], row: Row
) -> None:
    assert not results[row.title].wrong


def test_each_row_of_the_catalogue_is_in_the_document() -> None:
    kept = [
        line.split("|")[2].strip()
        for line in DOCUMENT.read_text(encoding="utf-8").splitlines()
        if "|" in line
    ]
    assert [row.title.strip() for row in ROWS if row.title.strip() not in kept] == []


def test_the_counting_sees_a_lost_packet() -> None:
    """The table is worth something only if this holds."""
    sent = {number: number * INTERVAL for number in range(20)}
    answered = {number: moment + 0.01 for number, moment in sent.items() if number not in (7, 8)}
    assert count(sent, sent, 0, 1).lost == 0
    loss = count(sent, answered, 0, 1)
    assert (loss.sent, loss.lost) == (20, 2)
    assert loss.hole == pytest.approx(3 * INTERVAL)
