"""Which room uses which, and how much: what of it the picture shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tests.house import rules
from tests.house.imports import Files

Uses = Mapping[tuple[str, str], int]  # room, used room: how many imports


@dataclass(frozen=True)
class Graph:
    """``inside`` a package: only what is not used over a third room too; ``across``: package to package."""

    inside: Uses
    across: Uses


def graph(files: Files) -> Graph:
    inside: Counter[tuple[str, str]] = Counter()
    across: Counter[tuple[str, str]] = Counter()
    for _, room, other in rules.between_rooms(files):
        package, its = room.partition(".")[0], other.partition(".")[0]
        if package == its:
            inside[room, other] += 1
        else:
            across[package, its] += 1
    return Graph(_direct(inside), across)


def _direct(uses: Uses) -> Uses:
    """Without the uses of what a used room uses itself, near or far."""
    below: dict[str, set[str]] = {}
    for room, other in uses:
        below.setdefault(room, set()).add(other)
    return {
        (room, other): times
        for (room, other), times in uses.items()
        if not any(other in _reached(third, below) for third in below[room] - {other})
    }


def _reached(room: str, below: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    edge = {room}
    while edge:
        edge = {other for one in edge for other in below.get(one, ())} - found
        found |= edge
    return found
