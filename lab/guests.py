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
    """A connection to libvirtd, closed at the end. Raises LabError if there is none, or a call fails."""
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    try:
        host = libvirt.open(uri)
        try:
            yield host
        finally:
            with contextlib.suppress(libvirt.libvirtError):
                host.close()
    except libvirt.libvirtError as error:
        raise LabError(f"{uri}: {_said(error)}") from None


def of(host: Any) -> tuple[tuple[Guest, ...], tuple[str, ...]]:
    """All domains of the connected libvirtd, by name; and what it does not tell of them, a line each."""
    unknown: list[str] = []
    leases = _leases(host, unknown)
    found = [_guest(domain, leases, unknown) for domain in host.listAllDomains()]
    return tuple(sorted((g for g in found if g is not None), key=lambda guest: guest.name)), tuple(unknown)


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
_NO_DOMAIN, _NO_NETWORK = 42, 43


def _leases(host: Any, unknown: list[str]) -> dict[str, list[str]]:
    leases: dict[str, list[str]] = {}
    for network in host.listAllNetworks():
        try:
            found = network.DHCPLeases()
        except libvirt.libvirtError as error:
            if error.get_error_code() != _NO_NETWORK:
                unknown.append(f"the leases of network {network.name()} are unknown: {_said(error)}")
            continue
        for lease in found:
            leases.setdefault((lease["mac"] or "").lower(), []).append(lease["ipaddr"])
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


def _guest(domain: Any, leases: dict[str, list[str]], unknown: list[str]) -> Guest | None:
    """None of one that went away meanwhile."""
    try:
        root = ElementTree.fromstring(domain.XMLDesc())
        state = _state(domain)
    except (libvirt.libvirtError, ElementTree.ParseError) as error:
        if isinstance(error, libvirt.libvirtError) and error.get_error_code() == _NO_DOMAIN:
            return None
        unknown.append(f"guest {domain.name()} could not be read: {_said(error)}")
        return Guest(domain.name(), "unknown", ())
    macs = [mac.get("address", "").lower() for mac in root.iter("mac")]
    return Guest(domain.name(), state, tuple(address for mac in macs for address in leases.get(mac, ())))


def _said(error: Exception) -> str:
    return " ".join(str(error).split())
