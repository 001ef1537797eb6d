"""Network XML as the seeds have it and as libvirt 9.0 writes it (samples/), and the properties it stands for."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from provider.network.seen import NAT_PORTS, declarable, view
from provider.network.xml import guessed_range, render, skeleton
from tests.provider.fakes.storage_world import BRIDGED, DEFAULT, sample

UUID = "7fb4c970-580a-5acc-a1ed-ed1d78477d56"


def elements(xml: str) -> Any:
    """The document as (tag, attributes, text, children), the UUID and the letter case of MACs aside."""

    def tree(element: Any) -> Any:
        attributes = {k: v.lower() if k in ("mac", "address") else v for k, v in element.attrib.items()}
        text = "" if element.tag == "uuid" else (element.text or "").strip()
        return element.tag, attributes, text, [tree(child) for child in element]

    return tree(etree.fromstring(xml))


@pytest.mark.parametrize(("name", "declared"), [("default", DEFAULT), ("bridged", BRIDGED)])
def test_the_declared_network_is_the_seeds_xml(name: str, declared: dict[str, Any]) -> None:
    assert elements(render(declared, skeleton(UUID))) == elements(sample(f"network-{name}-seed.xml"))


@pytest.mark.parametrize(("name", "declared"), [("default", DEFAULT), ("bridged", BRIDGED)])
@pytest.mark.parametrize("side", ["live", "inactive"])
def test_what_libvirt_makes_of_it_means_the_same(name: str, declared: dict[str, Any], side: str) -> None:
    assert view(sample(f"network-{name}-{side}.xml")) == view(render(declared, skeleton(UUID)))


@pytest.mark.parametrize("side", ["live", "inactive"])
def test_setting_what_is_there_changes_nothing(side: str) -> None:
    xml = sample(f"network-default-{side}.xml")
    again = render(DEFAULT, xml)
    assert elements(again) == elements(xml.replace(" connections='1'", ""))


def test_what_is_not_declared_is_left_alone() -> None:
    xml = sample("network-default-inactive.xml").replace(
        "<bridge", "<metadata><m:x xmlns:m='urn:m'/></metadata><dns><txt name='a' value='b'/></dns><bridge"
    )
    changed = etree.fromstring(render({"name": "default", "stp": True}, xml))
    assert changed.find("bridge").get("stp") == "on"
    assert changed.find("metadata") is not None
    assert changed.find("dns/txt") is not None
    assert len(changed.findall("ip/dhcp/host")) == 8


def test_nat_ports_that_libvirt_adds_to_live_xml_are_the_default() -> None:
    without = "<network><name>n</name><forward mode='nat'/></network>"
    assert view(without)["natPorts"] == NAT_PORTS


def test_netmask_and_prefix_are_the_same_subnet() -> None:
    by_mask = "<network><ip address='10.0.0.1' netmask='255.255.255.0'/></network>"
    by_prefix = "<network><ip family='ipv4' address='10.0.0.1' prefix='24'/></network>"
    assert view(by_mask)["addresses"] == view(by_prefix)["addresses"] == ["10.0.0.0/24"]


def test_without_a_forward_element_the_mode_is_none() -> None:
    assert view("<network><name>n</name></network>")["mode"] == "none"
    assert (
        etree.fromstring(render({"mode": "none"}, sample("network-default-live.xml"))).find("forward") is None
    )


def test_dhcp_without_ranges_serves_all_but_the_gateway() -> None:
    xml = render({"name": "n", "addresses": ["10.0.0.0/28"], "dhcp": {"enabled": True}}, skeleton(UUID))
    assert (
        view(xml)["dhcpRanges"]
        == [guessed_range("10.0.0.0/28")]
        == [{"start": "10.0.0.2", "end": "10.0.0.14"}]
    )


def test_dhcp_can_be_switched_off() -> None:
    assert view(render({"dhcp": {"enabled": False}}, sample("network-default-live.xml")))["dhcpHosts"] == []


def test_names_of_one_address_are_one_dns_entry() -> None:
    hosts = [{"hostname": "a", "ip": "10.0.0.9"}, {"hostname": "b", "ip": "10.0.0.9"}]
    xml = render({"dns": {"hosts": hosts}}, skeleton(UUID))
    assert len(etree.fromstring(xml).findall("dns/host")) == 1
    assert view(xml)["dns"]["hosts"] == hosts


def test_an_ipv6_subnet_stands_beside_the_ipv4_one() -> None:
    xml = render({"addresses": ["10.0.0.0/24", "fd00::/64"]}, skeleton(UUID))
    assert etree.fromstring(xml).findall("ip")[1].attrib == {
        "family": "ipv6",
        "address": "fd00::1",
        "prefix": "64",
    }
    assert view(xml)["addresses"] == ["10.0.0.0/24", "fd00::/64"]


BESIDE = """<network><name>n</name><ip address='10.98.0.1' prefix='24'/>
  <ip address='192.168.202.1' prefix='24'><dhcp><host mac='52:54:00:02:02:08' ip='192.168.202.8'/></dhcp></ip>
  <ip family='ipv6' address='fd00::1' prefix='64'/><ip family='ipv6' address='fd01::1' prefix='64'/></network>"""


def test_subnets_beside_the_declared_ones_stay_and_serve_nothing() -> None:
    xml = render({"addresses": ["192.168.202.0/24"], "dhcpHosts": []}, BESIDE)
    assert view(xml)["addresses"] == view(BESIDE)["addresses"]
    assert view(BESIDE)["dhcpHosts"] == [{"mac": "52:54:00:02:02:08", "ip": "192.168.202.8"}]
    assert view(xml)["dhcpHosts"] == []


def test_a_declared_subnet_that_is_not_there_takes_the_place_of_all() -> None:
    assert view(render({"addresses": ["10.1.0.0/24"]}, BESIDE))["addresses"] == ["10.1.0.0/24"]


def test_of_several_subnets_one_of_each_family_can_be_declared() -> None:
    assert declarable(BESIDE) == ["192.168.202.0/24", "fd00::/64"]
    assert declarable("<network><name>n</name></network>") == []
