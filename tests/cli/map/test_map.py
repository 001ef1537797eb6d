"""The map of the rack: what is declared, what is seen, each difference; and the picture in docs/ is up to date."""

from __future__ import annotations

import itertools
import re
import struct
import xml.etree.ElementTree as ET
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli import rack
from cli.__main__ import carefully
from cli.map import command as map
from cli.map import drawing as map_svg
from cli.map import mermaid as map_mermaid
from cli.map import png, svg
from cli.map.compare import picture
from cli.map.look import COLOR
from cli.map.model import NOWHERE, SIGN, Card, Mark, Picture
from config.read import fleet_file
from provider.errors import OperatorError
from tests.cli.map import hosts
from tests.cli.map.hosts import domain, network, nic
from tests.config import fleets

SVG = "{http://www.w3.org/2000/svg}"
BRIDGED = ("network", "bridged")
FLOAT2 = "52:54:00:00:01:01"
RACK = rack.load(fleets.ROOT)
DECLARED = picture(RACK.fleet, RACK.plans)
TROP02 = RACK.plans["trop02"]
MACS = {vm.name: vm.mac for vm in TROP02.vms}
SEEN = hosts.as_declared(TROP02)
ODD = (
    '虚拟机 <&"> 🎉',
    "Сервер-баз-данных №1",
    "of-somebody-else-with-a-long-name-" * 3,
    "- [x] `a`|b;#1 %%{end",
)
REASON = "cannot reach libvirt at qemu+ssh://root@trop04/system: " + "no route to host, " * 12


def seen(*domains: object, **changes: object) -> Picture:
    """The rack with changes to what is seen on trop02; trop04 is not reached."""
    sight = {name: hosts.as_declared(plan) for name, plan in RACK.plans.items()}
    sight["trop02"] = hosts.changed(SEEN, *domains, **changes)  # type: ignore[arg-type]
    return picture(RACK.fleet, RACK.plans, sight | {"trop04": OperatorError(REASON)})


def faulty() -> Picture:
    """Faults of every kind, and names of every kind."""
    return seen(
        domain("Acilamwen", [nic(MACS["Acilamwen"]), *[nic(FLOAT2, BRIDGED)] * 4]),
        domain("Ulov", [nic(MACS["Ulov"])], "shut off"),
        domain(
            "Ibalehar",
            [nic(MACS["Ibalehar"], ("network", "lan7")), nic("52:54:00:aa:bb:cc", ("bridge", "br1"))],
        ),
        *(
            domain(odd, [nic("52:54:00:12:34:56", BRIDGED), nic("52:54:00:12:34:57", ("user", ""))])
            for odd in ODD
        ),
        gone=["Lothigometh"],
        networks=[network("nétwork Ω " * 9, "virbr9"), network("lan7", "virbr7", active=False)],
    )


def sized(folder: Path, hypervisors: int, vms: int) -> Picture:
    facts = fleets.sized(hypervisors, vms)
    facts["floats"]["members"]["float2"]["holder"] = "vm01-000"
    plans = {
        name: fleets.load(folder, facts, name, {"vms": {vm: {} for vm in host["slots"]}})
        for name, host in facts["hypervisors"].items()
    }
    return picture(fleet_file(folder, "fleet.yaml"), plans)


def card(shown: Picture, name: str = "trop02") -> Card:
    return next(c for c in shown.cards if c.name == name)


def marks(shown: Picture) -> dict[str, Mark]:
    """Of trop02's parts, by name; a NIC's are its VM, what it is, and where it is plugged."""
    found = {bar.name: bar.mark for bar in card(shown).bars}
    for box in card(shown).boxes:
        found[box.name] = box.mark
        found |= {f"{box.name} {plug.label or plug.mac} {plug.bar}": plug.mark for plug in box.plugs}
    return {name: mark for name, mark in found.items() if mark is not Mark.SAME}


def words(drawn: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(drawn).iter(f"{SVG}text")]


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
    assert (fleets.ROOT / "docs/rack.svg").read_text(encoding="utf-8") == map_svg.draw(DECLARED)


def test_the_picture_names_every_hypervisor_vm_network_and_float() -> None:
    shown = words(map_svg.draw(DECLARED))

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


