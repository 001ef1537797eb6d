"""Whether a picture can be read: no two texts meet, none lies across a border, all are in the picture."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from cli.map import svg
from cli.map.model import SIGN
from tests.cli.map.pictures import SVG


@dataclass
class Area:
    """A text's place in a picture."""

    words: str
    left: float
    right: float
    top: float
    bottom: float

    def holds(self, other: Area) -> bool:
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom

    def meets(self, other: Area) -> bool:
        apart = self.right <= other.left or other.right <= self.left
        return not (apart or self.bottom <= other.top or other.bottom <= self.top)


def areas(drawn: str) -> list[Area]:
    found = []
    for e in ET.fromstring(drawn).iter(f"{SVG}text"):
        text = "".join(e.itertext()) if e.find(f"{SVG}title") is None else e.find(f"{SVG}title").tail or ""
        size, x, y = float(e.attrib["font-size"]), float(e.attrib["x"]), float(e.attrib["y"])
        wide = svg.width(text, size, bold="font-weight" in e.attrib, mono="class" in e.attrib)
        left = {"start": x, "middle": x - wide / 2, "end": x - wide}[e.attrib["text-anchor"]]
        found.append(Area(text, left, left + wide, y - 0.75 * size, y + 0.2 * size))
    return found


def must_be_readable(drawn: str) -> None:
    """No two texts meet, no box or text lies across another box's border, and all are in the picture.

    Signs are left out: they sit on corners.
    """
    root = ET.fromstring(drawn)
    picture_, *boxes = [
        Area("box", x, x + wide, y, y + high)
        for x, y, wide, high in (
            [float(e.get(key, 0)) for key in ("x", "y", "width", "height")] for e in root.iter(f"{SVG}rect")
        )
    ]
    texts = areas(drawn)
    assert [t.words for t in [*boxes, *texts] if not picture_.holds(t)] == []
    assert [(a.words, b.words) for a, b in itertools.combinations(texts, 2) if a.meets(b)] == []
    plain = [t for t in texts if t.words not in SIGN.values()]
    assert [t.words for t in plain for b in boxes if t.meets(b) and not b.holds(t)] == []
    pairs = itertools.combinations(boxes, 2)
    assert [(a, b) for a, b in pairs if a.meets(b) and not (a.holds(b) or b.holds(a))] == []
