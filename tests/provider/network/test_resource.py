"""Networks on a libvirt in memory: made once, drift shown, mended without taking anything down."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from lxml import etree

from provider.errors import OperatorError, Refused
from provider.resource.base import COMPUTED
from provider.resource.mark import uuid_of
from tests.provider.fakes.basics import error
from tests.provider.fakes.libvirt import Domain
from tests.provider.fakes.storage_world import BRIDGED, DEFAULT, HANDLERS, World, sample


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def made(world: World) -> tuple[World, str, Any]:
    id, _ = world.create("Network", "default", DEFAULT)
    return world, id, world.conn.networks[0]


def test_a_new_network_runs_starts_with_the_host_and_has_the_mark_of_its_urn(world: World) -> None:
    id, outputs = world.create("Network", "default", DEFAULT)
    assert id == uuid_of(world.call("Network", "default").urn)
    assert world.conn.networks[0].isActive()
    assert world.conn.networks[0].autostart()
    assert outputs == {
        **DEFAULT,
        "active": True,
        "persistent": True,
        "unplugged": [],
    }


def test_a_new_network_reads_back_as_declared(made: tuple[World, str, Any]) -> None:
    world, id, _ = made
    assert world.read("Network", id, DEFAULT).inputs == DEFAULT
    assert world.drift("Network", id, DEFAULT) == {}


def test_a_preview_of_a_new_network_changes_nothing(world: World) -> None:
    id, outputs = world.create("Network", "default", {"name": "default"}, preview=True)
    assert (id, outputs["bridge"], outputs["mac"]) == ("", COMPUTED, COMPUTED)
    assert world.conn.networks == []


def test_a_create_that_was_killed_is_taken_up(made: tuple[World, str, Any]) -> None:
    world, id, network = made
    network.live, network.starts_with_host = None, 0
    assert world.create("Network", "default", DEFAULT)[0] == id
    assert len(world.conn.networks) == 1
    assert network.isActive()
    assert network.autostart()


def test_a_network_of_another_hand_is_refused_with_the_words_to_adopt_it(world: World) -> None:
    world.conn.networkDefineXML("<network><name>default</name><uuid>1234</uuid></network>")
    for preview in (True, False):
        with pytest.raises(
            OperatorError, match=r"import_='1234'.* pulumi import libvirt:index/network:Network d 1234"
        ):
            world.create("Network", "d", DEFAULT, preview)


def test_a_network_that_fails_to_start_leaves_nothing(world: World) -> None:
    world.conn.networks_fail_to_start = True
    with pytest.raises(Exception, match="already in use"):
        world.create("Network", "default", DEFAULT)
    assert world.conn.networks == []


def test_a_missing_bridge_of_the_host_is_told_at_preview(world: World) -> None:
    world.conn.bridges = ()
    with pytest.raises(OperatorError, match=r"network bridged: bridge br0 is missing on qemu:///system"):
        world.create("Network", "bridged", BRIDGED, preview=True)


def test_a_libvirt_that_knows_no_bridges_is_not_asked_for_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(_: str) -> None:
        raise error(3, "this function is not supported by the connection driver")

    monkeypatch.setattr(world.conn, "interfaceLookupByName", unsupported)
    assert world.create("Network", "bridged", BRIDGED)[1]["active"]


def test_a_subnet_that_another_network_has_is_told_at_preview(made: tuple[World, str, Any]) -> None:
    world, _, _ = made
    with pytest.raises(
        OperatorError, match=r"192\.168\.0\.0/16 overlaps 192\.168\.202\.0/24 of network default"
    ):
        world.create("Network", "other", {"name": "other", "addresses": ["192.168.0.0/16"]}, preview=True)


def test_a_bridge_that_another_network_has_is_told_at_preview(made: tuple[World, str, Any]) -> None:
    world, _, _ = made
    with pytest.raises(OperatorError, match="bridge virbr0 is already that of network default"):
        world.create("Network", "other", {"name": "other", "bridge": "virbr0"}, preview=True)


def test_a_network_undefined_and_stopped_is_gone(made: tuple[World, str, Any]) -> None:
    world, id, network = made
    network.destroy()
    network.undefine()
    assert world.read("Network", id, DEFAULT) is None


def test_other_errors_than_no_such_network_are_not_taken_for_gone(
    made: tuple[World, str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, id, _ = made

    def broken(_: str) -> None:
        raise error(38, "Cannot recv data: Connection reset by peer")

    monkeypatch.setattr(world.conn, "networkLookupByUUIDString", broken)
    with pytest.raises(Exception, match="Connection reset"):
        world.read("Network", id, DEFAULT)


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


def test_a_network_into_which_a_guest_is_plugged_is_not_deleted(made: tuple[World, str, Any]) -> None:
    world, id, network = made
    world.conn.domains = [Domain(sample("domain-overlay-live.xml"), None)]
    with pytest.raises(Refused, match="network default is not deleted: Acilamwen is plugged into it"):
        world.delete("Network", id, DEFAULT)
    assert network.isActive()


def test_a_guest_that_is_shut_off_holds_its_network_too(made: tuple[World, str, Any]) -> None:
    world, id, _ = made
    world.conn.domains = [Domain(None, sample("domain-overlay-live.xml"))]
    with pytest.raises(Refused, match="Acilamwen"):
        world.delete("Network", id, DEFAULT)


def test_a_guest_that_goes_in_the_same_run_does_not_hold_its_network_at_preview(
    made: tuple[World, str, Any],
) -> None:
    world, id, network = made
    world.conn.domains = [Domain(sample("domain-overlay-live.xml"), None)]
    call, uuid = (
        world.call("Network", "x"),
        etree.fromstring(sample("domain-overlay-live.xml")).findtext("uuid"),
    )
    with pytest.raises(Refused, match="Acilamwen"):
        HANDLERS["Network"].refuse_delete(call, id, DEFAULT)
    call.condemned = {str(uuid)}
    HANDLERS["Network"].refuse_delete(call, id, DEFAULT)
    assert [note.impact for note in call.notes] == ["live"]
    assert network.isActive()


def test_a_nic_that_goes_in_the_same_run_does_not_hold_its_network_at_preview(
    made: tuple[World, str, Any],
) -> None:
    world, id, _ = made
    world.conn.domains = [Domain(sample("domain-overlay-live.xml"), None)]
    root = etree.fromstring(sample("domain-overlay-live.xml"))
    macs = [one.get("address").lower() for one in root.iterfind("devices/interface/mac")]
    assert macs
    call = world.call("Network", "x")
    call.condemned = {f"another-domain/{mac}" for mac in macs}
    HANDLERS["Network"].refuse_delete(call, id, DEFAULT)
    call.condemned = {"another-domain/52:54:00:ff:ff:ff"}
    with pytest.raises(Refused, match="Acilamwen"):
        HANDLERS["Network"].refuse_delete(call, id, DEFAULT)


def test_what_a_preview_foresaw_does_not_count_when_the_network_is_really_deleted(
    made: tuple[World, str, Any],
) -> None:
    """At the real call the NIC that was to go is gone, or it holds the network."""
    world, id, network = made
    world.conn.domains = [Domain(sample("domain-overlay-live.xml"), None)]
    with pytest.raises(Refused, match="Acilamwen"):
        HANDLERS["Network"].delete(world.call("Network", "x"), id, DEFAULT)
    assert network.isActive()


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


def test_a_deleted_network_is_gone_and_deleting_it_again_is_fine(made: tuple[World, str, Any]) -> None:
    world, id, _ = made
    world.delete("Network", id, DEFAULT)
    world.delete("Network", id, DEFAULT)
    assert world.conn.networks == []


def test_a_stylesheet_has_the_last_word(world: World) -> None:
    xslt = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
      <xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>
      <xsl:template match="bridge"><xsl:copy><xsl:apply-templates select="@*"/>
        <xsl:attribute name="zone">libvirt</xsl:attribute></xsl:copy></xsl:template></xsl:stylesheet>"""
    inputs = {**DEFAULT, "xml": {"xslt": xslt}}
    id, _ = world.create("Network", "default", inputs)
    assert world.conn.networks[0].config.find("bridge").get("zone") == "libvirt"
    assert world.drift("Network", id, inputs) == {}
