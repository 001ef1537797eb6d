"""A network's properties and libvirt's network XML, both ways.

`render` sets declared properties on XML that may already say more, and leaves alone what is not declared; `view`
reads every property that this provider knows out of XML.  Both are pure, and what `view` says of two documents is
equal exactly when they mean the same: MACs in lower case, addresses as subnets, libvirt's own defaults filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import Any, Final

from lxml import etree

from provider.virt.xml_in import of_libvirt, parsed

Element = Any  # lxml.etree._Element
Interface = IPv4Interface | IPv6Interface
Seen = Mapping[str, Any]  # what `view` says

NAT_PORTS: Final = {"start": 1024, "end": 65535}  # what libvirt does when no ports are given, and writes live

# The order in which libvirt itself writes a network's elements; `render` keeps it.
_ORDER: Final = (
    "name", "uuid", "title", "description", "metadata", "forward", "bridge", "mtu", "mac", "domain", "dns", "vlan",
    "bandwidth", "portgroup", "ip", "route",
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
        _child(root, "name").text = inputs["name"]
    if "ipv6" in inputs:
        _attribute(root, "ipv6", "yes" if inputs["ipv6"] else None)
    _forward(root, inputs)
    _bridge(root, inputs)
    if "mac" in inputs:
        _child(root, "mac").set("address", inputs["mac"])
    if "mtu" in inputs:
        _child(root, "mtu").set("size", str(inputs["mtu"]))
    if "domain" in inputs:
        _child(root, "domain").set("name", inputs["domain"])
    if "dns" in inputs:
        _dns(root, inputs["dns"])
    _addresses(root, inputs)
    _dhcp(root, inputs)
    root[:] = sorted(root, key=lambda child: _ORDER.index(child.tag) if child.tag in _ORDER else len(_ORDER))
    etree.indent(root)
    return str(etree.tostring(root, encoding="unicode"))


def _forward(root: Element, inputs: Mapping[str, Any]) -> None:
    if "mode" in inputs:
        _mode(root, inputs["mode"], "bridge" in inputs)
    if "natPorts" in inputs:
        nat = _child(_child(root, "forward"), "nat")
        port = _child(nat, "port")
        port.set("start", str(inputs["natPorts"]["start"]))
        port.set("end", str(inputs["natPorts"]["end"]))


def _mode(root: Element, mode: str, bridge_given: bool) -> None:
    """The mode, without what libvirt refuses to have beside it."""
    before = _mode_of(root)
    if mode == "bridge" != before:
        for tag in ("forward", "mac", "domain", "dns", "ip", "mtu", "bridge"):
            _drop(root, tag)
    elif before == "bridge" != mode and not bridge_given:
        _drop(root, "bridge")  # the host's own, which libvirt must not make
    if mode == "none":
        _drop(root, "forward")
        return
    forward = _child(root, "forward")
    forward.set("mode", mode)
    if mode != "nat":
        _drop(forward, "nat")


def _mode_of(root: Element) -> str:
    forward = root.find("forward")
    return "none" if forward is None else str(forward.get("mode", "nat"))


def _bridge(root: Element, inputs: Mapping[str, Any]) -> None:
    if "bridge" in inputs:
        _child(root, "bridge").set("name", inputs["bridge"])
    if "stp" in inputs:
        _child(root, "bridge").set("stp", "on" if inputs["stp"] else "off")
    if "delay" in inputs:
        _child(root, "bridge").set("delay", str(inputs["delay"]))


def _dns(root: Element, dns: Mapping[str, Any]) -> None:
    if "localOnly" in dns and root.find("domain") is not None:
        root.find("domain").set("localOnly", "yes" if dns["localOnly"] else "no")
    if "enabled" in dns:
        _attribute(_child(root, "dns"), "enable", None if dns["enabled"] else "no")
    if "hosts" in dns:
        _drop(_child(root, "dns"), "host")
        for ip, names in dns_names(dns["hosts"]).items():
            root.find("dns").append(dns_host(ip, names))
    if root.find("dns") is not None and not len(root.find("dns")) and not root.find("dns").attrib:
        _drop(root, "dns")


def _addresses(root: Element, inputs: Mapping[str, Any]) -> None:
    """Subnets beside the declared ones are others', and stay where those are there."""
    if "addresses" not in inputs:
        return
    kept = {_ip_of(element).network: element for element in root.findall("ip")}
    if inputs["addresses"] and all(subnet(address).network in kept for address in inputs["addresses"]):
        return
    _drop(root, "ip")
    for address in inputs["addresses"]:
        gateway = subnet(address)
        element = kept.get(gateway.network)
        if element is None:
            element = etree.Element("ip", family=f"ipv{gateway.version}", address=str(gateway.ip))
            if gateway.version == 4:
                element.set("netmask", str(gateway.netmask))
            else:
                element.set("prefix", str(gateway.network.prefixlen))
        root.append(element)


