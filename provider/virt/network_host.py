"""A network against the rest of its host: what it needs there, what it would collide with, who is plugged in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from provider.errors import Lacking, OperatorError
from provider.virt import api, errors, nic
from provider.virt.host import Host
from provider.virt.network_change import Sides
from provider.virt.network_seen import subnets, view
from provider.virt.network_xml import subnet

XML_INACTIVE = 1
INVALID_ARG = 8  # what libvirt's test driver answers to XML_INACTIVE, which it does not know


def sides(network: api.Network) -> Sides:
    live = network.XMLDesc() if network.isActive() else None
    if not network.isPersistent():
        return Sides(live, None)
    try:
        return Sides(live, network.XMLDesc(XML_INACTIVE))
    except errors.VirtError as error:
        if errors.code(error) != INVALID_ARG:
            raise
        return Sides(live, network.XMLDesc())


def check_host(host: Host, inputs: Mapping[str, Any], own_uuid: str) -> None:
    """`OperatorError` when the host lacks the bridge, or another of its networks has the bridge or the subnet."""
    if inputs.get("mode") == "bridge" and isinstance(inputs.get("bridge"), str):
        _check_bridge(host, inputs["name"], inputs["bridge"])
    wanted = [subnet(address) for address in inputs.get("addresses", []) if isinstance(address, str)]
    for other in host.conn.listAllNetworks():
        if other.UUIDString().lower() == own_uuid.lower():
            continue
        xml = sides(other).base
        for taken in subnets(xml):
            for one in wanted:
                if one.version == taken.version and one.network.overlaps(taken.network):
                    raise OperatorError(
                        f"network {inputs['name']}: {one.network} overlaps {taken.network} of network "
                        f"{other.name()} on {host.uri}"
                    )
        seen = view(xml)
        if inputs.get("mode") != "bridge" != seen["mode"] and seen.get("bridge", 0) == inputs.get("bridge"):
            raise OperatorError(
                f"network {inputs['name']}: bridge {inputs['bridge']} is already that of network {other.name()} "
                f"on {host.uri}"
            )


def _check_bridge(host: Host, name: str, bridge: str) -> None:
    try:
        found = errors.unless(errors.NO_INTERFACE, host.conn.interfaceLookupByName, bridge)
    except errors.VirtError as error:
        if errors.code(error) == errors.NO_SUPPORT:
            return  # a libvirt without the interface driver can't be asked; starting a guest will tell
        raise
    if found is None:
        where = "its /etc/network/interfaces, netplan or NetworkManager"
        advice = f"it belongs to the host, so set it up there first ({where})"
        raise Lacking(f"network {name}", f"bridge {bridge} is missing on {host.uri}", advice)


def plugged(
    host: Host, network: str, domains_aside: Collection[str] = (), macs_aside: Collection[str] = ()
) -> list[str]:
    """Names of the domains with a NIC on the network of this name, live or in their persistent definition.

    Domains of the UUIDs in ``domains_aside``, and NICs with one of ``macs_aside`` (`nic.same_mac`), don't count.
    """
    found = []
    for domain in host.conn.listAllDomains():
        xmls = errors.unless(errors.NO_DOMAIN, _xmls, domain) or []
        here = [one for xml in xmls for one in nic.nics(xml) if one.network == network]
        if any(one.mac not in macs_aside for one in here) and domain.UUIDString() not in domains_aside:
            found.append(domain.name())
    return sorted(found)


def _xmls(domain: api.Domain) -> list[str]:
    both = [domain.XMLDesc()]
    if domain.isActive() and domain.isPersistent():
        both.append(domain.XMLDesc(2))  # VIR_DOMAIN_XML_INACTIVE
    return both
