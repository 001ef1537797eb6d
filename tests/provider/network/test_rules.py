"""What no network should have, with the words that tell it."""

from __future__ import annotations

from typing import Any

import pytest

from provider.network.rules import failures
from provider.resource.base import COMPUTED
from tests.provider.fakes.storage_world import BRIDGED, DEFAULT

HOSTS = DEFAULT["dhcpHosts"]


@pytest.mark.parametrize(
    "declared", [DEFAULT, BRIDGED, {"name": "n"}, {"name": COMPUTED, "bridge": COMPUTED}]
)
def test_good_networks_pass(declared: dict[str, Any]) -> None:
    assert failures(declared) == []


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"name": ""}, "name", "can't be a network's name"),
        ({"bridge": "far-too-long-a-name"}, "bridge", "1 to 15 characters"),
        ({"mac": "52:54:00:02:02"}, "mac", "is no MAC address"),
        ({"mac": "53:54:00:02:02:01"}, "mac", "a group's address"),
        ({"mtu": 10}, "mtu", "from 68 to 65535, not 10"),
        ({"delay": -1}, "delay", "0 or more"),
        ({"mode": "vepa"}, "mode", "nat, route, open, none, bridge, not 'vepa'"),
        ({"addresses": ["192.168.202.0/33"]}, "addresses[0]", "is no subnet"),
        ({"addresses": ["10.0.0.0/31"]}, "addresses[0]", "no room"),
        ({"addresses": ["192.168.202.0/24", "10.0.0.0/8"]}, "addresses[1]", "at most one IPv4"),
        ({"natPorts": {"start": 9, "end": 8}}, "natPorts", "9-8 is no range"),
        ({"mode": "route"}, "natPorts", "no meaning in mode route"),
        (
            {"dhcpRanges": [{"start": "192.168.203.8", "end": "192.168.202.15"}]},
            "dhcpRanges[0].start",
            "not an address",
        ),
        (
            {"dhcpRanges": [{"start": "192.168.202.9", "end": "192.168.202.8"}]},
            "dhcpRanges[0]",
            "after its end",
        ),
        (
            {"dhcpRanges": [{"start": "192.168.202.8", "end": "192.168.202.15"}] * 2},
            "dhcpRanges[1]",
            "overlaps 192.168.202.8-192.168.202.15",
        ),
        ({"dhcpHosts": [{**HOSTS[0], "ip": "10.0.0.1"}]}, "dhcpHosts[0].ip", "not an address of a guest in"),
        ({"dhcpHosts": [{**HOSTS[0], "ip": "192.168.202.1"}]}, "dhcpHosts[0].ip", "is the gateway"),
        ({"dhcpHosts": [{**HOSTS[0], "ip": "192.168.202.256"}]}, "dhcpHosts[0].ip", "is no IP address"),
        (
            {"dhcpHosts": [HOSTS[2], {**HOSTS[1], "mac": "52:54:00:02:02:0a"}]},
            "dhcpHosts[1].mac",
            "dhcpHosts[0]",
        ),
        (
            {"dhcpHosts": [HOSTS[0], {**HOSTS[1], "ip": HOSTS[0]["ip"]}]},
            "dhcpHosts[1].ip",
            "reserved already",
        ),
        (
            {"dhcpHosts": [HOSTS[0], {**HOSTS[1], "name": "Araybwyn"}]},
            "dhcpHosts[1].name",
            "reserved already",
        ),
        ({"dhcp": {"enabled": False}}, "dhcpRanges", "while dhcp.enabled is false"),
        ({"dns": {"localOnly": True}}, "dns.localOnly", "needs a domain"),
        ({"dns": {"hosts": [{"hostname": "a", "ip": "x"}]}}, "dns.hosts[0].ip", "is no IP address"),
    ],
)
def test_a_breach_is_told_by_its_path(change: dict[str, Any], path: str, reason: str) -> None:
    found = {failure.path: failure.reason for failure in failures({**DEFAULT, **change})}
    assert reason in found[path]


def test_a_bridged_network_names_its_bridge_and_has_no_addresses() -> None:
    found = {
        failure.path for failure in failures({"name": "n", "mode": "bridge", "addresses": ["10.0.0.0/8"]})
    }
    assert found == {"bridge", "addresses"}


def test_reservations_need_a_subnet() -> None:
    assert [f.path for f in failures({"name": "n", "dhcpHosts": HOSTS})] == ["dhcpHosts"]
