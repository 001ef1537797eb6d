"""The map of the rack: what is declared, what is seen, and each difference with a mark of its own."""

from __future__ import annotations

import re
from pathlib import Path

from cli.map import drawing as map_svg
from cli.map.compare import picture
from cli.map.model import SIGN, Mark
from tests.cli.map import hosts
from tests.cli.map.hosts import domain, network, nic
from tests.cli.map.pictures import BRIDGED, FLOAT2, MACS, RACK, SEEN, card, faulty, marks, seen, words
from tests.config import fleets


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
