"""NICs of a domain as libvirt's XML has them, and as it wants to be given them.  Pure: XML in, XML out.

What libvirt rewrites between the two is known here: a NIC on a network that is forwarded by a bridge shows live as
``<interface type='bridge'><source network= portid= bridge=/>``, and feeding that back would make a plain bridge NIC
of it; ``target``, ``alias`` and ``resource`` of a running NIC are libvirt's own, but for aliases that begin with
``ua-``.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from lxml import etree

from provider.host.elements import attribute, child, drop, written
from provider.host.macs import USER_ALIAS, alias_for, same_mac
from provider.host.xml_in import DEFINITIONS, of_libvirt, parsed

Link = Literal["up", "down"]
DEFAULT_MODEL = "virtio"
_PLACE = ("network", "bridge", "portid", "dev", "mode")  # where a source says what it is plugged into


@dataclass(frozen=True)
class Wanted:
    """A NIC that a domain shall have, once; ``mac`` is what it is known by.  ``link`` None: as it is."""

    mac: str
    network: str | None = None
    bridge: str | None = None
    model: str = DEFAULT_MODEL
    link: Link | None = None

    @property
    def source(self) -> tuple[str, str]:
        """The kind of what it is plugged into, and its name."""
        return ("bridge", self.bridge or "") if self.network is None else ("network", self.network)


@dataclass(frozen=True)
class Nic:
    """A NIC that a domain has.  ``xml`` is its element as a definition would have it, address and alias included."""

    mac: str
    alias: str | None
    network: str | None
    bridge: str | None
    model: str | None
    link: Link
    target: str | None
    address: tuple[tuple[str, str], ...]
    xml: str

    def is_on(self, wanted: Wanted) -> bool:
        """On the wanted network or bridge; a wanted NIC that names neither is content with any."""
        if wanted.network is not None:
            return self.network == wanted.network
        return wanted.bridge is None or (self.network is None and self.bridge == wanted.bridge)

    @property
    def place(self) -> str:
        """What it is plugged into, for messages."""
        if self.network is not None:
            return f"network {self.network}"
        return f"bridge {self.bridge}" if self.bridge is not None else "something that is no network"

    @property
    def user_alias(self) -> str | None:
        return self.alias if self.alias is not None and self.alias.startswith(USER_ALIAS) else None


@lru_cache(maxsize=DEFINITIONS)  # each new domain is compared with the NICs of all others
@of_libvirt("a domain")
def nics(domain_xml: str | None) -> Sequence[Nic]:
    """Every NIC of a domain in the order of its XML; none when there is no such XML."""
    if domain_xml is None:
        return ()
    return tuple(_nic(e) for e in parsed(domain_xml, "domain").iterfind("devices/interface"))


def macs(domain_xml: str | None) -> list[str]:
    return [nic.mac for nic in nics(domain_xml)]


def of_mac(domain_xml: str | None, mac: str) -> list[Nic]:
    """The NIC with this MAC, and each copy of it."""
    return [nic for nic in nics(domain_xml) if nic.mac == same_mac(mac)]


def to_plug(wanted: Wanted, alias: str | None = None) -> str:
    """The element that plugs in a new NIC."""
    kind, name = wanted.source
    root = etree.Element("interface", type=kind)
    etree.SubElement(root, "mac", address=same_mac(wanted.mac))
    etree.SubElement(root, "source", {kind: name})
    etree.SubElement(root, "model", type=wanted.model)
    if wanted.link is not None:
        etree.SubElement(root, "link", state=wanted.link)
    etree.SubElement(root, "alias", name=alias or alias_for(wanted.mac))
    return written(root)


def with_link(nic: Nic, state: Link) -> str:
    """The NIC's whole element with another link state: an update replaces the element, what is left out is lost."""
    root = etree.fromstring(nic.xml.encode())
    child(root, "link").set("state", state)
    return written(root)


def with_place(nic: Nic, wanted: Wanted) -> str:
    """The NIC's whole element on the wanted network or bridge; a port group belongs to the network of before."""
    kind, name = wanted.source
    root = etree.fromstring(nic.xml.encode())
    source = child(root, "source")
    for old in (*_PLACE, "portgroup"):
        source.attrib.pop(old, None)
    source.set(kind, name)
    root.set("type", kind)
    return written(root)


def port_group(nic: Nic) -> str | None:
    """That of its network, if it is in one."""
    return attribute(parsed(nic.xml), "source", "portgroup")


def place_of(xml: str) -> str:
    """What the NIC of this element is plugged into, for messages."""
    return _nic(parsed(xml)).place


def same_place(one: str, other: str) -> bool:
    """Whether two elements of NICs are plugged into one network or bridge."""
    a, b = _nic(parsed(one)), _nic(parsed(other))
    return (a.network, a.bridge) == (b.network, b.bridge)


def _nic(element: Any) -> Nic:
    plain = _as_defined(element)
    source = plain.find("source")
    held = {} if source is None else dict(source.attrib)
    address = plain.find("address")
    return Nic(
        mac=same_mac(attribute(plain, "mac", "address") or ""),
        alias=attribute(plain, "alias", "name"),
        network=held.get("network"),
        bridge=held.get("bridge"),
        model=attribute(plain, "model", "type"),
        link="down" if attribute(plain, "link", "state") == "down" else "up",
        target=attribute(element, "target", "dev"),
        address=() if address is None else tuple(sorted((str(k), str(v)) for k, v in address.attrib.items())),
        xml=written(plain),
    )


def _as_defined(element: Any) -> Any:
    """A copy of a live or persistent element without what only libvirt may say."""
    plain = copy.deepcopy(element)
    source = plain.find("source")
    if source is not None and "network" in source.attrib:
        plain.set("type", "network")
        for name in set(_PLACE) - {"network"}:
            source.attrib.pop(name, None)
    if (attribute(plain, "target", "dev") or "").startswith("vnet"):
        drop(plain, "target")
    drop(plain, "resource")
    return plain
