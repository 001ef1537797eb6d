"""A map in Mermaid's words, for documents that draw such charts themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cli.map.look import COLOR, DASH, TINT
from cli.map.model import NOWHERE, SIGN, Card, Mark, Picture

# Characters that mean something in Mermaid, in HTML or in Markdown, all of which a label passes through.
_ESCAPED: Final = frozenset('"#&<>`;\\|[]{}()*_~$%@')
_LIKE_A_LIST: Final = re.compile(r"([-+]|\d+[.)])(\s|$)")  # of Markdown's, which Mermaid does not draw


def document(picture: Picture) -> str:
    """A page of Markdown with the chart, and what its signs mean."""
    return "\n".join(
        [f"# {picture.title}", "", "```mermaid", chart(picture).rstrip(), "```", "", *_legend(picture)]
    )


def chart(picture: Picture) -> str:
    links: list[str] = []
    styles: list[str] = []

    def link(line: str, mark: Mark) -> None:
        if mark is not Mark.SAME:
            dash = f",stroke-dasharray:{DASH[mark]}" if mark in DASH else ""
            styles.append(f"  linkStyle {len(links)} stroke:{COLOR[mark]},stroke-width:3px{dash}")
        links.append(f"  {line}")

    nodes = [*_vlans(picture), *_floats(picture)]
    for number, card in enumerate(picture.cards):
        nodes += _card(card, f"h{number}")
        link(f"vlan0 --- h{number}n0", Mark.SAME)
        for i, bridge in enumerate(card.bridges):
            vlan = picture.vlans.index(picture.vlan_of(card, bridge))
            link(f"vlan{vlan} --- h{number}b{i}", Mark.SAME)
        bars = [bar.name for bar in card.bars]
        for i, box in enumerate(card.boxes):
            for plug in box.plugs:
                if plug.bar == NOWHERE:
                    continue
                name, *more = plug.lines
                edge = "---" if box.plain(plug) else f"---|{_text(_signed(plug.mark, name), *more)}|"
                link(f"h{number}v{i} {edge} h{number}n{bars.index(plug.bar)}", plug.mark)
    return "\n".join(["flowchart LR", *nodes, *links, *_classes(), *styles, ""])


def _vlans(picture: Picture) -> Iterator[str]:
    for i, name in enumerate(picture.vlans):
        yield f"  vlan{i}([{_text(f'VLAN {name}', str(picture.fleet.vlans[name].network))}])"


def _floats(picture: Picture) -> Iterator[str]:
    """Those that no chart of a VM shows: free, or otherwise than declared."""
    shown = [each for each in picture.floats if each.fact.holder is None or each.mark is not Mark.SAME]
    if shown:
        yield '  subgraph floats["floats"]'
        for i, each in enumerate(shown):
            held = f"held by {each.fact.holder}" if each.fact.holder else "free"
            seen = [f"seen: {each.seen}"] if each.seen else []
            name = _signed(each.mark, each.fact.label)
            label = _text(name, each.fact.address, each.fact.mac, held, *seen)
            yield f"    f{i}[{label}]{_class(each.mark, 'reserved')}"
        yield "  end"


def _card(card: Card, key: str) -> Iterator[str]:
    reason = [f"not reached: {card.reason}"] if card.reason else []
    yield f"  subgraph {key}[{_text(card.name, *reason)}]"
    for i, bar in enumerate(card.bars):
        label = _text(_signed(bar.mark, bar.name), *(part for part in (bar.words, bar.note) if part))
        yield f"    {key}n{i}[{label}]{_class(bar.mark, 'network')}"
    for i, bridge in enumerate(card.bridges):
        yield f"    {key}b{i}[{_text(bridge.name, f'{bridge.address}/{bridge.prefix}')}]:::network"
    for i, box in enumerate(card.boxes):
        lines = (box.state, box.address, box.mac, "" if box.vm else "no VM")
        label = _text(_signed(box.mark, box.name), *(line for line in lines if line))
        yield f"    {key}v{i}({label}){_class(box.mark, 'vm' if box.vm else 'reserved')}"
    yield "  end"


def _signed(mark: Mark, words: str) -> str:
    return f"{SIGN[mark]} {words}" if mark in SIGN else words


def _text(*lines: str) -> str:
    """A label; what could be taken for anything but text goes in as its number."""
    return '"' + "<br/>".join(_escaped(line) for line in lines) + '"'


def _escaped(line: str) -> str:
    plain = " ".join(line.split())
    listed = _LIKE_A_LIST.match(plain)
    first = f"#{ord(plain[0])};" if listed else ""
    return first + "".join(f"#{ord(c)};" if c in _ESCAPED else c for c in plain[bool(listed) :])


def _class(mark: Mark, otherwise: str) -> str:
    return f":::{otherwise if mark is Mark.SAME else mark.name.lower()}"


def _classes() -> Iterator[str]:
    yield "  classDef vm fill:#ffffff,stroke:#1f2328,color:#1f2328"
    yield "  classDef network fill:#e7f0fa,stroke:#1f5fa8,color:#1f2328"
    yield "  classDef reserved fill:#ffffff,stroke:#9aa4ae,color:#59636e,stroke-dasharray:4 3"
    for mark in SIGN:
        dash = f",stroke-dasharray:{DASH[mark]}" if mark in DASH else ""
        look = f"fill:{TINT[mark]},stroke:{COLOR[mark]},color:#1f2328,stroke-width:2px{dash}"
        yield f"  classDef {mark.name.lower()} {look}"


def _legend(picture: Picture) -> Iterator[str]:
    if picture.live:
        yield from (f"- `{SIGN[mark]}` {mark.value}" for mark in SIGN)
        yield "- `×4` so many copies of one NIC"
        yield ""
