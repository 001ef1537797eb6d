"""How many tests passed, failed and were skipped: summed over several runs of pytest, and over several machines."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as Xml

TOLD: Final = "TROP_TEST_COUNTS"  # names the file to which `./trop test` writes them too, for a run elsewhere


@dataclass(frozen=True)
class Counts:
    """Errors outside a test count as failed. A skipped test is not a passed one."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def read(path: Path) -> Counts:
    """What `write` wrote; where nothing was written, the tests did not come to their end: that is one failure."""
    if not path.exists():
        return Counts(failed=1)
    return Counts(**json.loads(path.read_text(encoding="utf-8")))


def of_report(path: Path) -> Counts:
    """What pytest's --junitxml says; a run that wrote none is one failure."""
    if not path.exists():
        return Counts(failed=1)
    suites = list(Xml.parse(path).getroot().iter("testsuite"))
    tests, errors, failures, skipped = (
        sum(int(suite.get(key, "0")) for suite in suites)
        for key in ("tests", "errors", "failures", "skipped")
    )
    return Counts(tests - errors - failures - skipped, errors + failures, skipped)


def items_of(path: Path) -> dict[str, bool]:
    """The field reports that tests of a run were about, and whether all of these passed; skipped is not passed."""
    found: dict[str, bool] = {}
    cases = Xml.parse(path).getroot().iter("testcase") if path.exists() else ()
    for case in cases:
        passed = not any(case.find(tag) is not None for tag in ("failure", "error", "skipped"))
        for told in case.iterfind("properties/property[@name='report']"):
            item = told.get("value", "")
            found[item] = passed and found.get(item, True)
    return found
