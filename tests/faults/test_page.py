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


def test_every_fault_of_the_surroundings_has_its_row() -> None:
    tests = re.findall(r"^def (test_\w+)\(", (ROOT / "tests/faults/test_surroundings.py").read_text(), re.M)
    assert set(tests) <= {row.test for row in rows()}
    assert len(rows()) >= 20


def test_a_row_that_shows_nothing_says_so() -> None:
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = line.strip("|").split(" | ")
        if len(cells) == 5 and "`" not in cells[2] and "what the operator" not in cells[2]:
            assert cells[2].strip().startswith(("nothing", "---")), line
