"""Declared properties of a network, set on libvirt's network XML, which may already say more. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_interface
from typing import Any, Final

from lxml import etree
from lxml.builder import E

from provider.host.elements import child, drop, written
from provider.host.xml_in import of_libvirt, parsed
from provider.network import entries
from provider.network.seen import Element, Interface, ip_of, mode_of, served_by

# The order in which libvirt itself writes a network's elements; `render` keeps it.
_ORDER: Final = (
    "name", "uuid", "title", "description", "metadata", "forward", "bridge", "mtu", "mac", "domain", "dns", "vlan",
    "bandwidth", "portgroup", "ip", "route",
)  # fmt: skip
# Property, and the element and the attribute that have it.
_PLAIN: Final = (
    ("bridge", "bridge", "name"), ("stp", "bridge", "stp"), ("delay", "bridge", "delay"), ("mac", "mac", "address"),
    ("mtu", "mtu", "size"), ("domain", "domain", "name"),
)  # fmt: skip


def subnet(address: str) -> Interface:
    """``192.168.202.0/24`` -> the subnet's first usable address, which is the gateway, with its prefix length."""
    given = ip_interface(address)
    return ip_interface(f"{given.network.network_address + 1}/{given.network.prefixlen}")


def guessed_range(address: str) -> dict[str, str]:
    """What pulumi-libvirt serves by DHCP when no ranges are given: all but the gateway."""
    network = ip_interface(address).network
    return {"start": str(network.network_address + 2), "end": str(network.broadcast_address - 1)}


def skeleton(uuid: str) -> str:
    """What `render` makes a new network of."""
    return f"<network><uuid>{uuid}</uuid></network>"