def test_what_is_seen_as_declared_has_no_mark() -> None:
    shown = seen()
    assert marks(shown) == {}
    assert card(shown).differences == 0
    assert [f.mark for f in shown.floats] == [Mark.SAME] * 4


def test_a_vm_whose_domain_has_another_name_is_found_under_that_name(tmp_path: Path) -> None:
    facts = fleets.rack_facts()
    plan = fleets.load(tmp_path, facts, "trop02", {"vms": {"Acilamwen": {"domain": "acil 2018"}}})
    found = hosts.host(
        [domain("acil 2018", [nic(MACS["Acilamwen"]), nic("52:54:00:00:01:00", BRIDGED)])], SEEN.networks
    )
    shown = picture(RACK.fleet, {"trop02": plan}, {"trop02": found})
    assert (marks(shown), card(shown).differences) == ({}, 0)


def test_four_copies_of_a_nic_with_anothers_mac_are_one_mark_with_their_number() -> None:
    shown = seen(domain("Acilamwen", [nic(MACS["Acilamwen"]), *[nic(FLOAT2, BRIDGED)] * 4]))
    assert marks(shown) == {"Acilamwen float1 bridged": Mark.MISSING, "Acilamwen float2 bridged": Mark.EXTRA}
    assert [p.copies for box in card(shown).boxes for p in box.plugs if p.label == "float2"] == [4]
    assert [(f.mark, f.seen) for f in shown.floats[:2]] == [
        (Mark.MISSING, "plugged nowhere"),
        (Mark.EXTRA, "trop02 Acilamwen ×4"),
    ]


def test_a_declared_nic_that_is_there_several_times_or_in_two_places_is_marked_in_each() -> None:
    mac = MACS["Ulov"]
    several = seen(domain("Ulov", [nic(mac)] * 3))
    assert marks(several) == {f"Ulov {mac} default": Mark.OTHER}
    assert [p.copies for box in card(several).boxes for p in box.plugs if p.mac == mac] == [3]
    assert "NIC ×3" in words(map_svg.draw(several))
    both = seen(domain("Ulov", [nic(mac), nic(mac, BRIDGED)]))
    assert marks(both) == {f"Ulov {mac} default": Mark.OTHER, f"Ulov {mac} bridged": Mark.OTHER}


def test_vms_and_networks_that_are_missing_stopped_or_not_declared_are_marked() -> None:
    shown = seen(
        domain("Ulov", [nic(MACS["Ulov"])], "paused"),
        domain("stranger", [nic("52:54:00:12:34:56", ("bridge", "br1"))]),
        domain("Siamond", [nic("52:54:00:02:02:0e")]),
        gone=["Lothigometh"],
        gone_networks=["default"],
        networks=[network("bridged", "br0", mode="bridge", active=False), network("lan7", "virbr7")],
    )
    own = MACS["Lothigometh"]
    assert marks(shown) == {
        "Ulov": Mark.STOPPED,
        "stranger": Mark.EXTRA,
        "stranger 52:54:00:12:34:56 br1": Mark.EXTRA,
        "Siamond": Mark.EXTRA,
        "Siamond 52:54:00:02:02:0e default": Mark.EXTRA,
        "Lothigometh": Mark.MISSING,
        f"Lothigometh {own} default": Mark.MISSING,
        "default": Mark.MISSING,
        "bridged": Mark.STOPPED,
        "lan7": Mark.EXTRA,
        "br1": Mark.EXTRA,
    }


def test_nics_that_are_elsewhere_or_down_or_on_the_bridge_itself_say_so() -> None:
    floating = "52:54:00:00:01:00"
    shown = seen(
        domain("Ibalehar", [nic(MACS["Ibalehar"], BRIDGED)]),
        domain("Ulov", [nic(MACS["Ulov"], link="down")]),
        domain("Acilamwen", [nic(MACS["Acilamwen"]), nic(floating, ("bridge", "br0"))]),
        networks=[network("default", "virbr3", "52:54:00:99:99:99")],
    )
    notes = {p.mac: p.notes for box in card(shown).boxes for p in box.plugs if p.notes}
    assert notes == {
        MACS["Ibalehar"]: ("not default",),
        MACS["Ulov"]: ("link down",),
        floating: ("on br0 itself",),
    }
    assert set(marks(shown).values()) == {Mark.OTHER}
    assert card(shown).bars[1].note == "seen on virbr3, MAC 52:54:00:99:99:99"


