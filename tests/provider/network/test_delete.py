"""A network that is deleted: never while a guest is plugged in, unless the guest goes too."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from provider.errors import Refused
from tests.provider.fakes.libvirt import Domain
from tests.provider.fakes.storage_world import DEFAULT, HANDLERS, World, sample


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


def test_a_deleted_network_is_gone_and_deleting_it_again_is_fine(made: tuple[World, str, Any]) -> None:
    world, id, _ = made
    world.delete("Network", id, DEFAULT)
    world.delete("Network", id, DEFAULT)
    assert world.conn.networks == []
