"""What a guest is told of a NIC: one neutral model, and a renderer for each of the ways in which Linux guests keep it.

Pure.  Every file names the NIC by its MAC: names that a guest gives (``ens5``) follow PCI slots, and these may
differ between the running guest and its next start.  VLANs, bridges and bonds on the NIC have its MAC as well, and are
kept out by what each reader has for that.  IPv4 only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface
from typing import Final, Literal
from uuid import NAMESPACE_URL, uuid5

from provider.host.macs import alias_for, same_mac

Style = Literal["ifcfg", "networkmanager", "networkd", "netplan", "ifupdown"]
DEFAULT_METRIC: Final = 50  # goes before what a DHCP client gives its route (100 and more)
# By what is found in a guest, the first that fits: who is running decides, and only then which folders there are.
CHOICES: Final[Mapping[Style, frozenset[str]]] = {
    "networkmanager": frozenset({"NetworkManager"}),
    "netplan": frozenset({"systemd-networkd", "netplan"}),
    "networkd": frozenset({"systemd-networkd"}),
    "ifcfg": frozenset({"network-scripts"}),
    "ifupdown": frozenset({"ifupdown"}),
}
# networkd takes the first file that fits, by their names: before those of images that fit any NIC ("10-all-en").
_FIRST: Final = "00"
DRIVERS: Final[Mapping[str, str]] = {"virtio": "virtio_net", "e1000": "e1000", "e1000e": "e1000e"}  # by model


@dataclass(frozen=True)
class Setup:
    """``addresses`` with their prefix (``192.0.2.1/24``); ``gateway``: the default route goes by it, at ``metric``.

    ``driver``: Linux' name of the NIC's, where it is known.
    """

    mac: str
    addresses: tuple[str, ...]
    gateway: str | None = None
    metric: int = DEFAULT_METRIC
    driver: str | None = None

    @property
    def label(self) -> str:
        """What the files are called, and NetworkManager's connection: the NIC's user alias."""
        return alias_for(self.mac)

    @property
    def networks(self) -> list[str]:
        """Of the addresses: ``192.0.2.0/24``."""
        return sorted({str(IPv4Interface(address).network) for address in self.addresses})


@dataclass(frozen=True)
class GuestFile:
    path: str
    content: str
    mode: str


def file_for(style: Style, setup: Setup) -> GuestFile:
    """The file by which the guest sets the NIC up, now and at each boot."""
    path, mode, render = _STYLES[style]
    return GuestFile(path.format(setup.label), render(setup), mode)


def every_path(mac: str) -> list[str]:
    """All paths at which a file of ours for this NIC may be."""
    return [path.format(alias_for(mac)) for path in (*(path for path, *_ in _STYLES.values()), *_FORMER)]


def style_of(facts: str) -> Style | None:
    """How a guest keeps its NICs, from the words that `setup` finds in it; None: in no way that is known here."""
    words = set(facts.split())
    return next((style for style, needs in CHOICES.items() if needs <= words), None)


def _ifcfg(setup: Setup) -> str:
    """As Fedora's network-scripts read it; without DEVICE they find the NIC by HWADDR, at a boot before any VLAN is
    made on it."""
    lines = [
        f"NAME={setup.label}",
        "TYPE=Ethernet",
        "ONBOOT=yes",
        "BOOTPROTO=none",
        f"HWADDR={same_mac(setup.mac).upper()}",
    ]
    for index, address in enumerate(map(IPv4Interface, setup.addresses)):
        number = str(index) if index else ""
        lines += [f"IPADDR{number}={address.ip}", f"PREFIX{number}={address.network.prefixlen}"]
    if setup.gateway is None:
        lines.append("DEFROUTE=no")
    else:
        lines += ["DEFROUTE=yes", f"GATEWAY={setup.gateway}", f"METRIC={setup.metric}"]
    return _text(lines)


def _keyfile(setup: Setup) -> str:
    """``type=ethernet`` and the permanent MAC, to which NetworkManager compares it, are those of the NIC alone."""
    lines = [
        "[connection]",
        f"id={setup.label}",
        f"uuid={uuid5(NAMESPACE_URL, setup.label)}",
        "type=ethernet",
        "autoconnect=true",
        "",
        "[ethernet]",
        f"mac-address={same_mac(setup.mac).upper()}",
        "",
        "[ipv4]",
        "method=manual",
        *(f"address{number}={address}" for number, address in enumerate(setup.addresses, 1)),
    ]
    if setup.gateway is None:
        lines.append("never-default=true")
    else:
        lines += [f"gateway={setup.gateway}", f"route-metric={setup.metric}"]
    return _text([*lines, "", "[ipv6]", "method=ignore"])


def _networkd(setup: Setup) -> str:
    """Only a device has a persistent path (ID_PATH); Type= reads otherwise before 243, PermanentMACAddress= and Kind=
    are of later releases."""
    lines = ["[Match]", f"MACAddress={same_mac(setup.mac)}", "Path=*", "", "[Network]"]
    lines += [f"Address={address}" for address in setup.addresses]
    lines += ["DHCP=no", "ConfigureWithoutCarrier=yes"]
    if setup.gateway is not None:
        lines += ["", "[Route]", f"Gateway={setup.gateway}", f"Metric={setup.metric}"]
    return _text(lines)


def _netplan(setup: Setup) -> str:
    """Its ID is part of the name of networkd's file.

    The driver keeps out what has the NIC's MAC, which netplan itself does in late releases; for NetworkManager it would
    refuse it together with all other files.
    """
    driver = f", driver: {setup.driver}" if setup.driver else ""
    lines = [
        "network:",
        "  version: 2",
        "  ethernets:",
        f"    {_FIRST}-{setup.label}:",
        *(["      renderer: networkd"] if driver else []),
        f'      match: {{macaddress: "{same_mac(setup.mac)}"{driver}}}',
        "      dhcp4: false",
        "      optional: true",
        "      addresses:",
        *(f"        - {address}" for address in setup.addresses),
    ]
    if setup.gateway is not None:
        route = f"{{to: 0.0.0.0/0, via: {setup.gateway}, metric: {setup.metric}}}"
        lines += ["      routes:", f"        - {route}"]
    return _text(lines)


def _udev(setup: Setup) -> str:
    """For ifupdown, which finds no NIC by its MAC when it comes: its patterns are read for `ifup -a` alone, which does
    not wait for a NIC that it can't name (0.8.44: ifupdown-pre.service, ifupdown-hotplug).

    ``DRIVERS``: of several with the MAC only a device has a driver above it.
    """
    commands = ["link set dev $name up", *(f"addr replace {a} brd + dev $name" for a in setup.addresses)]
    if setup.gateway is not None:
        commands.append(f"route replace default via {setup.gateway} dev $name metric {setup.metric} onlink")
    match = f'ACTION=="add", SUBSYSTEM=="net", ATTR{{address}}=="{same_mac(setup.mac)}", DRIVERS=="?*"'
    return ", \\\n    ".join([match, *(f'RUN+="/sbin/ip {command}"' for command in commands)]) + "\n"


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


# Where files of ours were once.
_FORMER: Final = ("/etc/systemd/network/10-{}.network", "/etc/network/interfaces.d/{}")
# Path, mode, and what is in it.
_STYLES: Final[Mapping[Style, tuple[str, str, Callable[[Setup], str]]]] = {
    "ifcfg": ("/etc/sysconfig/network-scripts/ifcfg-{}", "644", _ifcfg),
    "networkmanager": ("/etc/NetworkManager/system-connections/{}.nmconnection", "600", _keyfile),
    "networkd": (f"/etc/systemd/network/{_FIRST}-{{}}.network", "644", _networkd),
    "netplan": ("/etc/netplan/90-{}.yaml", "600", _netplan),
    "ifupdown": ("/etc/udev/rules.d/90-{}.rules", "644", _udev),  # behind 80, which names NICs
}
