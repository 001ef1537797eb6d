"""What a guest is told of a NIC, in each of the ways that Linux guests keep it."""

from __future__ import annotations

import configparser
from dataclasses import replace

import pytest
import yaml

from provider.guest.config import Setup, Style, every_path, file_for, style_of
from provider.host import arp_probe

MAC = "52:54:00:00:01:0A"
WITH_ROUTE = Setup(MAC, ("129.215.175.100/24",), "129.215.175.126", 50)
WITHOUT = Setup(MAC, ("129.215.175.100/24", "10.0.0.5/8"))
STYLES: tuple[Style, ...] = ("ifcfg", "networkmanager", "networkd", "netplan", "ifupdown")


def test_ifcfg_names_the_nic_by_its_mac_as_the_page_does() -> None:
    assert file_for("ifcfg", WITH_ROUTE).content.splitlines() == [
        "NAME=ua-52540000010a",
        "TYPE=Ethernet",
        "ONBOOT=yes",
        "BOOTPROTO=none",
        "HWADDR=52:54:00:00:01:0A",
        "IPADDR=129.215.175.100",
        "PREFIX=24",
        "DEFROUTE=yes",
        "GATEWAY=129.215.175.126",
        "METRIC=50",
    ]
    assert file_for("ifcfg", WITHOUT).content.splitlines()[5:] == [
        "IPADDR=129.215.175.100",
        "PREFIX=24",
        "IPADDR1=10.0.0.5",
        "PREFIX1=8",
        "DEFROUTE=no",
    ]


def test_a_keyfile_is_roots_alone_and_gives_no_default_route_unless_told() -> None:
    file = file_for("networkmanager", WITH_ROUTE)
    assert (file.path, file.mode) == (
        "/etc/NetworkManager/system-connections/ua-52540000010a.nmconnection",
        "600",
    )
    told = configparser.ConfigParser()
    told.read_string(file.content)
    assert told["ethernet"]["mac-address"] == MAC
    assert dict(told["ipv4"]) == {
        "method": "manual",
        "address1": "129.215.175.100/24",
        "gateway": "129.215.175.126",
        "route-metric": "50",
    }
    told = configparser.ConfigParser()
    told.read_string(file_for("networkmanager", WITHOUT).content)
    assert told["ipv4"]["never-default"] == "true"
    assert told["ipv4"]["address2"] == "10.0.0.5/8"


@pytest.mark.reports("N2")
@pytest.mark.parametrize("style", STYLES)
def test_every_file_is_for_the_nic_alone_and_not_for_a_vlan_or_bridge_with_its_mac(style: Style) -> None:
    """ifcfg is read at a boot, before VLANs are made; NetworkManager compares a NIC's permanent MAC."""
    lines = file_for(style, replace(WITH_ROUTE, driver="virtio_net")).content.splitlines()
    alone = {
        "ifcfg": ["TYPE=Ethernet"],
        "networkmanager": ["type=ethernet"],
        "networkd": ["Path=*"],
        "netplan": [
            "      renderer: networkd",
            '      match: {macaddress: "52:54:00:00:01:0a", driver: virtio_net}',
        ],
        "ifupdown": [
            'ACTION=="add", SUBSYSTEM=="net", ATTR{address}=="52:54:00:00:01:0a", DRIVERS=="?*", \\'
        ],
    }
    assert set(alone[style]) <= set(lines)


def test_networkd_matches_by_mac_and_needs_no_carrier() -> None:
    content = file_for("networkd", WITH_ROUTE).content
    assert "[Match]\nMACAddress=52:54:00:00:01:0a\nPath=*\n\n" in content
    assert "ConfigureWithoutCarrier=yes\n" in content
    assert content.endswith("[Route]\nGateway=129.215.175.126\nMetric=50\n")
    assert "[Route]" not in file_for("networkd", WITHOUT).content


