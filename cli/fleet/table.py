"""What came of each stack, read from what its run said, and the table of all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from rich.table import Column, Table

from cli.fleet.children import Ended

# Lines of the engines' summary: "    + 3 to create", "    ~ 1 updated", "    2 changes. 5 unchanged".
_COUNT: Final = re.compile(r"\s+(?:[-+~=<>]{1,2}\s*)?(\d+) ((?:to )?[a-z][a-z -]*)")
_SAME: Final = re.compile(r"\b(\d+) unchanged")
_IMPACTS: Final = re.compile(r"\s+(\d+ (?!changes|errored)[a-z].*|nothing restarts.*|done in part.*)")

INTERRUPTED: Final = 130


@dataclass(frozen=True)
class Outcome:
    """``code`` is an exit code, or None for a stack that was not run; ``changes`` by the engines' words."""

    result: str
    code: int | None = None
    changes: tuple[tuple[str, int], ...] = ()
    impacts: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def what(self) -> str:
        return ", ".join(f"{count} {word}" for word, count in self.changes)


def outcome(ended: Ended) -> Outcome:
    changes, impacts = read(ended.output)
    result = {0: "ok", INTERRUPTED: "interrupted"}.get(ended.code, f"failed (exit code {ended.code})")
    return Outcome(result, ended.code, tuple(changes.items()), impacts, ended.seconds)


def read(output: str) -> tuple[dict[str, int], tuple[str, ...]]:
    """The counts and the impacts of a run's summary; none where it had no summary."""
    _, found, block = output.rpartition("\nResources:")
    changes: dict[str, int] = {}
    impacts: list[str] = []
    for line in block.splitlines()[1:] if found else ():
        if not line.strip():
            break
        same, count = _SAME.search(line), _COUNT.fullmatch(line)
        if same:
            changes["same"] = int(same[1])
        elif count and not count[2].startswith(("change", "errored")):
            changes[count[2]] = int(count[1])
        elif impact := _IMPACTS.fullmatch(line):
            impacts.append(impact[1])
    return changes, tuple(impacts)


def joined(first: Outcome, second: Outcome) -> Outcome:
    """One stack's two runs as one: what was changed in either, the same of the last."""
    changes = {word: count for word, count in first.changes if word != "same"}
    for word, count in second.changes:
        changes[word] = count + (changes.get(word, 0) if word != "same" else 0)
    return replace(
        second,
        changes=tuple(changes.items()),
        impacts=first.impacts + second.impacts,
        seconds=first.seconds + second.seconds,
    )


def table(title: str, outcomes: Mapping[str, Outcome]) -> Table:
    folded = [Column(heading, overflow="fold") for heading in ("stack", "changes", "impacts", "result")]
    made = Table(*folded, Column("duration", justify="right"), title=title, title_justify="left")
    for stack, one in outcomes.items():
        seconds = f"{one.seconds:.0f} s" if one.code is not None else ""
        made.add_row(stack, one.what, "\n".join(one.impacts), one.result, seconds)
    return made