def _dhcp(root: Element, inputs: Mapping[str, Any]) -> None:
    element = _served(root)
    if element is None:
        return
    enabled = inputs.get("dhcp", {}).get("enabled")
    if enabled is False:
        _drop(element, "dhcp")
        return
    ranges = inputs.get("dhcpRanges")
    if ranges is None and enabled and element.find("dhcp/range") is None:
        ranges = [guessed_range(str(_ip_of(element)))]
    if ranges is not None:
        dhcp = _child(element, "dhcp")
        _drop(dhcp, "range")
        for index, limits in enumerate(ranges):
            dhcp.insert(index, etree.Element("range", start=limits["start"], end=limits["end"]))
    if "dhcpHosts" in inputs:
        dhcp = _child(element, "dhcp")
        _drop(dhcp, "host")
        dhcp.extend(etree.Element("host", dhcp_host(host)) for host in inputs["dhcpHosts"])
    if element.find("dhcp") is not None and not len(element.find("dhcp")):
        _drop(element, "dhcp")


def dhcp_host(host: Mapping[str, str]) -> dict[str, str]:
    """A reservation's attributes in the order in which libvirt writes them."""
    return {key: host[key] for key in ("mac", "ip", "name") if key in host}


def dns_names(hosts: list[dict[str, str]]) -> dict[str, list[str]]:
    """Address -> its names: libvirt has one entry for an address."""
    names: dict[str, list[str]] = {}
    for host in hosts:
        names.setdefault(host["ip"], []).append(host["hostname"])
    return names


def dns_host(ip: str, names: list[str]) -> Element:
    element = etree.Element("host", ip=ip)
    for name in names:
        etree.SubElement(element, "hostname").text = name
    return element


@lru_cache(maxsize=64)  # within one update the same XML is looked at again and again
@of_libvirt("a network")
def view(xml: str) -> Seen:
    """Every property of a network, in the wire form; a property that the network does not have is absent.

    Who asks again gets the same object: not to be changed.
    """
    root = parsed(xml)
    bridge, domain = root.find("bridge"), root.find("domain")
    mode = _mode_of(root)
    seen: dict[str, Any] = {"name": root.findtext("name"), "mode": mode, "ipv6": root.get("ipv6") == "yes"}
    if mode == "nat":
        port = root.find("forward/nat/port")
        seen["natPorts"] = (
            dict(NAT_PORTS)
            if port is None
            else {"start": int(port.get("start")), "end": int(port.get("end"))}
        )
    if bridge is not None and bridge.get("name"):
        seen["bridge"] = bridge.get("name")
    if mode != "bridge" and bridge is not None:
        seen["stp"] = bridge.get("stp", "on") == "on"
        seen["delay"] = int(bridge.get("delay", "0"))
    if root.find("mac") is not None:
        seen["mac"] = root.find("mac").get("address").lower()
    if root.find("mtu") is not None:
        seen["mtu"] = int(root.find("mtu").get("size"))
    if domain is not None:
        seen["domain"] = domain.get("name")
    seen["dns"] = _dns_view(root)
    seen["addresses"] = [str(_ip_of(element).network) for element in root.findall("ip")]
    served = _served(root)
    dhcp = served.find("dhcp") if served is not None else None
    seen["dhcp"] = {"enabled": dhcp is not None}
    seen["dhcpRanges"] = [] if dhcp is None else [_range_view(r) for r in dhcp.findall("range")]
    seen["dhcpHosts"] = [] if dhcp is None else [_host_view(host) for host in dhcp.findall("host")]
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


