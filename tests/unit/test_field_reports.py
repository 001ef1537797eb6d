"""Each item of the field reports has a test, and none is named that there is not."""

from __future__ import annotations

import re

from cli import ROOT
from tests.field_reports import REPORTS

MARK = re.compile(r"mark\.reports\(([^)]*)\)")


def test_each_item_has_a_test_and_each_mark_an_item() -> None:
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    marked = {item for text in texts for mark in MARK.findall(text) for item in re.findall(r'"(\w+)"', mark)}
    assert marked == REPORTS.keys()
