"""The page of faults has a row for each fault that there is a test of, and a test for each row."""

from __future__ import annotations

import re

import pytest

from cli import ROOT
from tests.faults.page import PAGE, Row, rows


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.test)
def test_the_test_of_each_row_is_there(row: Row) -> None:
    assert re.search(rf"^def {row.test}\(", row.file.read_text(encoding="utf-8"), re.M)
    assert row.fault
    assert row.cause
    assert row.end


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.test)
def test_the_test_of_each_row_holds_what_the_operator_sees_against_the_page(row: Row) -> None:
    """Itself, or by a function of its file that it calls."""
    text = row.file.read_text(encoding="utf-8")
    wanted = "assert_is_on_the_page(" if row.seen else "nothing_is_seen("
    own = body(text, row.test)
    called = set(re.findall(r"\b(\w+)\(", own))
    assert any(wanted in part for part in (own, *(body(text, name) for name in called)))


def body(text: str, name: str) -> str:
    """A function of a file, as text; empty when it has none of that name."""
    found = re.search(rf"^def {name}\(.*?(?=^\S(?<!\))|\Z)", text, re.M | re.S)
    return found[0] if found else ""


ASKED = {
    "libvirtd killed and restarted": "libvirtd dies and starts again during an `up`",
    "the connection dropped or truncated": "the connection is closed, or cut in the middle of an answer",
    "the connection delayed": "the connection is slow",
    "the connection silent": "nothing comes over the connection any more",
    "a full disk": "the disk is full when the state is written",
    "a truncated state": "the state file is cut off",
    "a bit-flipped state": "a bit of it is flipped, and it is still valid",
    "the clock": "the clock is set back",
    "two operators": "two operators at once",
    "an interrupt": "Ctrl-C",
    "two interrupts": "Ctrl-C twice",
    "a crashing guest": "a guest crashes during a change",
    "a volume removed": "a volume that is no guest's disk is removed by hand",
    "a disk removed": "a guest's disk is removed by hand",
    "dnsmasq": "dnsmasq is dead",
}


@pytest.mark.parametrize("fault", ASKED.values(), ids=ASKED)
def test_each_fault_that_was_asked_for_has_its_row(fault: str) -> None:
    assert [row.fault for row in rows()].count(fault) == 1


def test_every_fault_of_the_surroundings_has_its_row() -> None:
    tests = re.findall(r"^def (test_\w+)\(", (ROOT / "tests/faults/test_surroundings.py").read_text(), re.M)
    assert set(tests) <= {row.test for row in rows()}
    assert len(rows()) >= 20


def test_a_row_that_shows_nothing_says_so() -> None:
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = line.strip("|").split(" | ")
        if len(cells) == 5 and "`" not in cells[2] and "what the operator" not in cells[2]:
            assert cells[2].strip().startswith(("nothing", "---")), line
