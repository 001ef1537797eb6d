"""Colours, dashes and signs of a map.  Each difference is told by all three, so that no colour is needed to see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cli.map import svg
from cli.map.model import SIGN, Mark
from cli.map.svg import INK, MUTED, Look

NONE: Final = "none"
CAMPUS, DEFAULT, FLOAT, INSIDE = "#1f5fa8", "#2b7a4b", "#c2570c", "#6f4fa3"
RESERVED: Final = Look(NONE, "#9aa4ae", dash="4 3")
RULE: Final = "4 3"  # the dash of what follows from a rule alone

COLOR: Final = {
    Mark.SAME: INK,
    Mark.MISSING: "#b3261e",
    Mark.EXTRA: "#a3178f",
    Mark.OTHER: "#7a5200",
    Mark.STOPPED: "#3d4650",
    Mark.UNKNOWN: "#7d8791",
}
TINT: Final = {
    Mark.SAME: "#ffffff",
    Mark.MISSING: "#fdecea",
    Mark.EXTRA: "#fbe9f8",
    Mark.OTHER: "#fff3bf",
    Mark.STOPPED: "#dfe3e8",
    Mark.UNKNOWN: "#f1f3f5",
}
DASH: Final = {Mark.MISSING: "8 4", Mark.EXTRA: "2 3", Mark.OTHER: "10 3 2 3", Mark.UNKNOWN: "1 3"}


def box_look(mark: Mark) -> Look:
    return Look(TINT[mark], COLOR[mark], 1.5 if mark in (Mark.SAME, Mark.UNKNOWN) else 2, DASH.get(mark, ""))


def line_look(mark: Mark, color: str, *, dash: str = "") -> Look:
    """A line of a network's colour where all is as declared, else of the difference's."""
    if mark is Mark.SAME:
        return Look(NONE, color, 2.5, dash)
    return Look(NONE, COLOR[mark], 2.5, DASH.get(mark, ""))


def badge(mark: Mark, x: float, y: float) -> Iterator[str]:
    """The sign of a difference, around a corner."""
    if mark in SIGN:
        yield svg.dot(x, y, COLOR[mark], 8)
        yield svg.text(x, y + 4.5, SIGN[mark], size=13, bold=True, color="#ffffff", anchor="middle")


def ink(mark: Mark) -> str:
    return MUTED if mark is Mark.UNKNOWN else INK
