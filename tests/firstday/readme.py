"""The commands of README and of the pages in docs/ to which it leads, as they stand there."""

from __future__ import annotations

import re
from typing import Final

from cli import ROOT

ADDRESSES: Final = "docs/addresses.md"
# Pages whose lines are no steps of a day: tables that other tests hold, and what was measured.
_TABLES: Final = (
    "audit.md",
    "catalogue.md",
    "faults.md",
    "impact.md",
    "keys.md",
    "remote.md",
    "scale.md",
    "seeds.md",
    "versions.md",
)
# Of all others each command is typed, on this day or elsewhere.
PAGES: Final = (
    "README.md",
    *sorted(f"docs/{file.name}" for file in (ROOT / "docs").glob("*.md") if file.name not in _TABLES),
)
_FIRST: Final = re.compile(r"\./trop |virsh |export |\.ci/run|\.venv/bin/|.*\| \./trop ")
_COMMENT: Final = re.compile(r"\s{2,}.*")


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(name: str) -> list[str]:
    """Of one page: in its blocks, and between backticks in its sentences and tables."""
    blocks = [line.strip().removeprefix("$ ") for line in block_lines(name)]
    sentences = "\n".join(line for line in page(name).splitlines() if not line.startswith("    "))
    found = [*blocks, *(" ".join(each.split()) for each in re.findall(r"`([^`]+)`", sentences))]
    return list(dict.fromkeys(_COMMENT.sub("", each) for each in found if _FIRST.match(each)))


def block_lines(name: str) -> list[str]:
    """The lines of a page's blocks, as they are indented in it."""
    return [line[4:] for line in page(name).splitlines() if line.startswith("    ")]


def answer(name: str, command: str) -> list[str]:
    """What a page shows below a command, up to the next one."""
    lines = block_lines(name)
    rest = lines[lines.index(f"$ {command}") + 1 :]
    end = next((index for index, line in enumerate(rest) if line.startswith("$ ")), len(rest))
    return [line for line in rest[:end] if line]


def all_commands() -> list[str]:
    return list(dict.fromkeys(command for name in PAGES for command in commands(name)))
