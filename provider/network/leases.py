"""Who has the addresses that are reserved: what DHCP has leased, and what the host's neighbours answer with."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from provider.connection import api, errors
from provider.host import kernel, optional
from provider.host.definitions import xmls
from provider.host.host import Host
from provider.host.macs import same_mac
from provider.nic import nic
from provider.resource.base import Call, Props

Reservation = Mapping[str, str]
_UNKNOWN = "whether somebody else has a reserved address is not known"


@dataclass(frozen=True)
class Lease:
    """``expires`` in seconds since 1970; 0: never."""

    mac: str
    address: str
    expires: int

    @property
    def until(self) -> str:
        return (
            time.strftime("until %Y-%m-%d %H:%M", time.localtime(self.expires))
            if self.expires
            else "for ever"
        )


def valid(network: api.Network, tell: optional.Tell) -> list[Lease]:
    """The leases that have not run out; none where they can't be looked at, which is told."""
    ask = partial(errors.unless, errors.NO_NETWORK, network.DHCPLeases)
    found = optional.look(tell, f"the leases of network {network.name()}", ask, None, _UNKNOWN) or ()
    all_of = [Lease(same_mac(one["mac"] or ""), one["ipaddr"], int(one["expirytime"])) for one in found]
    return [lease for lease in all_of if not lease.expires or lease.expires > time.time()]


def others(network: api.Network, reserved: Sequence[Reservation], tell: optional.Tell) -> dict[str, str]:
    """MAC -> address, of those that have another one leased than the one that is reserved, and not that too."""
    by_mac: dict[str, list[Lease]] = {}
    for lease in valid(network, tell) if reserved else ():
        by_mac.setdefault(lease.mac, []).append(lease)
    found = {}
    for host in reserved:
        had = by_mac.get(same_mac(host.get("mac", "")), [])
        if had and host.get("ip") not in {lease.address for lease in had}:
            found[same_mac(host["mac"])] = max(had, key=lambda lease: lease.expires).address
    return found


def tell(call: Call, network: api.Network, inputs: Props, seen: Props, look: kernel.Look) -> None:
    """Of each reservation that is new or changed: who has its address now, and which one its own MAC has."""
    before = [_plain(host) for host in seen.get("dhcpHosts", ())]
    changed = [host for host in map(_plain, inputs.get("dhcpHosts", ())) if host not in before]
    if not changed or not network.isActive():
        return
    leased = valid(network, call.tell)
    kernel_ = look(call.host.uri)
    lines = list(held(changed, leased, {} if kernel_ is None else kernel_.neighbours))
    names = _names(call.host, call.tell) if lines else {}
    for line, mac in lines:
        call.tell(f"network {network.name()}: {line.format(who=_who(mac, names))}")


def held(
    reserved: Sequence[Reservation], leased: Sequence[Lease], neighbours: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """A line for each that is not as reserved, with ``{who}`` in it, and the MAC of who that is.  Pure."""
    for host in reserved:
        mac, address, name = host["mac"], host["ip"], host.get("name", host["mac"])
        taken = next((one for one in leased if one.address == address and one.mac != mac), None)
        own = next((one for one in leased if one.mac == mac), None)
        if taken is not None:
            yield f"{address} is leased to {{who}} {taken.until}; {name} gets it only after that", taken.mac
        elif neighbours.get(address, mac) != mac:
            yield (
                f"{address} is {{who}}'s, which has it without a lease; {name} would be a second",
                neighbours[address],
            )
        elif own is not None and own.address != address:
            yield f"{{who}} has {own.address} {own.until}; it gets {address} when it asks anew", mac


def _plain(host: Reservation) -> dict[str, str]:
    return {**host, "mac": same_mac(host["mac"])} if "mac" in host else dict(host)


def _who(mac: str, names: Mapping[str, str]) -> str:
    return f"{mac} (VM {names[mac]})" if mac in names else mac


def _names(host: Host, tell: optional.Tell) -> dict[str, str]:
    """MAC -> the domain that has it; those that can't be read are left out."""
    unknown = "who has a MAC is not known"
    found: dict[str, str] = {}
    for domain in optional.look(tell, f"the guests of {host.uri}", host.conn.listAllDomains, (), unknown):
        macs = optional.look(tell, f"guest {domain.name()}", partial(_macs, domain), (), unknown)
        found |= dict.fromkeys(macs, domain.name())
    return found


def _macs(domain: api.Domain) -> list[str]:
    return [mac for xml in xmls(domain) for mac in nic.macs(xml)]
