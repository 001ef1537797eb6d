"""What libvirtd in a lab says of its guests."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import libvirt

from lab.facts import LabError


@dataclass(frozen=True)
class Guest:
    """A domain of the lab. state is virsh's word; leases are the addresses that the lab's dnsmasq gave its NICs."""

    name: str
    state: str
    leases: tuple[str, ...]


@contextlib.contextmanager
def connection(uri: str) -> Iterator[Any]:
    """A connection to libvirtd, closed at the end. Raises LabError if there is none."""
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    try:
        host = libvirt.open(uri)
    except libvirt.libvirtError as error:
        raise LabError(f"{uri}: {error}") from None
    try:
        yield host
    finally:
        host.close()


def of(host: Any) -> tuple[Guest, ...]:
    """All domains of the connected libvirtd, by name."""
    leases = _leases(host)
    return tuple(
        sorted((_guest(domain, leases) for domain in host.listAllDomains()), key=lambda guest: guest.name)
    )


_STATES = {
    1: "running",
    2: "idle",
    3: "paused",
    4: "in shutdown",
    5: "shut off",
    6: "crashed",
    7: "suspended",
}


def _leases(host: Any) -> dict[str, list[str]]:
    leases: dict[str, list[str]] = {}
    for network in host.listAllNetworks():
        for lease in network.DHCPLeases():
            leases.setdefault(lease["mac"].lower(), []).append(lease["ipaddr"])
    return leases


def _guest(domain: Any, leases: dict[str, list[str]]) -> Guest:
    macs = [mac.get("address", "").lower() for mac in ElementTree.fromstring(domain.XMLDesc()).iter("mac")]
    state = _STATES.get(domain.state()[0], "unknown")
    return Guest(domain.name(), state, tuple(address for mac in macs for address in leases.get(mac, ())))
