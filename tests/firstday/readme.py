"""The commands of README, as they stand there."""

from __future__ import annotations

import re
from typing import Final

from cli import ROOT

# Of these parts each command is typed, in this order.
PARTS: Final = (
    "On a real hypervisor",
    "Taking over what runs",
    "What is wrong with it",
    "Whose address is this",
    "Day by day",
    "When something is broken",
)
_FIRST: Final = re.compile(r"\./trop |virsh |export |.*\| \./trop ")
_COMMENT: Final = re.compile(r"\s{2,}#.*")


def part(name: str) -> str:
    """The text below that heading."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def commands(name: str) -> list[str]:
    """Of one part: in its blocks, and between backticks in its sentences and tables."""
    blocks = [line.strip().removeprefix("$ ") for line in block_lines(name)]
    sentences = "\n".join(line for line in part(name).splitlines() if not line.startswith("    "))
    found = [*blocks, *(" ".join(each.split()) for each in re.findall(r"`([^`]+)`", sentences))]
    return list(dict.fromkeys(_COMMENT.sub("", each) for each in found if _FIRST.match(each)))


def block_lines(name: str) -> list[str]:
    """The lines of a part's blocks, as they are indented in it."""
    return [line[4:] for line in part(name).splitlines() if line.startswith("    ")]


def answer(name: str, command: str) -> list[str]:
    """What a part shows below a command, up to the next one."""
    lines = block_lines(name)
    rest = lines[lines.index(f"$ {command}") + 1 :]
    end = next((index for index, line in enumerate(rest) if line.startswith("$ ")), len(rest))
    return [line for line in rest[:end] if line]


def all_commands() -> list[str]:
    return list(dict.fromkeys(command for name in PARTS for command in commands(name)))
