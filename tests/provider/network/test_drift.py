"""A network that was changed by hand: drift shown, and mended without taking anything down."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from lxml import etree

from provider.errors import Refused
from tests.provider.fakes.libvirt import Domain
from tests.provider.fakes.storage_world import DEFAULT, HANDLERS, World, sample


def test_a_stopped_network_is_shown_and_started(made: tuple[World, str, Any]) -> None:
    world, id, network = made
    network.destroy()
    assert world.drift("Network", id, DEFAULT) == {"active": "update"}
    world.update("Network", id, DEFAULT, DEFAULT)
    assert network.isActive()
    assert world.drift("Network", id, DEFAULT) == {}


def test_guests_that_a_stop_has_cut_off_are_shown_and_plugged_in_again(made: tuple[World, str, Any]) -> None:
    world, id, network = made
    guest = Domain(sample("domain-overlay-live.xml"), None, world.conn)
    world.conn.domains = [guest]
    assert world.drift("Network", id, DEFAULT) == {"unplugged": "update"}
    world.update("Network", id, DEFAULT, DEFAULT)
    assert world.drift("Network", id, DEFAULT) == {}
    assert [network.name() for network in world.conn.networks] == ["default"]
    network.destroy()
    world.update("Network", id, DEFAULT, DEFAULT)
    assert world.drift("Network", id, DEFAULT) == {}


def test_a_network_undefined_while_it_runs_is_shown_and_defined_again(made: tuple[World, str, Any]) -> None:
    world, id, network = made
    network.undefine()
    assert world.drift("Network", id, DEFAULT) == {"persistent": "update", "autostart": "update"}
    world.update("Network", id, DEFAULT, DEFAULT)
    assert world.drift("Network", id, DEFAULT) == {}
    assert network.live is not None


def test_a_missing_reservation_is_one_addition_and_is_mended_by_one_call(
    made: tuple[World, str, Any],
) -> None:
    world, id, network = made
    network.update(2, 4, -1, "<host mac='52:54:00:02:02:0a'/>", 3)
    network.log.clear()
    assert world.drift("Network", id, DEFAULT) == {"dhcpHosts[2]": "add"}
    world.update("Network", id, DEFAULT, DEFAULT)
    assert [(command, flags) for command, _, _, flags in network.log] == [(3, 3)]
    assert world.drift("Network", id, DEFAULT) == {}


def test_a_reservation_that_differs_live_only_is_shown_and_mended_live_only(
    made: tuple[World, str, Any],
) -> None:
    world, id, network = made
    network.update(1, 4, -1, "<host mac='52:54:00:02:02:0b' ip='192.168.202.99' name='Dwiema'/>", 1)
    network.log.clear()
    assert world.drift("Network", id, DEFAULT) == {"dhcpHosts[3].ip": "update"}
    world.update("Network", id, DEFAULT, DEFAULT)
    assert [(command, flags) for command, _, _, flags in network.log] == [(1, 1)]


def test_a_reservation_of_another_hand_is_shown_and_removed(made: tuple[World, str, Any]) -> None:
    world, id, network = made
    network.update(3, 4, -1, "<host mac='52:54:00:00:00:99' ip='192.168.202.99'/>", 3)
    assert world.drift("Network", id, DEFAULT) == {"dhcpHosts[8]": "delete"}
    world.update("Network", id, DEFAULT, DEFAULT)
    assert world.drift("Network", id, DEFAULT) == {}


def test_no_call_is_made_for_a_network_as_declared(made: tuple[World, str, Any]) -> None:
    world, id, network = made
    world.update("Network", id, DEFAULT, DEFAULT)
    assert network.log == []


def test_an_edit_of_the_definition_that_does_not_run_yet_is_shown_and_taken_back(
    made: tuple[World, str, Any],
) -> None:
    world, id, network = made
    network.config.find("bridge").set("delay", "4")
    assert world.drift("Network", id, DEFAULT) == {"delay": "update"}
    world.update("Network", id, DEFAULT, DEFAULT)
    assert world.drift("Network", id, DEFAULT) == {}


def test_another_name_is_refused(made: tuple[World, str, Any]) -> None:
    world, id, _ = made
    before = world.everything()
    for preview in (True, False):
        with pytest.raises(Refused, match="name can't be changed to new"):
            world.update("Network", id, DEFAULT, {**DEFAULT, "name": "new"}, preview)
    assert world.everything() == before


def test_what_would_take_it_down_is_done_while_it_is_down(made: tuple[World, str, Any]) -> None:
    world, id, network = made
    network.destroy()
    world.update("Network", id, DEFAULT, {**DEFAULT, "stp": True})
    assert network.live.find("bridge").get("stp") == "on"


def test_a_preview_of_an_update_changes_nothing(made: tuple[World, str, Any]) -> None:
    world, id, _ = made
    before = world.everything()
    world.update("Network", id, DEFAULT, {**DEFAULT, "dhcpHosts": []}, preview=True)
    assert world.everything() == before


def test_a_property_that_is_declared_no_more_is_left_alone(made: tuple[World, str, Any]) -> None:
    world, id, _ = made
    less = {key: value for key, value in DEFAULT.items() if key not in ("mac", "stp", "dhcpHosts")}
    before = world.everything()
    assert HANDLERS["Network"].diff(world.call("Network", "x"), id, {}, DEFAULT, less).changes == {}
    world.update("Network", id, DEFAULT, less)
    assert world.everything() == before


def test_an_import_reads_all_and_differs_from_no_declaration_that_agrees(
    made: tuple[World, str, Any],
) -> None:
    world, id, network = made
    network.config = etree.fromstring(sample("network-default-inactive.xml"))
    network.live = copy.deepcopy(network.config)
    found = world.read("Network", network.UUIDString(), {}, {})
    assert found.inputs["dhcpHosts"][0]["name"] == "Araybwyn"
    diff = HANDLERS["Network"].diff(world.call("Network", "x"), id, found.outputs, found.inputs, DEFAULT)
    assert diff.changes == {}


def test_a_subnet_that_somebody_has_added_is_left_alone(made: tuple[World, str, Any]) -> None:
    world, id, network = made
    for side in (network.config, network.live):
        side.append(etree.fromstring("<ip address='10.98.0.1' prefix='24'/>"))
    found = world.read("Network", id, DEFAULT, {})
    assert found.inputs == DEFAULT
    imported = world.read("Network", id, {}, {})
    assert imported.inputs["addresses"] == DEFAULT["addresses"]
    handler = HANDLERS["Network"]
    assert handler.check(world.call("Network", "x"), imported.inputs, imported.inputs).failures == []
    world.update("Network", id, DEFAULT, {**DEFAULT, "dhcpHosts": DEFAULT["dhcpHosts"][:1]})
    assert len(network.live.findall("ip")) == len(network.config.findall("ip")) == 2


def test_a_range_is_changed_without_a_restart(made: tuple[World, str, Any]) -> None:
    world, id, network = made
    new = {**DEFAULT, "dhcpRanges": [{"start": "192.168.202.8", "end": "192.168.202.20"}]}
    call = world.call("Network", "x")
    HANDLERS["Network"].update(call, id, DEFAULT, DEFAULT, new, False)
    assert [(command, section, flags) for command, section, _, flags in network.log] == [(3, 5, 3), (2, 5, 3)]
    assert world.drift("Network", id, new) == {}
    assert [str(note) for note in call.notes] == [
        "impact live: dhcpRanges: DHCP ranges: 1 added, 1 removed; dnsmasq restarts and keeps its leases; "
        "2 holes of 0.2 to 0.4 s in forwarded traffic, none to the gateway"
    ]


@pytest.mark.parametrize("command", [2, 3])
@pytest.mark.parametrize("flags", [1, 2, 3])
def test_a_range_changed_by_hand_is_shown_and_mended(
    made: tuple[World, str, Any], command: int, flags: int
) -> None:
    world, id, network = made
    start, end = ("8", "15") if command == 2 else ("30", "40")
    network.update(command, 5, -1, f"<range start='192.168.202.{start}' end='192.168.202.{end}'/>", flags)
    assert {path.split("[")[0] for path in world.drift("Network", id, DEFAULT)} == {"dhcpRanges"}
    network.log.clear()
    world.update("Network", id, DEFAULT, DEFAULT)
    assert [made_flags for _, _, _, made_flags in network.log] == [flags]
    assert world.drift("Network", id, DEFAULT) == {}
