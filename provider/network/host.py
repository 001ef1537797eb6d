"""A network against the rest of its host: what it needs there, what it would collide with, who is plugged in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any

from provider.connection import api, errors
from provider.errors import Lacking, OperatorError
from provider.host import optional
from provider.host.definitions import xmls
from provider.host.elements import attribute
from provider.host.host import Host
from provider.host.macs import same_mac
from provider.host.xml_in import of_libvirt, parsed
from provider.network.change import Sides
from provider.network.seen import subnets, view
from provider.network.xml import subnet
from provider.nic import nic

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


def networks_by_mac(host: Host) -> dict[str, str]:
    """The name of each network that has a MAC of its own and can be read, by that MAC (`same_mac`)."""
    listed, _ = optional.looked(f"the networks of {host.uri}", host.conn.listAllNetworks)
    seen = [(n.name(), optional.looked(n.name(), partial(_mac, n))[0]) for n in listed or ()]
    return {mac: name for name, mac in seen if mac is not None}


@of_libvirt("a network")
def _mac(network: api.Network) -> str | None:
    mac = attribute(parsed(sides(network).base), "mac", "address")
    return None if mac is None else same_mac(mac)


def check_host(host: Host, inputs: Mapping[str, Any], own_uuid: str, tell: optional.Tell) -> None:
    """`OperatorError` when the host lacks the bridge, or another of its networks has the bridge or the subnet."""
    if inputs.get("mode") == "bridge" and isinstance(inputs.get("bridge"), str):
        _check_bridge(host, inputs["name"], inputs["bridge"], tell)
    wanted = [subnet(address) for address in inputs.get("addresses", []) if isinstance(address, str)]
    for other, xml in _others(host, own_uuid, tell):
        for taken in subnets(xml):
            for one in wanted:
                if one.version == taken.version and one.network.overlaps(taken.network):
                    raise OperatorError(
                        f"network {inputs['name']}: {one.network} overlaps {taken.network} of network "
                        f"{other} on {host.uri}"
                    )
        seen = view(xml)
        if inputs.get("mode") != "bridge" != seen["mode"] and seen.get("bridge", 0) == inputs.get("bridge"):
            raise OperatorError(
                f"network {inputs['name']}: bridge {inputs['bridge']} is already that of network {other} "
                f"on {host.uri}"
            )


def _check_bridge(host: Host, name: str, bridge: str, tell: optional.Tell) -> None:
    """Of virInterface's two drivers, netcf knows only the bridges that it has set up itself, and fails for others."""
    there = optional.look(
        tell,
        f"bridge {bridge} of {host.uri}",
        lambda: host.interface_by_name(bridge) is not None,
        True,
        "whether it is there is not known before a guest is started",
    )
    if not there:
        where = "its /etc/network/interfaces, netplan or NetworkManager"
        advice = f"it belongs to the host, so set it up there first ({where})"
        raise Lacking(f"network {name}", f"bridge {bridge} is missing on {host.uri}", advice)


def _others(host: Host, own_uuid: str, tell: optional.Tell) -> Iterator[tuple[str, str]]:
    """Name and XML of the host's other networks."""
    unknown = "whether it has the same bridge or subnet is not known"
    listed = optional.look(
        tell,
        f"the other networks of {host.uri}",
        host.conn.listAllNetworks,
        (),
        unknown.replace("it has", "one has"),
    )
    for other in listed:
        if other.UUIDString().lower() != own_uuid.lower():
            read = partial(errors.unless, errors.NO_NETWORK, _understood, other)
            both = optional.look(tell, f"network {other.name()}", read, None, unknown)
            if both is not None:
                yield other.name(), both.base


def _understood(network: api.Network) -> Sides:
    """Both sides, of which the one in effect can be read."""
    both = sides(network)
    view(both.base)
    return both


def plugged(
    host: Host, network: str, domains_aside: Collection[str] = (), macs_aside: Collection[str] = ()
) -> list[str]:
    """Names of the domains with a NIC on the network of this name, live or in their persistent definition.

    Domains of the UUIDs in ``domains_aside``, and NICs with one of ``macs_aside`` (`same_mac`), don't count.
    """
    found = []
    for domain in host.conn.listAllDomains():
        if domain.UUIDString() in domains_aside:
            continue
        unknown = f"whether it is plugged into {network} is not known"
        nics, unread = optional.looked(f"domain {domain.name()}", partial(_nics, domain), unknown)
        if unread:
            raise OperatorError(f"network {network} is left as it is: {unread}")
        if any(one.network == network and one.mac not in macs_aside for one in nics or ()):
            found.append(domain.name())
    return sorted(found)


def _nics(domain: api.Domain) -> list[nic.Nic]:
    return [one for xml in xmls(domain) for one in nic.nics(xml)]
