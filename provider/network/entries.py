"""Reservations, DHCP ranges and DNS names as elements of a network's XML, changed in place.

What no property says of such an element (its lease time, say) is somebody else's, and stays.  Pure.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree
from lxml.builder import E

from provider.host.elements import drop
from provider.host.xml_in import of_libvirt, parsed
from provider.network.seen import Element, dhcp_host, range_of, served_by

Host = Mapping[str, str]
_OURS: Final = ("mac", "ip", "name")


@dataclass(frozen=True, eq=False)
class Entry:
    """What the properties say of an element, and the element; two are never equal: an XML may have one twice."""

    host: Host
    element: Element

    @property
    def mac(self) -> str:
        return mac_of(self.host)


Pair = tuple[Entry, Host]


@of_libvirt("a network")
def reservations(xml: str) -> list[Entry]:
    served = served_by(parsed(xml))
    return [] if served is None else of_dhcp(served.find("dhcp"))


def of_dhcp(dhcp: Element | None) -> list[Entry]:
    return [] if dhcp is None else [Entry(dhcp_host(e.attrib), e) for e in dhcp.findall("host")]


@of_libvirt("a network")
def ranges(xml: str) -> list[Entry]:
    served = served_by(parsed(xml))
    dhcp = None if served is None else served.find("dhcp")
    return [] if dhcp is None else ranges_of_dhcp(dhcp)


def ranges_of_dhcp(dhcp: Element) -> list[Entry]:
    return [Entry(range_of(element), element) for element in dhcp.findall("range")]


def mac_of(host: Host) -> str:
    """By which an entry is known; libvirt has entries without a MAC too, by name."""
    return host["mac"].lower() if "mac" in host else f"name {host.get('name')}"


def paired(wanted: Sequence[Host], have: Sequence[Entry]) -> tuple[list[Pair], list[Entry], list[Host]]:
    """Entries to change, each with what it becomes; entries to delete; reservations to add.

    An entry is known by its MAC.  One whose MAC is not wanted any more, but whose name is, gets another MAC.
    """
    macs = {mac_of(host) for host in wanted}
    by_mac = {entry.mac: entry for entry in reversed(have)}  # of two, libvirt changes the first
    by_name = {e.host["name"]: e for e in reversed(have) if "name" in e.host and e.mac not in macs}
    pairs: list[Pair] = []
    new: list[Host] = []
    for host in wanted:
        old = by_mac.get(mac_of(host)) or by_name.pop(host.get("name", ""), None)
        if old is None:
            new.append(host)
        else:
            pairs.append((old, host))
    kept = {id(old) for old, _ in pairs}
    differing = [(old, host) for old, host in pairs if {**old.host, "mac": old.mac} != _canonical(host)]
    return differing, [entry for entry in have if id(entry) not in kept], new


def _canonical(host: Host) -> dict[str, str]:
    return {**host, "mac": mac_of(host)}


def paired_ranges(
    wanted: Sequence[Host], have: Sequence[Entry]
) -> tuple[list[tuple[Entry | None, Host]], list[Entry]]:
    """Ranges to add, each with the one that it comes in the place of, if any; and those to delete."""
    going = [entry for entry in have if entry.host not in wanted]
    left, coming = list(going), []
    there = [entry.host for entry in have]
    for limits in (limits for limits in wanted if limits not in there):
        alike = [one for one in left if any(one.host[end] == limits[end] for end in ("start", "end"))]
        old = next(iter([*alike, *left]), None)
        if old is not None:
            left.remove(old)
        coming.append((old, limits))
    return coming, going


def reservation(host: Host, old: Element | None = None) -> Element:
    """The element of a reservation; with all that another one has, whose place it takes, but what a property says."""
    element = etree.Element("host") if old is None else copy.deepcopy(old)
    said = dhcp_host(host)
    for key in _OURS:
        element.attrib.pop(key, None)
    rest = dict(element.attrib)
    element.attrib.clear()
    element.attrib.update({**said, **rest})
    return element


def dhcp_range(limits: Host, old: Element | None = None) -> Element:
    element = etree.Element("range") if old is None else copy.deepcopy(old)
    element.attrib.update({end: limits[end] for end in ("start", "end")})
    return element


def dns_names(hosts: list[dict[str, str]]) -> dict[str, list[str]]:
    """Address -> its names: libvirt has one entry for an address."""
    names: dict[str, list[str]] = {}
    for host in hosts:
        names.setdefault(host["ip"], []).append(host["hostname"])
    return names


def dns_host(ip: str, names: list[str], old: Element | None = None) -> Element:
    if old is None:
        return E.host(*map(E.hostname, names), ip=ip)
    element = copy.deepcopy(old)
    drop(element, "hostname")
    for index, name in enumerate(names):
        element.insert(index, E.hostname(name))
    return element


@of_libvirt("a network")
def dns_hosts(xml: str) -> dict[str, Element]:
    """The first entry of each address."""
    return {one.get("ip"): one for one in reversed(parsed(xml).findall("dns/host"))}