def test_netplan_matches_by_mac_and_sets_no_name() -> None:
    file = file_for("netplan", WITH_ROUTE)
    (nic,) = yaml.safe_load(file.content)["network"]["ethernets"].values()
    assert nic == {
        "match": {"macaddress": "52:54:00:00:01:0a"},
        "dhcp4": False,
        "optional": True,
        "addresses": ["129.215.175.100/24"],
        "routes": [{"to": "0.0.0.0/0", "via": "129.215.175.126", "metric": 50}],
    }
    assert file.mode == "600"


def test_beside_ifupdown_udev_sets_up_the_nic_by_its_mac_at_boot_and_when_it_comes() -> None:
    file = file_for("ifupdown", WITH_ROUTE)
    assert file.path == "/etc/udev/rules.d/90-ua-52540000010a.rules"  # behind 80-net-setup-link.rules
    match, *commands = file.content.split(", \\\n    ")
    assert match == 'ACTION=="add", SUBSYSTEM=="net", ATTR{address}=="52:54:00:00:01:0a", DRIVERS=="?*"'
    assert "".join(commands).replace('"RUN', '"\nRUN').splitlines() == [
        'RUN+="/sbin/ip link set dev $name up"',
        'RUN+="/sbin/ip addr replace 129.215.175.100/24 brd + dev $name"',
        'RUN+="/sbin/ip route replace default via 129.215.175.126 dev $name metric 50 onlink"',
    ]
    assert file_for("ifupdown", WITHOUT).content.count("RUN+=") == 3
    assert "route" not in file_for("ifupdown", WITHOUT).content


@pytest.mark.parametrize("style", STYLES)
def test_every_file_is_among_those_that_are_removed(style: Style) -> None:
    assert file_for(style, WITH_ROUTE).path in every_path(MAC.lower())


@pytest.mark.parametrize(
    ("facts", "style"),
    [
        ("NetworkManager\nnetwork-scripts", "networkmanager"),
        ("NetworkManager\nsystemd-networkd\nnetplan", "networkmanager"),
        ("systemd-networkd\nnetplan", "netplan"),
        ("systemd-networkd", "networkd"),
        ("network-scripts", "ifcfg"),
        ("netplan", None),
        ("", None),
    ],
)
def test_who_is_running_decides_how_a_guest_keeps_its_nics(facts: str, style: Style | None) -> None:
    assert style_of(facts) == style


@pytest.mark.parametrize(
    ("answers", "held", "who"),
    [
        ([[], []], False, None),
        ([["a"], ["a"]], True, None),
        ([["a"], ["a"]], False, "a"),
        ([["a", "a"], ["a", "a"]], True, "a"),
        ([["a", "a"], ["a"]], True, None),  # one answer twice, once, is no second guest
        ([[], ["b"]], True, "b"),
        ([["a", "own"], ["a", "own"]], True, None),
        ([[], []], True, None),
    ],
)
def test_who_answers_and_must_not(answers: list[list[str]], held: bool, who: str | None) -> None:
    assert arp_probe.conflict(answers, "a", held, {"own"}) == who


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("qemu:///system", "/run/libvirt/libvirt-sock"),
        ("qemu+unix:///system?socket=/tmp/x/libvirt-sock", "/tmp/x/libvirt-sock"),
        ("qemu+ssh://root@trop02/system", None),
        ("qemu+tls://trop02/system", None),
        ("test:///default", None),
    ],
)
def test_the_bridge_can_be_asked_only_on_the_hypervisor_itself(uri: str, path: str | None) -> None:
    assert arp_probe.socket_path(uri) == path


def test_a_bridge_that_cannot_be_reached_gives_no_answer() -> None:
    assert arp_probe.ask("qemu+ssh://root@trop02/system", "br0", "192.0.2.1") is None
    assert arp_probe.ask("qemu+unix:///system?socket=/nowhere/sock", "br0", "192.0.2.1") is None
