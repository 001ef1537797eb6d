"""The picture of the rack: it is what is declared, well formed, and the one in docs/ is up to date."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from cli.map import draw, rack_svg
from config.read import fleet_file
from tests.unit import fleets

SVG = "{http://www.w3.org/2000/svg}"


def words(picture: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(picture).iter(f"{SVG}text")]


def test_the_picture_in_docs_is_up_to_date() -> None:
    assert (fleets.ROOT / "docs/rack.svg").read_text(encoding="utf-8") == rack_svg(fleets.ROOT)


def test_the_picture_names_every_hypervisor_vm_network_and_float() -> None:
    shown = words(rack_svg(fleets.ROOT))

    for word in ("trop01", "trop02", "trop03", "trop04", *fleets.TROP02_VMS, "Siamond", "float1", "float4"):
        assert word in shown
    assert shown.count("bridged") == shown.count("default") == 4
    assert shown.count("52:54:00:02:02:0f") == 1
    assert shown.count("→ Acilamwen") == 1


def test_a_larger_fleet_is_drawn_within_the_picture(tmp_path: Path) -> None:
    facts = fleets.sized(2, 20)
    facts["floats"]["members"]["float2"]["holder"] = "vm01-000"
    plans = {
        name: fleets.load(tmp_path, facts, name, {"vms": {vm: {} for vm in host["slots"]}})
        for name, host in facts["hypervisors"].items()
    }
    root = ET.fromstring(draw(fleet_file(tmp_path, "fleet.yaml"), plans))

    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    boxes = [{k: float(b.get(k, 0)) for k in ("x", "y", "width", "height")} for b in root.iter(f"{SVG}rect")]
    assert all(b["x"] >= 0 and b["x"] + b["width"] <= width for b in boxes)
    assert all(b["y"] >= 0 and b["y"] + b["height"] <= height for b in boxes)
    assert "float1, float2" in [element.text for element in root.iter(f"{SVG}text")]


def test_words_are_escaped() -> None:
    fleet = fleet_file(fleets.ROOT, "config/fleet.yaml")
    odd = fleet.model_copy(update={"vlans": {**fleet.vlans, "a<b&c": fleet.vlans["databases"]}})

    assert "VLAN a<b&c" in words(draw(odd, {}))