def _range_view(limits: Element) -> dict[str, str]:
    return {"start": limits.attrib["start"], "end": limits.attrib["end"], **limits.attrib}


def _host_view(host: Element) -> dict[str, str]:
    seen = dhcp_host(host.attrib)
    return {**seen, "mac": seen["mac"].lower()} if "mac" in seen else seen


@lru_cache(maxsize=64)
@of_libvirt("a network")
def rest(xml: str) -> str:
    """What the XML says beyond the properties that `view` reads, and beyond what only a running network says."""
    root = parsed(xml, blanks=False)
    for path, names in _READ.items():
        for element in [root] if path == "." else root.findall(path):
            for name in names:
                element.attrib.pop(name, None)
    for path in _READ_WHOLE:
        for element in root.findall(path):
            element.getparent().remove(element)
    for element in [e for e in root.iterdescendants() if isinstance(e.tag, str)][::-1]:
        if not len(element) and not element.attrib and not (element.text or "").strip():
            element.getparent().remove(element)
    return str(etree.tostring(root, method="c14n").decode())


_READ: Final = {
    ".": ("connections", "ipv6"),
    "forward": ("mode",),
    "bridge": ("name", "stp", "delay"),
    "domain": ("name", "localOnly"),
    "dns": ("enable",),
    "ip": ("family", "address", "netmask", "prefix"),
}
_READ_WHOLE: Final = (
    "name", "uuid", "title", "description", "metadata", "mac", "mtu", "forward/nat/port", "dns/host", "ip/dhcp/range",
    "ip/dhcp/host",
)  # fmt: skip


@of_libvirt("a network")
def declarable(xml: str) -> list[str]:
    """The one subnet of each family that can be declared: the one that serves DHCP, or the first."""
    root = etree.fromstring(xml.encode())
    served = _served(root)
    found = [_ip_of(e).network for e in ([] if served is None else [served]) + root.findall("ip")]
    return [str(network) for network in {network.version: network for network in reversed(found)}.values()][
        ::-1
    ]


def subnets(xml: str) -> list[Interface]:
    """The addresses that the network's bridge has on the host, with their prefix lengths."""
    return [_ip_of(element) for element in parsed(xml).findall("ip")]


def _ip_of(element: Element) -> Interface:
    """``netmask`` or ``prefix``, as either is allowed; without both, libvirt takes the whole address."""
    length = element.get("netmask") or element.get("prefix")
    return ip_interface(f"{element.get('address')}/{length}" if length else element.get("address"))


def _served(root: Element) -> Element | None:
    """The ``<ip>`` that serves DHCP, or would: reservations are for IPv4, and libvirt has them in one subnet only."""
    own = [element for element in root.findall("ip") if element.get("family", "ipv4") == "ipv4"]
    return next((element for element in own if element.find("dhcp") is not None), own[0] if own else None)


def _child(parent: Element, tag: str) -> Element:
    found = parent.find(tag)
    return etree.SubElement(parent, tag) if found is None else found


def _drop(parent: Element, tag: str) -> None:
    for element in parent.findall(tag):
        parent.remove(element)


def _attribute(element: Element, key: str, value: str | None) -> None:
    if value is None:
        element.attrib.pop(key, None)
    else:
        element.set(key, value)
