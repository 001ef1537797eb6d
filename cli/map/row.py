"""A row of VMs between the networks that they are plugged into: the bridged one above, the others below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cli.map import svg
from cli.map.look import (
    CAMPUS,
    COLOR,
    DASH,
    DEFAULT,
    FLOAT,
    RESERVED,
    RULE,
    TINT,
    badge,
    box_look,
    ink,
    line_look,
)
from cli.map.model import NOWHERE, Bar, Box, Mark, Plug
from cli.map.svg import MUTED, Look

COLUMN: Final = 131
BOX: Final = COLUMN - 10
BOX_HEIGHT: Final = 66
BAR: Final = 26
GAP: Final = 8
LEAST: Final = 22  # between the VMs and a network, where no NIC needs more words than a line
BESIDE: Final = "#57606a"  # networks of which nothing is declared


@dataclass(frozen=True)
class Row:
    """``bars`` are those that are drawn: the bridged network first.  ``x`` and ``width`` are the bars'."""

    boxes: Sequence[Box]
    bars: Sequence[Bar]
    x: float
    width: float

    @property
    def _up(self) -> float:
        return self._room(up=True) if self.boxes else 2 * GAP

    @property
    def _down(self) -> float:
        return self._room(up=False) if self.boxes else 0

    def _room(self, *, up: bool) -> float:
        return max(LEAST, *(_stack_height(self._chips(box, up=up)) for box in self.boxes))

    @property
    def height(self) -> float:
        boxes = BOX_HEIGHT if self.boxes else 0
        beneath = len(self.bars) - 1
        return BAR + self._up + boxes + self._down + beneath * BAR + max(0, beneath - 1) * GAP

    def draw(self, top: float) -> Iterator[str]:
        """Lines first, so that they end behind the bars and pass behind the chips."""
        at = top + BAR + self._up
        below = at + BOX_HEIGHT + self._down if self.boxes else at
        bars = {self.bars[0].name: top}
        bars |= {bar.name: below + i * (BAR + GAP) for i, bar in enumerate(self.bars[1:])}
        for i, box in enumerate(self.boxes):
            yield from self._box(box, self.x + (i + 0.5) * COLUMN, at, bars)
        for bar in self.bars:
            yield from draw_bar(bar, self.x, bars[bar.name], self.width, bar is self.bars[0])

    def _box(self, box: Box, x: float, top: float, bars: dict[str, float]) -> Iterator[str]:
        for up in (True, False):
            plugs = self._plugs(box, up=up)
            for n, plug in enumerate(plugs):
                at = x + 14 * (n - (len(plugs) - 1) / 2)
                if plug.bar == NOWHERE:
                    continue
                start = top if up else top + BOX_HEIGHT
                color = FLOAT if plug.label else CAMPUS if up else DEFAULT
                yield svg.path(
                    [(at, start), (at, bars[plug.bar] + (BAR if up else 0))], line_look(plug.mark, color)
                )
        for up in (True, False):
            chips = self._chips(box, up=up)
            y = GAP + (top - _stack_height(chips) if up else top + BOX_HEIGHT)
            for plug in chips:
                yield from _chip(plug, x, y)
                y += _chip_height(plug) + GAP
        yield from _vm(box, x, top)

    def _plugs(self, box: Box, *, up: bool) -> list[Plug]:
        return [p for p in box.plugs if (p.bar == self.bars[0].name) == up]

    def _chips(self, box: Box, *, up: bool) -> list[Plug]:
        return [p for p in self._plugs(box, up=up) if not box.plain(p)]


def _chip_height(plug: Plug) -> float:
    return 8 + 14 * len(plug.lines)


def _stack_height(plugs: Sequence[Plug]) -> float:
    return sum(_chip_height(p) + GAP for p in plugs) + GAP if plugs else 0


def _chip(plug: Plug, x: float, top: float) -> Iterator[str]:
    """A NIC of which more is to be said than a line does."""
    as_declared = plug.mark is Mark.SAME
    look = Look("#fff4ea", FLOAT, 1.5) if as_declared else box_look(plug.mark)
    color = FLOAT if as_declared else COLOR[plug.mark]
    yield svg.box(x - 60, top, 120, _chip_height(plug), look)
    first, second, *notes = plug.lines
    yield svg.text(x, top + 15, first, size=11, bold=True, color=color, anchor="middle", room=98)
    size = 11 if plug.label else 10
    yield svg.text(x, top + 30, second, size=size, mono=True, color=ink(plug.mark), anchor="middle", room=114)
    for n, note in enumerate(notes):
        yield svg.text(x, top + 44 + 14 * n, note, size=10, color=color, anchor="middle", room=112)
    if plug.mark is not Mark.UNKNOWN:
        yield from badge(plug.mark, x - 60, top + 2)


def _vm(box: Box, x: float, top: float) -> Iterator[str]:
    look = box_look(box.mark) if box.vm else RESERVED
    color = ink(box.mark) if box.vm else MUTED
    yield svg.box(x - BOX / 2, top, BOX, BOX_HEIGHT, look)
    yield from _name(box, x, top, color)
    if box.state:
        yield svg.text(x, top + 39, box.state, size=12, bold=True, color=color, anchor="middle", room=BOX - 8)
    else:
        yield svg.text(x, top + 39, box.address, size=11, mono=True, color=color, anchor="middle")
    yield svg.text(x, top + 55, box.mac, size=10, mono=True, color=MUTED, anchor="middle")
    if box.vm and box.mark is not Mark.UNKNOWN:
        yield from badge(box.mark, x - BOX / 2, top + 2)


def _name(box: Box, x: float, top: float, color: str) -> Iterator[str]:
    """As large as it goes into one line, else in two."""
    room = BOX - 8
    for size in (13, 12, 11):
        if svg.width(box.name, size, bold=box.vm) <= room:
            yield svg.text(x, top + 20, box.name, size=size, bold=box.vm, color=color, anchor="middle")
            return
    for n, part in enumerate(svg.broken(box.name, room - 12, 10, bold=box.vm)):
        yield svg.text(x, top + 14 + 12 * n, part, size=10, bold=box.vm, color=color, anchor="middle")


def draw_bar(bar: Bar, x: float, top: float, width: float, bridged: bool) -> Iterator[str]:
    """A network, as a bar from side to side: its name, what is to be known of it, and how it differs."""
    color = CAMPUS if bridged else DEFAULT if bar.mark is not Mark.EXTRA else BESIDE
    look, letters = Look(color, color), "#ffffff"
    if bar.mark is not Mark.SAME:
        look, letters = Look(TINT[bar.mark], COLOR[bar.mark], 2, DASH.get(bar.mark, "")), COLOR[bar.mark]
    elif not bar.known:
        look, letters = Look("#ffffff", color, 1.5, RULE), color
    yield svg.box(x, top, width, BAR, look, 5)
    left = max(90.0, svg.width(bar.name, 12, bold=True) + 26)
    right = svg.width(bar.note, 12, bold=True) + 24 if bar.note else 12
    yield svg.text(x + 14, top + 17.5, bar.name, bold=True, color=letters, room=width / 3)
    left = min(left, width / 3 + 26)
    yield svg.text(
        x + left, top + 17.5, bar.words, size=11, mono=True, color=letters, room=width - left - right
    )
    if bar.note:
        yield svg.text(
            x + width - 12, top + 17.5, bar.note, bold=True, color=letters, anchor="end", room=width / 3
        )
    if bar.mark is not Mark.UNKNOWN:  # said once, of the whole hypervisor
        yield from badge(bar.mark, x, top + 2)
