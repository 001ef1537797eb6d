"""What stands beside an address in a trace: ``float1@trop02``.  Without spaces and brackets, for what reads it on."""

from __future__ import annotations

import re

from cli.whois import notation
from cli.whois.command import Directory
from cli.whois.declared import Owner
from cli.whois.seen import Sighting


class Labels:
    """The labels of one directory, by an address in any notation; None for one of which the rack knows nothing."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._owners: dict[str, Owner] = {}
        for owner in directory.owners:
            for key in (owner.mac, owner.address):
                if key is not None:
                    self._owners.setdefault(key, owner)
        seen = directory.seen.sightings if directory.seen else ()
        self._addresses = {*self._owners, *(s.address for s in seen)}
        self._ruled = directory.rules.first_octets()

    def __call__(self, text: str) -> str | None:
        if (
            text.count(".") == 3
            and text not in self._addresses
            and text.rpartition(".")[0] not in self._ruled
        ):
            return None  # said at once: a scan shows a million addresses of others
        try:
            read = notation.read(text)
        except notation.NotUnderstoodError:
            return None
        if read is not None and read.form == "IPv4":
            return self._of_address(read.value)
        return None if read is None or read.mac is None else self._of_mac(read.mac)

    def _of_address(self, address: str) -> str | None:
        owner = self._owners.get(address)
        seen = self._directory.seen
        at = seen.of([], [address]) if seen else ()
        macs = {s.mac for s in at if s.mac is not None} | ({owner.mac} if owner and owner.mac else set())
        if owner is not None or at:
            return _joined(owner, seen.of(macs, [address]) if seen else ())
        return next((s.label for s in self._directory.rules.of_address(address) if s.label), None)

    def _of_mac(self, mac: str) -> str | None:
        if notation.guests_mac(mac) is not None:
            guests = [self._known(guest) for guest in self._directory.macs_of(mac)[1:]]
            known = next((label for label in guests if label is not None), None)
            return None if known is None else f"tap:{known}"
        if known := self._known(mac):
            return known
        return next((s.label for s in self._directory.rules.of_mac(mac) if s.label), None)

    def _known(self, mac: str) -> str | None:
        seen = self._directory.seen
        return _joined(self._owners.get(mac), seen.of([mac]) if seen else ())


def _joined(owner: Owner | None, sightings: tuple[Sighting, ...]) -> str | None:
    """The declared one, and what is seen where it is not what is declared."""
    declared = (owner.domain, owner.hypervisor) if owner else None
    nics = [s for s in sightings if s.how == "NIC" and (s.domain, s.hypervisor) != declared]
    names = [f"{s.domain}@{s.hypervisor}" for s in nics]
    if owner is None and not nics:
        names = [f"{s.name or s.network}@{s.hypervisor}" for s in sightings]
    parts = [owner.label] if owner else []
    if names:
        parts.append(f"seen:{','.join(dict.fromkeys(names))}")
    return re.sub(r"[^\w.,:;@+-]", "_", ";".join(parts)) or None
