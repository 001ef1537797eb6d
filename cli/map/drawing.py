"""A map as SVG: the VLANs and floats at the top, beneath them the hypervisors as cards, and a legend.

The same content gives the same bytes.  Lengths are in pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cli.map import svg
from cli.map.look import CAMPUS, COLOR, FLOAT, INSIDE, NONE, RESERVED, RULE, badge, box_look, line_look
from cli.map.model import SIGN, Card, Float, Mark, Picture
from cli.map.row import BAR, COLUMN, Row
from cli.map.svg import INK, MUTED, Look
from engine.display.words import plural

MARGIN: Final = 20
LEFT: Final = 100  # of the hypervisors' cards; to the left of them is the rail of the campus VLAN
RAIL: Final = 60  # from the edge of the picture
PAD: Final = 16
HEADER: Final = 40
CHIP: Final = 28  # of a bridge that no network of libvirt stands on
CHIP_WIDTH: Final = 290
LEAST_COLUMNS, MOST_COLUMNS = 8, 10
TOP: Final = 60  # of the panels: VLANs and floats
PANEL: Final = 84
SEEN_PANEL: Final = 102  # with a line for what is seen
VLAN_WIDTH: Final = 230
FLOAT_WIDTH: Final = 182
BETWEEN: Final = 10  # a panel and the one beneath
REASON_LINE: Final = 17


def draw(picture: Picture) -> str:
    return _Drawing(picture).document()


@dataclass(frozen=True)
class _Drawing:
    """Where everything goes in one picture."""

    picture: Picture

    @property
    def columns(self) -> int:
        most = max((len(card.boxes) for card in self.picture.cards), default=0)
        return min(MOST_COLUMNS, max(LEAST_COLUMNS, most))

    @property
    def inner(self) -> float:
        """The width of a hypervisor's networks."""
        return self.columns * COLUMN

    @property
    def right(self) -> float:
        return LEFT + self.inner + 2 * PAD

    @property
    def width(self) -> float:
        return self.right + LEFT

    @property
    def panel(self) -> float:
        return SEEN_PANEL if self.picture.live else PANEL

    @property
    def insides(self) -> list[str]:
        """The VLANs on which no floats are: at the right."""
        return self.picture.vlans[1:]

    @property
    def floats_per_row(self) -> int:
        room = self.width - 2 * MARGIN - 2 * VLAN_WIDTH - PAD
        return int(room // (FLOAT_WIDTH + 8))

    def document(self) -> str:
        panels = max(1, -(-len(self.picture.floats) // self.floats_per_row), len(self.insides))
        y = TOP + panels * (self.panel + BETWEEN) + 22.0
        shapes: list[str] = []
        for card in self.picture.cards:
            shapes += [*self._card(card, y), *self._rails(card, y)]
            y += self._height(card) + PAD
        legend, end = self._legend(y + 18)
        title = f"{self.picture.title}: hypervisors, their networks, VMs and floats"
        return svg.document(self.width, end, title, [*shapes, *self._top(), *legend])

    def _top(self) -> Iterator[str]:
        """The VLANs at both ends, and between them the floats, held or free."""
        step = self.panel + BETWEEN
        yield svg.text(MARGIN, 38, self.picture.title, size=20, bold=True)
        yield from self._vlan(self.picture.fleet.floats.vlan, MARGIN, TOP, CAMPUS)
        for i, name in enumerate(self.insides):
            yield from self._vlan(name, self.width - MARGIN - VLAN_WIDTH, TOP + i * step, INSIDE)
        for i, each in enumerate(self.picture.floats):
            row, column = divmod(i, self.floats_per_row)
            x = MARGIN + VLAN_WIDTH + PAD + column * (FLOAT_WIDTH + 8)
            yield from self._float(each, x, TOP + row * step)

    def _vlan(self, name: str, x: float, y: float, color: str) -> Iterator[str]:
        vlan = self.picture.fleet.vlans[name]
        yield svg.box(x, y, VLAN_WIDTH, self.panel, Look("#ffffff", color, 2))
        room = VLAN_WIDTH - 28
        yield svg.text(x + 14, y + 22, f"VLAN {name}", size=14, bold=True, color=color, room=room)
        yield svg.text(x + 14, y + 46, str(vlan.network), mono=True)
        way_out = f"gateway {vlan.gateway}" if vlan.gateway is not None else "no gateway"
        yield svg.text(x + 14, y + 66, way_out, size=11, color=MUTED)

    def _float(self, each: Float, x: float, y: float) -> Iterator[str]:
        fact, held = each.fact, each.fact.holder is not None
        look = Look("#fff4ea" if held else "#ffffff", FLOAT, 1.5 if held else 1, "" if held else RULE)
        yield svg.box(x, y, FLOAT_WIDTH, self.panel, look if each.mark is Mark.SAME else box_look(each.mark))
        yield svg.text(x + 12, y + 22, fact.label, size=13, bold=True, color=FLOAT, room=64)
        left = min(64.0, svg.width(fact.label, 13, bold=True))
        yield svg.text(
            x + 170, y + 22, fact.holder or "free",
            bold=held, color=INK if held else MUTED, anchor="end", room=150 - left,
        )  # fmt: skip
        yield svg.text(x + 12, y + 46, fact.address, mono=True)
        yield svg.text(x + 12, y + 66, fact.mac, size=11, mono=True, color=MUTED)
        if each.seen:
            color = COLOR[each.mark]
            yield svg.text(x + 12, y + 88, each.seen, size=11, bold=True, color=color, room=FLOAT_WIDTH - 20)
        yield from badge(each.mark, x, y + 2)

    def _reason(self, card: Card) -> list[str]:
        return svg.wrapped(card.reason, self.inner - 20, 12)[:3]

    def _header(self, card: Card) -> float:
        return HEADER + max(0, len(card.bridges) - 1) * CHIP + REASON_LINE * len(self._reason(card))

    def _rows(self, card: Card) -> list[Row]:
        """The VMs in rows of nearly equal length; a network that nobody is plugged into is drawn in the last."""
        count = max(1, -(-len(card.boxes) // self.columns))
        each = -(-len(card.boxes) // count) or 1
        groups = [card.boxes[i : i + each] for i in range(0, len(card.boxes), each)] or [()]
        used = [{plug.bar for box in group for plug in box.plugs} for group in groups]
        idle = {bar.name for bar in card.bars} - set().union(*used)
        used[-1] |= idle
        always = {bar.name for bar in card.bars[:2]}
        x = LEFT + PAD
        return [
            Row(group, [bar for bar in card.bars if bar.name in names | always], x, self.inner)
            for group, names in zip(groups, used, strict=True)
        ]

    def _height(self, card: Card) -> float:
        return self._header(card) + sum(row.height + PAD for row in self._rows(card))

    def _card(self, card: Card, top: float) -> Iterator[str]:
        """One hypervisor: its name and rule, its networks, and its VMs between them."""
        look = Look("#eceff2", "#7d8791", 1.5, "1 3") if card.reason else Look("#f6f8fa", "#c9d1d9")
        yield svg.box(LEFT, top, self.right - LEFT, self._height(card), look, 10)
        yield from self._heading(card, top)
        y = top + self._header(card)
        for row in self._rows(card):
            yield from row.draw(y)
            y += row.height + PAD

    def _heading(self, card: Card, top: float) -> Iterator[str]:
        x, y = LEFT + PAD, top + 26.0
        yield svg.text(x, y, card.name, size=17, bold=True, room=self.inner / 3)
        left = min(self.inner / 3, max(76.0, svg.width(card.name, 17, bold=True))) + 14
        found = plural(card.differences, "difference") if card.differences else "as declared"
        after = found if self.picture.live and not card.reason else ""
        room = self.inner - left - (CHIP_WIDTH + 12 if card.bridges else 0) - svg.width(after, bold=True) - 14
        yield svg.text(x + left, y, card.words, color=MUTED, room=room)
        if after:
            at = x + left + svg.width(card.words) + 14
            color = COLOR[Mark.MISSING] if card.differences else MUTED
            yield svg.text(min(at, x + left + room + 14), y, after, bold=True, color=color)
        for i, bridge in enumerate(card.bridges):
            yield from self._bridge(
                f"{bridge.name} · {bridge.address}/{bridge.prefix} · port {bridge.port}", top + i * CHIP
            )
        lines = self._reason(card)
        for n, line in enumerate(lines):
            at = top + self._header(card) - REASON_LINE * (len(lines) - n) + 5
            yield svg.text(x, at, line, bold=False, color=COLOR[Mark.MISSING])
        if card.reason:
            yield from badge(Mark.UNKNOWN, LEFT + 2, top + 4)

    def _bridge(self, words: str, top: float) -> Iterator[str]:
        y = top + (HEADER - CHIP) / 2
        x = self.right - PAD - CHIP_WIDTH
        yield svg.box(x, y + 1, CHIP_WIDTH, CHIP - 2, Look("#f4effa", INSIDE))
        yield svg.text(
            x + CHIP_WIDTH / 2, y + 18, words, size=11.5, anchor="middle", color=INSIDE, room=CHIP_WIDTH - 12
        )

    def _rails(self, card: Card, top: float) -> Iterator[str]:
        """From the VLANs at the top to this hypervisor's bridges."""
        y = top + self._header(card) + BAR / 2
        known = card.bars[0].known
        for row in self._rows(card):
            yield svg.path([(RAIL, TOP + self.panel), (RAIL, y)], line_look(Mark.SAME, CAMPUS))
            yield svg.path(
                [(RAIL, y), (LEFT + PAD, y)], line_look(Mark.SAME, CAMPUS, dash="" if known else RULE)
            )
            yield svg.dot(RAIL, y, CAMPUS)
            y += row.height + PAD
        for i, bridge in enumerate(card.bridges):
            vlan = self.picture.vlan_of(card, bridge)
            if vlan in self.insides:
                x = self.width - RAIL + 14 * self.insides.index(vlan)
                y = top + HEADER / 2 + i * CHIP
                start = TOP + self.panel
                yield svg.path([(x, start), (x, y), (self.right - PAD, y)], Look(NONE, INSIDE, 2.5))
                yield svg.dot(x, y, INSIDE)

    def _legend(self, top: float) -> tuple[list[str], float]:
        """What the shapes mean, in as many lines as it takes; and where the picture ends."""
        x, y = float(LEFT), top
        shapes: list[str] = []
        for look, mark, words in self._meanings():
            wide = 34 + svg.width(words, 11) + 20
            if x + wide > self.right:
                x, y = float(LEFT), y + 24
            shapes += [*_swatch(look, mark, x, y), svg.text(x + 34, y, words, size=11, color=MUTED)]
            x += wide
        return shapes, y + 22

    def _meanings(self) -> Iterator[tuple[Look | None, Mark | None, str]]:
        """A look, as a box with a mark (`SAME` where it has none) or as a line, and what it stands for."""
        yield box_look(Mark.SAME), Mark.SAME, "VM"
        yield RESERVED, Mark.SAME, "slot reserved by name, no VM"
        yield line_look(Mark.SAME, FLOAT), None, "NIC of a float"
        yield line_look(Mark.SAME, CAMPUS, dash=RULE), None, "by rule; facts of the host not declared"
        if self.picture.live:
            for mark in SIGN:
                yield box_look(mark), mark, mark.value
            yield None, None, "×4: so many copies of one NIC"


def _swatch(look: Look | None, mark: Mark | None, x: float, y: float) -> Iterator[str]:
    """A small example of a look, for the legend."""
    if look is not None and mark is None:
        yield svg.path([(x, y - 4), (x + 26, y - 4)], look)
    elif look is not None:
        yield svg.box(x, y - 11, 26, 14, look, 3)
    if mark in SIGN:
        yield svg.text(x + 13, y + 0.5, SIGN[mark], size=12, bold=True, color=COLOR[mark], anchor="middle")