def test_a_float_on_another_hypervisor_is_marked_at_the_float() -> None:
    sight = {name: hosts.as_declared(plan) for name, plan in RACK.plans.items()}
    guest = domain("w", [nic("52:54:00:00:01:00", BRIDGED)])
    shown = picture(RACK.fleet, RACK.plans, sight | {"trop03": hosts.changed(sight["trop03"], guest)})
    assert (shown.floats[0].mark, shown.floats[0].seen) == (Mark.OTHER, "trop02 Acilamwen, trop03 w")


def test_a_hypervisor_that_is_not_reached_is_grey_with_the_reason_and_counts_no_difference() -> None:
    shown = seen()
    unreached = card(shown, "trop04")
    assert {bar.mark for bar in unreached.bars} == {Mark.UNKNOWN}
    assert unreached.differences == 0
    assert "cannot reach libvirt at qemu+ssh://root@trop04/system:" in " ".join(words(map_svg.draw(shown)))


def test_every_difference_is_told_by_a_sign_and_a_line_of_its_own_not_by_colour_alone() -> None:
    drawn = map_svg.draw(faulty())
    legend = words(drawn)
    for mark in SIGN:
        assert mark.value in legend
        assert SIGN[mark] in legend
    without_colour = {re.sub("#[0-9a-f]{6}", "", r) for r in re.findall(r'<rect [^>]*rx="3"[^>]*>', drawn)}
    shapes = {re.sub(r' [xy]="[^"]*"', "", r) for r in without_colour}
    assert len(shapes) == 2 + len(SIGN)  # a VM, a slot, and each difference


def test_words_are_escaped() -> None:
    fleet = fleet_file(fleets.ROOT, "config/fleet.yaml")
    odd = fleet.model_copy(update={"vlans": {**fleet.vlans, "a<b&c": fleet.vlans["databases"]}})

    assert "VLAN a<b&c" in words(map_svg.draw(picture(odd, {})))


def test_what_is_cut_can_be_read_whole_by_pointing_at_it() -> None:
    drawn = svg.text(0, 0, "of somebody else", room=50)
    assert "<title>of somebody else</title>of so" in drawn
    assert drawn.endswith("…</text>")


@pytest.mark.parametrize("name", ODD)
def test_mermaid_gets_no_character_that_means_something_to_it(name: str) -> None:
    chart = map_mermaid.chart(seen(domain(name, [nic("52:54:00:12:34:56")])))
    line = next(line for line in chart.splitlines() if ":::extra" in line)
    label = re.fullmatch(r'    h1v8\("(.*)"\):::extra', line)
    assert label
    plain = label[1].replace("<br/>", "")
    assert not set(re.sub(r"#\d+;", "", plain)) & set('"#&<>`;[]{}()|%')
    assert re.sub(r"#(\d+);", lambda m: chr(int(m[1])), label[1].split("<br/>")[0]) == f"+ {name}"


def test_mermaid_styles_the_very_links_that_differ() -> None:
    lines = map_mermaid.chart(faulty()).splitlines()
    links = [line.split()[0] for line in lines if " ---" in line]
    colours = {int(n): look for n, look in (line.split()[1:3] for line in lines if "linkStyle" in line)}
    nics = [
        (f"h{n}v{i}", plug.mark)
        for n, each in enumerate(faulty().cards)
        for i, box in enumerate(each.boxes)
        for plug in box.plugs
        if plug.bar != NOWHERE
    ]
    styled = [
        (link, colours.get(n, "")) for n, link in enumerate(links) if "v" in link[1:] and link[0] == "h"
    ]
    assert [link for link, _ in styled] == [link for link, _ in nics]
    for (_, look), (_, mark) in zip(styled, nics, strict=True):
        assert look.startswith(f"stroke:{COLOR[mark]}," if mark is not Mark.SAME else "")
        assert bool(look) == (mark is not Mark.SAME)
    assert len(colours) == sum(mark is not Mark.SAME for _, mark in nics)


