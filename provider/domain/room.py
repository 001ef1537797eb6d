"""Declared disks and NICs that a running guest has no place for: it has them from its next start on.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from provider.domain.read import Domain, NetworkName, as_read, disk_path
from provider.host.macs import same_mac
from provider.nic.nic import DEFAULT_MODEL
from provider.resource.base import COMPUTED


@dataclass(frozen=True)
class Waiting:
    """Why each one waits: ``disks`` by file, ``nics`` by MAC, ``unknown`` of disks whose file an `up` will tell."""

    disks: Mapping[str, str] = field(default_factory=dict)
    nics: Mapping[str, str] = field(default_factory=dict)
    unknown: str = ""

    @property
    def keys(self) -> list[str]:
        """The properties of which something waits."""
        return [key for key, found in (("disks", self.disks), ("networkInterfaces", self.nics)) if found]


def waiting(declared: Mapping[str, Any], domain: Domain) -> Waiting:
    """In the order in which an update plugs them in.  Nothing waits for a guest that is shut off or not defined."""
    if domain.now is None or domain.live is None or domain.config is None:
        return Waiting()
    paths = [disk_path(disk) for disk in declared.get("disks") or ()]
    there = {path for _, path in domain.now.slots}
    wanted = [path for path in paths if path is not COMPUTED and path not in there]
    disks, before = _without(wanted, domain, 0)
    macs = {nic.mac for nic in domain.live}
    entries = [same_mac(str(entry.get("mac"))) for entry in declared.get("networkInterfaces") or ()]
    nics, before = _without([mac for mac in entries if mac not in macs], domain, before)
    unknown = domain.room.why_not(DEFAULT_MODEL, before) if COMPUTED in paths else ""
    return Waiting(disks, nics, unknown)


def _without(wanted: list[str], domain: Domain, before: int) -> tuple[dict[str, str], int]:
    found = {}
    for each in wanted:
        if why := domain.room.why_not(DEFAULT_MODEL, before):
            found[each] = why
        else:
            before += 1
    return found, before


def defined(declared: Mapping[str, Any], domain: Domain) -> Waiting:
    """Those that the definition has already: nothing is left to be done for them."""
    found = waiting(declared, domain)
    macs = {nic.mac for nic in domain.config or ()}
    return Waiting(
        {path: why for path, why in found.disks.items() if path in domain.seen.disks},
        {mac: why for mac, why in found.nics.items() if mac in macs},
    )


def kept(declared: Mapping[str, Any], domain: Domain, network_name: NetworkName) -> dict[str, list[Any]]:
    """By property, the declared ones of `defined` as the definition has them."""
    waits = defined(declared, domain)
    entries = {
        "disks": [d for d in declared.get("disks") or () if disk_path(d) in waits.disks],
        "networkInterfaces": [
            entry
            for entry in declared.get("networkInterfaces") or ()
            if same_mac(str(entry.get("mac"))) in waits.nics
        ],
    }
    off = replace(domain, live=None, now=None)
    return {key: as_read({key: value}, off, network_name)[key] for key, value in entries.items() if value}


def told(declared: Mapping[str, Any], domain: Domain) -> Iterator[str]:
    """A line for each that waits in the definition."""
    waits, name = defined(declared, domain), domain.seen.name
    for path, why in waits.disks.items():
        yield f"disk {path} waits for the next start of guest {name}: {why}"
    for mac, why in waits.nics.items():
        yield f"NIC {mac} waits for the next start of guest {name}: {why}"
