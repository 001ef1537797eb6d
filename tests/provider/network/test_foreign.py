"""What no property says of a network is somebody else's: it survives each change, or preview names it."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from provider.network.foreign import lost
from provider.network.xml import render
from provider.resource.base import Props
from tests.provider.fakes.basics import written
from tests.provider.fakes.storage_world import DEFAULT, HANDLERS, World

Made = tuple[World, str, Any]
HOSTS, RANGE = DEFAULT["dhcpHosts"], DEFAULT["dhcpRanges"][0]
RENAMED = {"dhcpHosts": [{**HOSTS[0], "name": "Nova"}, *HOSTS[1:]]}
LONGER = {"dhcpRanges": [{**RANGE, "end": "192.168.202.20"}]}
MOVED: Props = {
    "addresses": ["10.9.0.0/24"],
    "dhcpRanges": [{"start": "10.9.0.8", "end": "10.9.0.15"}],
    "dhcpHosts": [{**host, "ip": f"10.9.0.{8 + index}"} for index, host in enumerate(HOSTS)],
}
STYLE = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>
</xsl:stylesheet>"""


@pytest.fixture
def leases(made: Made) -> Made:
    """Lease times by hand in a reservation and in the range, running and defined."""
    _, _, network = made
    for side in (network.live, network.config):
        etree.SubElement(side.find("ip/dhcp/host"), "lease", expiry="7", unit="hours")
        etree.SubElement(side.find("ip/dhcp/range"), "lease", expiry="2", unit="hours")
    return made


def times(side: Any) -> list[tuple[str, str, str]]:
    """Of each lease time: what it belongs to."""
    found = side.findall("ip/dhcp//lease")
    return [(one.getparent().tag, one.getparent().get("name", ""), one.get("expiry")) for one in found]


def told(world: World, id: str, new: Props, preview: bool = True) -> list[str]:
    call = world.call("Network", "x")
    HANDLERS["Network"].update(call, id, DEFAULT, DEFAULT, new, preview)
    return [str(note) for note in call.notes]


@pytest.mark.reports("H8")
def test_lease_times_that_nobody_declares_are_no_drift(leases: Made) -> None:
    world, id, _ = leases
    assert world.drift("Network", id, DEFAULT) == {}


@pytest.mark.reports("H8")
@pytest.mark.parametrize(
    ("change", "name"), [(RENAMED, "Nova"), (LONGER, HOSTS[0]["name"]), (MOVED, HOSTS[0]["name"])]
)
def test_lease_times_survive_a_change_of_what_has_them_running_and_defined(
    leases: Made, change: Props, name: str
) -> None:
    world, id, network = leases
    assert not any("no property says" in line for line in told(world, id, {**DEFAULT, **change}))
    world.update("Network", id, DEFAULT, {**DEFAULT, **change})
    kept = [("range", "", "2"), ("host", name, "7")]
    assert sorted(times(network.config)) == sorted(kept)
    running = kept if change is not MOVED else [("range", "", "2"), ("host", HOSTS[0]["name"], "7")]
    assert sorted(times(network.live)) == sorted(running)
    assert world.drift("Network", id, {**DEFAULT, **change}) == {}


@pytest.mark.reports("H8")
def test_a_change_of_both_definitions_is_still_one_call(leases: Made) -> None:
    world, id, network = leases
    world.update("Network", id, DEFAULT, {**DEFAULT, **RENAMED})
    assert [(command, flags) for command, _, _, flags in network.log] == [(1, 3)]


@pytest.mark.reports("H8")
def test_each_definition_keeps_its_own_lease_time(leases: Made) -> None:
    world, id, network = leases
    network.config.find("ip/dhcp/host/lease").set("expiry", "9")
    world.update("Network", id, DEFAULT, {**DEFAULT, **RENAMED})
    assert ("host", "Nova", "7") in times(network.live)
    assert ("host", "Nova", "9") in times(network.config)


@pytest.mark.reports("H8")
@pytest.mark.parametrize("runs", [True, False])
def test_a_staged_change_keeps_all_of_them(leases: Made, runs: bool) -> None:
    world, id, network = leases
    if not runs:
        network.live = None
    world.update("Network", id, DEFAULT, {**DEFAULT, "delay": 1})
    assert sorted(times(network.config)) == [("host", HOSTS[0]["name"], "7"), ("range", "", "2")]


@pytest.mark.reports("H8")
@pytest.mark.parametrize("flags", [1, 2, 3])
def test_the_names_of_an_address_change_and_what_else_its_entry_says_stays(made: Made, flags: int) -> None:
    world, id, network = made
    named = {**DEFAULT, "dns": {"hosts": [{"hostname": "a", "ip": "192.168.202.8"}]}}
    world.update("Network", id, DEFAULT, named)
    sides = [side for side, flag in ((network.live, 1), (network.config, 2)) if flags & flag]
    for side in sides:
        side.find("dns/host").set("ttl", "5")
    other = {**named, "dns": {"hosts": [{"hostname": "b", "ip": "192.168.202.8"}]}}
    world.update("Network", id, named, other)
    for side in sides:
        assert (
            written(side.find("dns/host")) == '<host ip="192.168.202.8" ttl="5"><hostname>b</hostname></host>'
        )


@pytest.mark.reports("H8")
def test_another_subnet_keeps_what_else_its_element_says() -> None:
    base = (
        "<network><name>n</name><ip address='10.1.0.1' prefix='24' localPtr='yes'><tftp root='/t'/><dhcp>"
        "<range start='10.1.0.2' end='10.1.0.9'/><bootp file='p'/></dhcp></ip></network>"
    )
    element = etree.fromstring(render({"addresses": ["10.2.0.0/24"]}, base)).find("ip")
    assert (element.get("address"), element.get("localPtr")) == ("10.2.0.1", "yes")
    assert [one.tag for one in element.iter()] == ["ip", "tftp", "dhcp", "bootp"]


@pytest.mark.reports("H8")
@pytest.mark.parametrize(
    ("change", "gone"),
    [
        ({"mode": "route", "natPorts": None}, "<forward/nat ipv6='yes'>"),
        (
            {"xml": {"xslt": STYLE}, "stp": True},
            "<ip/dhcp/host/lease expiry='7' unit='hours'> (ip/dhcp/host 52:54:",
        ),
        ({"dhcp": {"enabled": False}, "dhcpHosts": None, "dhcpRanges": None, "stp": True}, ""),
    ],
)
def test_what_can_not_be_kept_is_named_at_preview(leases: Made, change: Props, gone: str) -> None:
    world, id, network = leases
    network.config.find("forward/nat").set("ipv6", "yes")
    new = {key: value for key, value in {**DEFAULT, **change}.items() if value is not None}
    lines = [line for line in told(world, id, new) if "does not have what no property says" in line]
    assert [gone in line for line in lines] == [True] * bool(gone)


def test_a_reservation_that_goes_takes_its_lease_time_with_it(leases: Made) -> None:
    xml = written(leases[2].config)
    assert lost(xml, render({"dhcpHosts": HOSTS[1:]}, xml)) == ""
    assert "lease" in lost(xml, xml.replace('expiry="7"', 'expiry="8"'))