def test_of_a_vm_that_is_not_there_its_own_nic_is_only_a_line() -> None:
    shown = words(map_svg.draw(seen(gone=["Lothigometh"])))
    assert shown.count(MACS["Lothigometh"]) == 1


def test_a_page_of_markdown_holds_the_chart(tmp_path: Path) -> None:
    map.write(faulty(), tmp_path / "rack.md")
    page = (tmp_path / "rack.md").read_text(encoding="utf-8")
    assert page.count("```") == 2
    assert map_mermaid.chart(faulty()).strip() in page


def test_the_text_of_a_png_is_drawn_without_any_font_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    import resvg_py

    draw = resvg_py.svg_to_bytes
    monkeypatch.setattr(resvg_py, "svg_to_bytes", lambda **options: draw(**options, skip_system_fonts=True))
    for bold, mono in ((False, False), (True, False), (False, True)):
        for text in ("Lothigometh", "52:54:00:02:02:0f", "mW@%&Øж≠×…", "trop02 · 192.168.202.0/24 – iljftr"):
            shape = svg.text(5, 18, text, size=10, bold=bold, mono=mono)
            columns = ink(png.render(svg.document(300, 24, "", [shape])))
            assert columns, text
            assert max(columns) / png.FINE - 5 <= svg.width(text, 10, bold=bold, mono=mono) + 1, text


def ink(picture_: bytes) -> list[int]:
    """The columns of a PNG in which there is anything dark."""
    width, height = struct.unpack(">II", picture_[16:24])
    data, at = b"", 8
    while at < len(picture_):
        length, kind = struct.unpack(">I4s", picture_[at : at + 8])
        data += picture_[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    raw, stride, above = zlib.decompress(data), width * 4, bytes(width * 4)
    dark = set()
    for y in range(height):
        row = unfiltered(
            raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1 : (y + 1) * (stride + 1)]), above
        )
        dark |= {x for x in range(width) if row[4 * x] < 128 and row[4 * x + 3] > 128}
        above = bytes(row)
    return sorted(dark)


def unfiltered(kind: int, row: bytearray, above: bytes) -> bytearray:
    for i in range(len(row)):
        left, up = row[i - 4] if i >= 4 else 0, above[i]
        corner = above[i - 4] if i >= 4 else 0
        distances = [(abs(left + up - corner - v), n, v) for n, v in enumerate((left, up, corner))]
        row[i] = (row[i] + (0, left, up, (left + up) // 2, min(distances)[2])[kind]) % 256
    return row


def test_a_png_has_two_pixels_for_one_until_it_would_be_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = svg.document(400, 100, "", [])
    assert struct.unpack(">II", png.render(drawn)[16:24]) == (800, 200)
    monkeypatch.setattr(png, "MOST_PIXELS", 400 * 100 / 4)
    assert struct.unpack(">II", png.render(drawn)[16:24]) == (200, 50)


def test_the_name_chooses_the_form(tmp_path: Path) -> None:
    for form, start in (
        (".svg", b"<svg "),
        (".png", b"\x89PNG"),
        (".mmd", b"flowchart"),
        (".md", b"# The rack"),
    ):
        map.write(seen(), tmp_path / f"rack{form}")
        assert (tmp_path / f"rack{form}").read_bytes().startswith(start)


def test_a_name_that_says_no_form_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert carefully(lambda: map.run(fleets.ROOT, tmp_path / "rack.gif", seen=False, lab=False)) == 1
    assert "ends with one of .svg, .png, .mmd, .md" in capsys.readouterr().err
    assert carefully(lambda: map.run(fleets.ROOT, tmp_path / "no" / "rack.svg", seen=False, lab=False)) == 1
    assert "can't be written there: No such file or directory" in capsys.readouterr().err
    readme = fleets.ROOT / "docs/rack.svg"
    assert carefully(lambda: map.run(fleets.ROOT, readme, seen=True, lab=False)) == 1
    assert "shows what is declared" in capsys.readouterr().err


def test_hypervisors_that_cannot_be_asked_do_not_keep_the_map_from_being_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TROP_LAB_ROOT", str(tmp_path))
    assert map.run(fleets.ROOT, tmp_path / "rack.svg", seen=True, lab=True) == 0
    assert "trop02 is drawn grey: the lab trop02 is not up on this machine" in capsys.readouterr().out
