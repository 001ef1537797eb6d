"""What a network's XML says: the properties that this provider knows, and the rest.

What `view` says of two documents is equal exactly when they mean the same: MACs in lower case, addresses as
subnets, libvirt's own defaults filled in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import Any, Final

from lxml import etree

from provider.host.xml_in import of_libvirt, parsed

Element = Any  # lxml.etree._Element
Interface = IPv4Interface | IPv6Interface
Seen = Mapping[str, Any]  # what `view` says

# Property and element, its attribute, and what the wire form is made by.
_PLAIN: Final[tuple[tuple[str, str, Callable[[Any], Any]], ...]] = (
    ("mac", "address", str.lower),
    ("mtu", "size", int),
    ("domain", "name", lambda name: name),
)
NAT_PORTS: Final = {"start": 1024, "end": 65535}  # what libvirt does when no ports are given, and writes live


@lru_cache(maxsize=64)  # within one update the same XML is looked at again and again
@of_libvirt("a network")
def view(xml: str) -> Seen:
    """Every property of a network, in the wire form; a property that the network does not have is absent.

    Who asks again gets the same object: not to be changed.
    """
    root = parsed(xml, "network")
    bridge = root.find("bridge")
    mode = mode_of(root)
    seen: dict[str, Any] = {"name": root.findtext("name"), "mode": mode, "ipv6": root.get("ipv6") == "yes"}
    if mode == "nat":
        port = root.find("forward/nat/port")
        ends = ("start", "end")
        seen["natPorts"] = dict(NAT_PORTS) if port is None else {end: int(port.get(end)) for end in ends}
    if bridge is not None and bridge.get("name"):
        seen["bridge"] = bridge.get("name")
    if mode != "bridge" and bridge is not None:
        seen["stp"] = bridge.get("stp", "on") == "on"
        seen["delay"] = int(bridge.get("delay", "0"))
    for key, attribute, form in _PLAIN:
        if (element := root.find(key)) is not None:
            seen[key] = form(element.get(attribute))
    seen["dns"] = _dns_view(root)
    seen["addresses"] = [str(ip_of(element).network) for element in root.findall("ip")]
    served = served_by(root)
    inside = etree.Element("ip") if served is None else served
    seen["dhcp"] = {"enabled": inside.find("dhcp") is not None}
    seen["dhcpRanges"] = [range_of(one) for one in inside.iterfind("dhcp/range")]
    seen["dhcpHosts"] = [_host_view(one) for one in inside.iterfind("dhcp/host")]
    return seen


def _dns_view(root: Element) -> dict[str, Any]:
    domain, dns = root.find("domain"), root.find("dns")
    return {
        "enabled": dns is None or dns.get("enable") != "no",
        "localOnly": domain is not None and domain.get("localOnly") == "yes",
        "hosts": [
            {"hostname": name.text, "ip": host.get("ip")}
            for host in root.findall("dns/host")
            for name in host.findall("hostname")
        ],
    }


def _host_view(host: Element) -> dict[str, str]:
    seen = dhcp_host(host.attrib)
    return {**seen, "mac": seen["mac"].lower()} if "mac" in seen else seen


@lru_cache(maxsize=64)
@of_libvirt("a network")
def rest(xml: str) -> str:
    """What the XML says beyond the properties that `view` reads, and beyond what only a running network says."""
    root = parsed(xml, blanks=False)
    for path, names in READ.items():
        for element in [root] if path == "." else root.findall(path):
            for name in names:
                element.attrib.pop(name, None)
    for path in READ_WHOLE:
        for element in root.findall(path):
            element.getparent().remove(element)
    for element in [e for e in root.iterdescendants() if isinstance(e.tag, str)][::-1]:
        if not len(element) and not element.attrib and not (element.text or "").strip():
            element.getparent().remove(element)
    return str(etree.tostring(root, method="c14n").decode())


READ: Final = {
    ".": ("connections", "ipv6"),
    "forward": ("mode",),
    "bridge": ("name", "stp", "delay"),
    "domain": ("name", "localOnly"),
    "dns": ("enable",),
    "ip": ("family", "address", "netmask", "prefix"),
}
READ_WHOLE: Final = (
    "name", "uuid", "title", "description", "metadata", "mac", "mtu", "forward/nat/port", "dns/host", "ip/dhcp/range",
    "ip/dhcp/host",
)  # fmt: skip


@of_libvirt("a network")
def declarable(xml: str) -> list[str]:
    """The one subnet of each family that can be declared: the one that serves DHCP, or the first."""
    root = etree.fromstring(xml.encode())
    served = served_by(root)
    found = [ip_of(e).network for e in ([] if served is None else [served]) + root.findall("ip")]
    return [str(network) for network in {network.version: network for network in reversed(found)}.values()][
        ::-1
    ]


def subnets(xml: str) -> list[Interface]:
    """The addresses that the network's bridge has on the host, with their prefix lengths."""
    return [ip_of(element) for element in parsed(xml).findall("ip")]


def ip_of(element: Element) -> Interface:
    """``netmask`` or ``prefix``, as either is allowed; without both, libvirt takes the whole address."""
    length = element.get("netmask") or element.get("prefix")
    return ip_interface(f"{element.get('address')}/{length}" if length else element.get("address"))


def served_by(root: Element) -> Element | None:
    """The ``<ip>`` that serves DHCP, or would: reservations are for IPv4, and libvirt has them in one subnet only."""
    own = [element for element in root.findall("ip") if element.get("family", "ipv4") == "ipv4"]
    return next((element for element in own if element.find("dhcp") is not None), own[0] if own else None)


def mode_of(root: Element) -> str:
    forward = root.find("forward")
    return "none" if forward is None else str(forward.get("mode", "nat"))


def range_of(element: Element) -> dict[str, str]:
    return {end: element.attrib[end] for end in ("start", "end")}


def dhcp_host(host: Mapping[str, str]) -> dict[str, str]:
    """A reservation's attributes in the order in which libvirt writes them."""
    return {key: host[key] for key in ("mac", "ip", "name") if key in host}
