"""Where a MAC is plugged in, among the hypervisors that could be looked at.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provider.errors import OperatorError
from provider.survey.survey import HostSeen, Unread

Sight = Mapping[str, HostSeen | OperatorError]  # by hypervisor: what is on it, or why it could not be asked


@dataclass(frozen=True)
class Plugged:
    """``copies`` NICs of one MAC in one VM, of which ``up`` have their link up in a guest that runs, or comes back.

    ``saved``: it comes back, from its managed save image, which no `up` changes.
    """

    hypervisor: str
    vm: str
    copies: int
    up: int
    saved: bool = False

    def __str__(self) -> str:
        return f"{self.hypervisor} {self.vm}" + (f" ×{self.copies}" if self.copies > 1 else "")


def hidden(stack: str, sight: Sight) -> dict[str, tuple[Unread, ...]]:
    """The domains of other hypervisors that could not be read, and may have any MAC."""
    return {
        other: found
        for other, seen in sight.items()
        if other != stack and isinstance(seen, HostSeen) and (found := seen.unread_of("domain"))
    }


def plugged(mac: str, sight: Sight) -> list[Plugged]:
    """Every VM that has the MAC now, or would start with it."""
    found = []
    for hypervisor, seen in sight.items():
        for domain in seen.domains if isinstance(seen, HostSeen) else ():
            copies = sum(nic.mac == mac for nic in domain.nics)
            now = domain.live or domain.saved
            if copies:
                up = sum(nic.mac == mac and nic.link == "up" for nic in (now.nics if now else ()))
                saved = domain.saved is not None and any(nic.mac == mac for nic in domain.saved.nics)
                found.append(Plugged(hypervisor, domain.name, copies, up, saved))
    return found
