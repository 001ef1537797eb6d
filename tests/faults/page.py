"""docs/faults.md as its tests see it: each shows that the operator sees what the page says."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from cli import ROOT

PAGE = ROOT / "docs/faults.md"


@dataclass(frozen=True)
class Row:
    """One fault; ``seen``: what stands in code among what the operator sees, ``…`` for anything."""

    fault: str
    cause: str
    seen: tuple[str, ...]
    end: str
    file: Path
    test: str


def rows() -> list[Row]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
    return [_row([cell.strip() for cell in line.strip("|").split(" | ")]) for line in lines]


def _row(cells: list[str]) -> Row:
    fault, cause, seen, end, test = cells
    file, _, name = test.strip(" `").partition("::")
    return Row(fault, cause, tuple(re.findall(r"`([^`]+)`", seen)), end, ROOT / file, name)


def nothing_is_seen(said: str) -> None:
    """No error and no warning: what the page calls nothing."""
    assert re.search(r"\b(error|warning)\b", said, re.I) is None, said


def assert_is_on_the_page(said: str) -> None:
    """What was said has what the row of the test that is running says, but for backticks."""
    running = os.environ["PYTEST_CURRENT_TEST"].partition(" ")[0].partition("[")[0]
    (row,) = [row for row in rows() if f"{row.file.relative_to(ROOT)}::{row.test}" == running]
    for shown in row.seen:
        wanted = r"[\s\S]*?".join(re.escape(part) for part in shown.split("…"))
        assert re.search(wanted, said.replace("`", "")), (
            f"{shown}\n--- is on the page; what was said:\n{said}"
        )