@of_libvirt("a network")
def render(inputs: Mapping[str, Any], base: str) -> str:
    """The network's XML with every declared property as declared, whatever ``base`` says of it."""
    root = parsed(base, blanks=False)
    root.attrib.pop("connections", None)  # libvirt's count of plugged guests, in live XML only
    if "name" in inputs:
        child(root, "name").text = inputs["name"]
    if "ipv6" in inputs:
        _attribute(root, "ipv6", "yes" if inputs["ipv6"] else None)
    _forward(root, inputs)
    for key, tag, name in _PLAIN:
        if key in inputs:
            value = inputs[key]
            said = {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
            child(root, tag).set(name, said)
    if "dns" in inputs:
        _dns(root, inputs["dns"])
    _addresses(root, inputs)
    _dhcp(root, inputs)
    root[:] = sorted(root, key=lambda one: _ORDER.index(one.tag) if one.tag in _ORDER else len(_ORDER))
    etree.indent(root)
    return written(root)


def _forward(root: Element, inputs: Mapping[str, Any]) -> None:
    if "mode" in inputs:
        _mode(root, inputs["mode"], "bridge" in inputs)
    if "natPorts" in inputs:
        port = child(child(child(root, "forward"), "nat"), "port")
        port.attrib.update({end: str(inputs["natPorts"][end]) for end in ("start", "end")})


def _mode(root: Element, mode: str, bridge_given: bool) -> None:
    """The mode, without what libvirt refuses to have beside it."""
    before = mode_of(root)
    if mode == "bridge" != before:
        for tag in ("forward", "mac", "domain", "dns", "ip", "mtu", "bridge"):
            drop(root, tag)
    elif before == "bridge" != mode and not bridge_given:
        drop(root, "bridge")  # the host's own, which libvirt must not make
    if mode == "none":
        drop(root, "forward")
        return
    forward = child(root, "forward")
    forward.set("mode", mode)
    if mode != "nat":
        drop(forward, "nat")


def _dns(root: Element, dns: Mapping[str, Any]) -> None:
    if "localOnly" in dns and root.find("domain") is not None:
        root.find("domain").set("localOnly", "yes" if dns["localOnly"] else "no")
    if "enabled" in dns:
        _attribute(child(root, "dns"), "enable", None if dns["enabled"] else "no")
    if "hosts" in dns:
        _names(child(root, "dns"), entries.dns_names(dns["hosts"]))
    if root.find("dns") is not None and not len(root.find("dns")) and not root.find("dns").attrib:
        drop(root, "dns")


def _names(dns: Element, wanted: dict[str, list[str]]) -> None:
    """An address that keeps its names keeps its element as it is."""
    old: dict[str, Element] = {}
    for element in dns.findall("host"):
        names = [name.text for name in element.findall("hostname")]
        if element.get("ip") in old or names != wanted.get(element.get("ip")):
            dns.remove(element)
        old.setdefault(element.get("ip"), element)
    there = {element.get("ip") for element in dns.findall("host")}
    for ip, names in wanted.items():
        if ip not in there:
            dns.append(entries.dns_host(ip, names, old.get(ip)))


def _addresses(root: Element, inputs: Mapping[str, Any]) -> None:
    """Subnets beside the declared ones are others', and stay where those are there."""
    if "addresses" not in inputs:
        return
    there = {ip_of(element).network: element for element in root.findall("ip")}
    wanted = [subnet(address) for address in inputs["addresses"]]
    if wanted and all(gateway.network in there for gateway in wanted):
        return
    former = _replaced(root, [gateway for gateway in wanted if gateway.network in there])
    undeclared = [tag for tag, key in (("range", "dhcpRanges"), ("host", "dhcpHosts")) if key not in inputs]
    drop(root, "ip")
    for gateway in wanted:
        element = there.get(gateway.network)
        if element is None:
            element = _ip(gateway, former.get(gateway.version))
            for tag in undeclared if element.find("dhcp") is not None else ():
                drop(element.find("dhcp"), tag)  # they lie in the former subnet
        root.append(element)


def _replaced(root: Element, kept: list[Interface]) -> dict[int, Element]:
    """By IP's version the subnet whose place another one takes: the one that serves DHCP, else the first."""
    networks = {gateway.network for gateway in kept}
    free = [element for element in root.findall("ip") if ip_of(element).network not in networks]
    free.sort(key=lambda element: element.find("dhcp") is None)
    return {ip_of(element).version: element for element in reversed(free)}


def _ip(gateway: Interface, old: Element | None) -> Element:
    """A subnet's element: a new one, or that of the one whose place it takes."""
    element = E.ip(family=f"ipv{gateway.version}") if old is None else old
    element.set("address", str(gateway.ip))
    mask = (
        {"netmask": str(gateway.netmask)}
        if gateway.version == 4
        else {"prefix": str(gateway.network.prefixlen)}
    )
    for key in ("netmask", "prefix"):
        _attribute(element, key, mask.get(key))
    return element


def _dhcp(root: Element, inputs: Mapping[str, Any]) -> None:
    element = served_by(root)
    if element is None:
        return
    enabled = inputs.get("dhcp", {}).get("enabled")
    if enabled is False:
        drop(element, "dhcp")
        return
    ranges = inputs.get("dhcpRanges")
    if ranges is None and enabled and element.find("dhcp/range") is None:
        ranges = [guessed_range(str(ip_of(element)))]
    if ranges is not None:
        _ranges(child(element, "dhcp"), ranges)
    if "dhcpHosts" in inputs:
        _reservations(child(element, "dhcp"), inputs["dhcpHosts"])
    if element.find("dhcp") is not None and not len(element.find("dhcp")):
        drop(element, "dhcp")


def _ranges(dhcp: Element, wanted: list[dict[str, str]]) -> None:
    coming, going = entries.paired_ranges(wanted, entries.ranges_of_dhcp(dhcp))
    for entry in going:
        dhcp.remove(entry.element)
    count = len(dhcp.findall("range"))
    for index, (old, limits) in enumerate(coming):
        dhcp.insert(count + index, entries.dhcp_range(limits, None if old is None else old.element))


def _reservations(dhcp: Element, wanted: list[dict[str, str]]) -> None:
    pairs, gone, new = entries.paired(wanted, entries.of_dhcp(dhcp))
    for entry in gone:
        dhcp.remove(entry.element)
    for entry, host in pairs:
        dhcp.replace(entry.element, entries.reservation(host, entry.element))
    dhcp.extend(entries.reservation(host) for host in new)


def _attribute(element: Element, key: str, value: str | None) -> None:
    if value is None:
        element.attrib.pop(key, None)
    else:
        element.set(key, value)
