"""The drawing of the rack: the one in docs/ is up to date, nothing overlaps, every word can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.map import drawing as map_svg
from cli.map import svg
from cli.map.compare import picture
from config.read import fleet_file
from tests.cli.map.pictures import RACK, faulty, sized, words
from tests.cli.map.readable import must_be_readable
from tests.config import fleets


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


def test_words_are_escaped() -> None:
    fleet = fleet_file(fleets.ROOT, "config/fleet.yaml")
    odd = fleet.model_copy(update={"vlans": {**fleet.vlans, "a<b&c": fleet.vlans["databases"]}})

    assert "VLAN a<b&c" in words(map_svg.draw(picture(odd, {})))


def test_what_is_cut_can_be_read_whole_by_pointing_at_it() -> None:
    drawn = svg.text(0, 0, "of somebody else", room=50)
    assert "<title>of somebody else</title>of so" in drawn
    assert drawn.endswith("…</text>")
