"""Declared properties of a network, set on libvirt's network XML, which may already say more. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_interface
from typing import Any, Final

from lxml import etree
from lxml.builder import E

from provider.host.elements import child, drop, written
from provider.host.xml_in import of_libvirt, parsed
from provider.network.seen import Element, Interface, dhcp_host, ip_of, mode_of, served_by

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
        drop(child(root, "dns"), "host")
        for ip, names in dns_names(dns["hosts"]).items():
            root.find("dns").append(dns_host(ip, names))
    if root.find("dns") is not None and not len(root.find("dns")) and not root.find("dns").attrib:
        drop(root, "dns")


def _addresses(root: Element, inputs: Mapping[str, Any]) -> None:
    """Subnets beside the declared ones are others', and stay where those are there."""
    if "addresses" not in inputs:
        return
    kept = {ip_of(element).network: element for element in root.findall("ip")}
    if inputs["addresses"] and all(subnet(address).network in kept for address in inputs["addresses"]):
        return
    drop(root, "ip")
    for address in inputs["addresses"]:
        gateway = subnet(address)
        element = kept.get(gateway.network)
        if element is None:
            element = E.ip(family=f"ipv{gateway.version}", address=str(gateway.ip))
            if gateway.version == 4:
                element.set("netmask", str(gateway.netmask))
            else:
                element.set("prefix", str(gateway.network.prefixlen))
        root.append(element)


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
        dhcp = child(element, "dhcp")
        drop(dhcp, "range")
        for index, limits in enumerate(ranges):
            dhcp.insert(index, etree.Element("range", start=limits["start"], end=limits["end"]))
    if "dhcpHosts" in inputs:
        dhcp = child(element, "dhcp")
        drop(dhcp, "host")
        dhcp.extend(etree.Element("host", dhcp_host(host)) for host in inputs["dhcpHosts"])
    if element.find("dhcp") is not None and not len(element.find("dhcp")):
        drop(element, "dhcp")


def dns_names(hosts: list[dict[str, str]]) -> dict[str, list[str]]:
    """Address -> its names: libvirt has one entry for an address."""
    names: dict[str, list[str]] = {}
    for host in hosts:
        names.setdefault(host["ip"], []).append(host["hostname"])
    return names


def dns_host(ip: str, names: list[str]) -> Element:
    return E.host(*map(E.hostname, names), ip=ip)


def _attribute(element: Element, key: str, value: str | None) -> None:
    if value is None:
        element.attrib.pop(key, None)
    else:
        element.set(key, value)
