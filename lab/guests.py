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
    """A domain of the lab. state is virsh's word with the reason, or "saved".

    leases are the addresses that the lab's dnsmasq gave its NICs.
    """

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
_IO_ERROR = (3, 5)
# What state() says beside the state, where it says more.
_REASONS = {
    (3, 1): "by an operator",
    _IO_ERROR: "I/O error",
    (3, 6): "by its watchdog",
    (3, 7): "after a restore or a snapshot",
    (3, 9): "for a snapshot",
    (3, 10): "it has crashed",
    (5, 3): "it has crashed",
    (5, 6): "it failed to start",
    (6, 1): "its system panicked",
}


def _leases(host: Any) -> dict[str, list[str]]:
    leases: dict[str, list[str]] = {}
    for network in host.listAllNetworks():
        for lease in network.DHCPLeases():
            leases.setdefault(lease["mac"].lower(), []).append(lease["ipaddr"])
    return leases


def _state(domain: Any) -> str:
    number, reason = domain.state()[:2]
    if number == 5 and domain.hasManagedSaveImage():
        return "saved"
    state = _STATES.get(number, "unknown")
    if why := _REASONS.get((number, reason)):
        failed = domain.diskErrors() if (number, reason) == _IO_ERROR else {}
        disks = [f"{name}: {'no space' if code == 2 else 'failed'}" for name, code in sorted(failed.items())]
        return f"{state} ({', '.join([why, *disks])})"
    return state


def _guest(domain: Any, leases: dict[str, list[str]]) -> Guest:
    macs = [mac.get("address", "").lower() for mac in ElementTree.fromstring(domain.XMLDesc()).iter("mac")]
    return Guest(
        domain.name(), _state(domain), tuple(address for mac in macs for address in leases.get(mac, ()))
    )
