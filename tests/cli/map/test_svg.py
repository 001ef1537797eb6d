"""The drawing of the rack: the one in docs/ is up to date, nothing overlaps, every word can be read."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.map import drawing as map_svg
from cli.map import svg
from cli.map.compare import picture
from cli.map.model import SIGN
from config.read import fleet_file
from tests.cli.map.pictures import RACK, SVG, faulty, sized, words
from tests.config import fleets


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


def test_the_picture_in_docs_is_up_to_date() -> None:
    assert (fleets.ROOT / "docs/rack.svg").read_text(encoding="utf-8") == map_svg.draw(
        picture(RACK.fleet, RACK.plans)
    )


def test_the_picture_names_every_hypervisor_vm_network_and_float() -> None:
    shown = words(map_svg.draw(picture(RACK.fleet, RACK.plans)))

    for word in ("trop01", "trop02", "trop03", "trop04", *fleets.TROP02_VMS, "Siamond", "float1", "float4"):
        assert word in shown
    assert shown.count("bridged") == shown.count("default") == 4
    assert shown.count("52:54:00:02:02:0f") == 1
    assert shown.count("Acilamwen") == 2  # the VM, and the holder of float1


@pytest.mark.parametrize(("hypervisors", "vms"), [(4, 10), (10, 10), (2, 23), (1, 1)])
def test_nothing_overlaps_or_leaves_the_picture(tmp_path: Path, hypervisors: int, vms: int) -> None:
    must_be_readable(map_svg.draw(sized(tmp_path, hypervisors, vms)))


def test_nothing_overlaps_in_a_picture_full_of_faults_and_odd_names() -> None:
    drawn = map_svg.draw(faulty())
    must_be_readable(drawn)
    shown = " ".join(words(drawn))
    for word in ("float2 ×4", "shut off", "on no network", "lan7", "not default"):
        assert word in shown


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


def test_words_are_escaped() -> None:
    fleet = fleet_file(fleets.ROOT, "config/fleet.yaml")
    odd = fleet.model_copy(update={"vlans": {**fleet.vlans, "a<b&c": fleet.vlans["databases"]}})

    assert "VLAN a<b&c" in words(map_svg.draw(picture(odd, {})))


def test_what_is_cut_can_be_read_whole_by_pointing_at_it() -> None:
    drawn = svg.text(0, 0, "of somebody else", room=50)
    assert "<title>of somebody else</title>of so" in drawn
    assert drawn.endswith("…</text>")
