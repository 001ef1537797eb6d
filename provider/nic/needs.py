"""What NICs need before they are plugged in: their networks, and a MAC that nobody else has."""

from __future__ import annotations

from functools import partial

from provider.errors import OperatorError, Refused
from provider.host import optional
from provider.host.host import Host
from provider.nic.nic import Wanted
from provider.resource import remedy


def require_networks(host: Host, who: str, nics: tuple[Wanted, ...], tell: optional.Tell) -> None:
    """Each network exists and is active: a guest cannot start on one that is not, and libvirt says so only then."""
    for name in sorted({n.network for n in nics if n.network is not None}):
        unknown = "whether it is active is not known before a guest is started"
        active = optional.look(tell, f"network {name}", partial(_is_active, host, name), True, unknown)
        if active is None:
            raise OperatorError(f"{who}: there is no network {name} on {host.uri}")
        if not active:
            start = remedy.virsh(host.uri, f"net-start {remedy.word(name)}")
            raise OperatorError(f"{who}: network {name} is not active; start it: {start}")


def refuse_taken(who: str, taken: list[tuple[str, str]]) -> None:
    """`Refused` where another domain has a MAC; ``taken``: each with the name of that domain."""
    if taken:
        which = ", ".join(f"{mac} (domain {name})" for mac, name in taken)
        raise Refused(
            f"{who}: another domain of this host has this MAC already: {which}; unplug it there first"
        )


def _is_active(host: Host, name: str) -> bool | None:
    """None when there is no such network."""
    network = host.network_by_name(name)
    return None if network is None else bool(network.isActive())
