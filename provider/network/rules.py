"""What libvirt would take but no network should have: checked on the declared properties alone.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from provider.resource import shape
from provider.resource.base import Failure, Props
from provider.resource.names import (
    choice_failures,
    host_name_failures,
    interface_failures,
    mac_failure,
    name_failures,
    short,
)

MODES: Final = ("nat", "route", "open", "none", "bridge")
_NO_MAC: Final = (
    "{1} is no MAC address: six pairs of hex digits, as in 52:54:00:02:02:01",
    "{0} is a group's address, not one interface's: its first byte must be even",
    "{0} is nobody's address, and no NIC can have it",
)
_NOT_ON_A_BRIDGE: Final = (
    "addresses", "dhcp", "dhcpRanges", "dhcpHosts", "natPorts", "stp", "delay", "mac", "domain", "mtu",
)  # fmt: skip


def failures(props: Props) -> list[Failure]:
    """Every breach, by path.  Properties that hold a `COMPUTED` are judged when they are known."""
    known = shape.known(props)
    return [
        *_names(known),
        *_mode(known, props),
        *_addresses(known),
        *_ports(known),
        *_dhcp(known, props),
        *_dns(known, props),
    ]


def _names(props: Props) -> Iterator[Failure]:
    yield from name_failures("a network", props.get("name"))
    yield from interface_failures("bridge", props.get("bridge"))
    yield from host_name_failures("domain", props.get("domain"))
    if "mac" in props:
        yield from mac_failure("mac", props["mac"], _NO_MAC)
    if "mtu" in props and not 68 <= props["mtu"] <= 65535:
        yield Failure("mtu", f"must be from 68 to 65535, not {props['mtu']}")
    if "delay" in props and props["delay"] < 0:
        yield Failure("delay", f"must be 0 or more seconds, not {props['delay']}")


def _mode(known: Props, props: Props) -> Iterator[Failure]:
    mode = known.get("mode", "nat" if "mode" not in props else None)
    yield from choice_failures("mode", mode, [*MODES, None], f"one of {', '.join(MODES)}")
    if mode == "bridge":
        if "bridge" not in props:
            yield Failure("bridge", "must be given in mode bridge: the host's bridge to plug guests into")
        for key in _NOT_ON_A_BRIDGE:
            if key in props:
                yield Failure(key, "has no meaning in mode bridge: the bridge is the host's own")
    elif "natPorts" in props and mode not in (None, "nat"):
        yield Failure("natPorts", f"has no meaning in mode {mode}: only nat has ports")


def _addresses(props: Props) -> Iterator[Failure]:
    versions = []
    for index, text in enumerate(props.get("addresses", [])):
        path = f"addresses[{index}]"
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            yield Failure(
                path, f"{short(text)} is no subnet: an address and its prefix, as in 192.168.202.0/24"
            )
            continue
        if not _for_guests(network):
            yield Failure(
                path, f"{text} is no subnet that guests can be in: loopback, multicast and the like are not"
            )
        if network.num_addresses < 4:
            yield Failure(path, f"{text} has no room for a gateway and a guest")
        if network.version in versions:
            yield Failure(path, f"{text}: a network has at most one IPv4 and one IPv6 subnet")
        versions.append(network.version)


def _for_guests(network: IPv4Network | IPv6Network) -> bool:
    """Whether hosts have such addresses at all."""
    odd = ("is_loopback", "is_multicast", "is_unspecified", "is_reserved")
    ends = (network.network_address, network.broadcast_address)
    return network.prefixlen > 0 and not any(getattr(end, name) for end in ends for name in odd)


def _ports(props: Props) -> Iterator[Failure]:
    ports = props.get("natPorts")
    if ports is not None and not 1 <= ports["start"] <= ports["end"] <= 65535:
        yield Failure("natPorts", f"{ports['start']}-{ports['end']} is no range of ports within 1-65535")


def served(props: Mapping[str, Any]) -> IPv4Network | None:
    """The IPv4 subnet, in which DHCP is served; None when there is none, or none that can be read."""
    for text in props.get("addresses", []):
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            continue
        if isinstance(network, IPv4Network):
            return network
    return None


def _dhcp(known: Props, props: Props) -> Iterator[Failure]:
    given = [key for key in ("dhcpRanges", "dhcpHosts") if props.get(key)]
    if known.get("dhcp", {}).get("enabled") is False:
        for key in given:
            yield Failure(key, "can't be given while dhcp.enabled is false")
    subnet = served(known)
    if subnet is None:
        if "addresses" not in props:
            for key in given:
                yield Failure(key, "needs an IPv4 subnet in addresses")
        return
    yield from _ranges(known.get("dhcpRanges", []), subnet)
    yield from _hosts(known.get("dhcpHosts", []), subnet)


def _inside(path: str, text: str, subnet: IPv4Network) -> Iterator[Failure]:
    """libvirt takes reservations outside the subnet, and the gateway's own address, without a word."""
    try:
        address = ip_address(text)
    except ValueError:
        yield Failure(path, f"{short(text)} is no IP address")
        return
    if address not in subnet or address in (subnet.network_address, subnet.broadcast_address):
        yield Failure(path, f"{text} is not an address of a guest in {subnet}")
    elif address == subnet.network_address + 1:
        yield Failure(path, f"{text} is the gateway of {subnet}")


def _ranges(ranges: list[dict[str, str]], subnet: IPv4Network) -> Iterator[Failure]:
    taken: list[tuple[IPv4Address, IPv4Address]] = []
    for index, limits in enumerate(ranges):
        path = f"dhcpRanges[{index}]"
        wrong = [
            *_inside(f"{path}.start", limits["start"], subnet),
            *_inside(f"{path}.end", limits["end"], subnet),
        ]
        yield from wrong
        if wrong:
            continue
        start, end = IPv4Address(limits["start"]), IPv4Address(limits["end"])
        if start > end:
            yield Failure(path, f"starts at {start}, after its end {end}")
        for other_start, other_end in taken:
            if start <= other_end and other_start <= end:
                yield Failure(path, f"{start}-{end} overlaps {other_start}-{other_end}")
        taken.append((start, end))


def _hosts(hosts: list[dict[str, str]], subnet: IPv4Network) -> Iterator[Failure]:
    seen: dict[tuple[str, str], int] = {}
    for index, host in enumerate(hosts):
        path = f"dhcpHosts[{index}]"
        yield from mac_failure(f"{path}.mac", host["mac"], _NO_MAC)
        yield from _inside(f"{path}.ip", host["ip"], subnet)
        yield from host_name_failures(f"{path}.name", host.get("name"))
        for key in ("mac", "ip", "name"):
            value = host.get(key, "").lower()
            first = seen.setdefault((key, value), index)
            if value and first != index:
                yield Failure(f"{path}.{key}", f"{host[key]} is reserved already, by dhcpHosts[{first}]")


def _dns(known: Props, props: Props) -> Iterator[Failure]:
    dns = known.get("dns", {})
    if dns.get("localOnly") and "domain" not in props:
        yield Failure(
            "dns.localOnly", "needs a domain: it keeps that domain's names from being asked elsewhere"
        )
    for index, host in enumerate(dns.get("hosts", [])):
        try:
            ip_address(host["ip"])
        except ValueError:
            yield Failure(f"dns.hosts[{index}].ip", f"{short(host['ip'])} is no IP address")
        yield from host_name_failures(f"dns.hosts[{index}].hostname", host["hostname"])
