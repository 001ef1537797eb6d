"""docs/versions.md: its table, a row for each release as the last run on it found it; the rest of the page is kept."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli import ROOT
from cli.counts import Counts

PAGE: Final = ROOT / "docs/versions.md"
BEGIN: Final = "<!-- written by ./trop test --on RELEASE --write -->"
END: Final = "<!-- end of what is written -->"
HEAD: Final = (
    "| release | libvirt | QEMU | dnsmasq | Python | what ran | passed | failed | skipped | demo, s | day |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
)
# The packages whose versions count, by their column.
PACKAGES: Final = {
    "libvirt": "libvirt-daemon",
    "QEMU": "qemu-system-x86",
    "dnsmasq": "dnsmasq-base",
    "Python": "python3",
}


@dataclass(frozen=True)
class Row:
    """``versions`` by the columns of `PACKAGES`; ``demo`` is None where it was not run, or failed."""

    release: str
    day: str
    versions: dict[str, str]
    what: str
    counts: Counts
    demo: int | None

    def cells(self) -> str:
        found = [self.versions.get(column, "–") for column in PACKAGES]
        what = self.what.replace("|", "\\|")
        numbers = [str(n) for n in (self.counts.passed, self.counts.failed, self.counts.skipped)]
        demo = "–" if self.demo is None else str(self.demo)
        return f"| {' | '.join([self.release, *found, what, *numbers, demo, self.day])} |"


def installed(root: Path) -> dict[str, str]:
    """Versions of a root file system by column, from dpkg's own record; without epoch and Debian's revision."""
    status = (root / "var/lib/dpkg/status").read_text(encoding="utf-8")
    entries = map(email.message_from_string, status.split("\n\n"))
    told = {
        each["Package"]: each["Version"] for each in entries if each.get("Status", "").endswith(" installed")
    }
    found = {column: told[package] for column, package in PACKAGES.items() if package in told}
    return {column: re.split("[-+]", each.rpartition(":")[2])[0] for column, each in found.items()}


def write(row: Row) -> None:
    """Puts the row into the page, in the place of the former one of that release and of the same tests."""
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), row), encoding="utf-8")


def replaced(text: str, row: Row) -> str:
    before, _, rest = text.partition(BEGIN)
    table, _, after = rest.partition(END)
    rows = [line for line in table.strip().splitlines()[len(HEAD) :] if _key(line) != _key(row.cells())]
    lines = [BEGIN, *HEAD, *sorted([*rows, row.cells()]), END]
    return before + "\n".join(lines) + after


def _key(line: str) -> tuple[str, str]:
    cells = [cell.strip() for cell in line.replace("\\|", "\0").split("|")]
    return cells[1], cells[6]
