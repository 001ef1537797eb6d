"""Networks on a libvirt in memory: made once, refused where they collide, taken up after a killed create."""

from __future__ import annotations

from typing import Any

import pytest

from provider.errors import OperatorError
from provider.resource.base import COMPUTED
from provider.resource.mark import uuid_of
from tests.provider.fakes.basics import error
from tests.provider.fakes.storage_world import BRIDGED, DEFAULT, World


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
        "otherLeases": {},
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


def test_a_stylesheet_has_the_last_word(world: World) -> None:
    xslt = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
      <xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>
      <xsl:template match="bridge"><xsl:copy><xsl:apply-templates select="@*"/>
        <xsl:attribute name="zone">libvirt</xsl:attribute></xsl:copy></xsl:template></xsl:stylesheet>"""
    inputs = {**DEFAULT, "xml": {"xslt": xslt}}
    id, _ = world.create("Network", "default", inputs)
    assert world.conn.networks[0].config.find("bridge").get("zone") == "libvirt"
    assert world.drift("Network", id, inputs) == {}
