"""Faults of hypervisors as a whole: not reached, reached by two stacks, and what they do not tell of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cli import rack
from cli.audit.finding import Finding
from cli.audit.world import World
from provider.errors import OperatorError
from provider.host import identity
from provider.survey.survey import HostSeen, Unread

# Where dnsmasq's helper keeps a network's leases, by the name of its bridge; libvirt does not always name the file.
LEASES: Final = "/var/lib/libvirt/dnsmasq/{bridge}.status"
_DAMAGED: Final = re.compile("json|lease", re.IGNORECASE)
_FILE: Final = re.compile(r"(/\S+\.status)\b")


def unreachable(world: World) -> Iterator[Finding]:
    for stack, host in world.hosts.items():
        if isinstance(host, OperatorError):
            mend = (
                f"make it answer (libvirt:uri in Pulumi.{stack}.yaml says where it is); then audit it again"
            )
            yield Finding(stack, "hypervisor", f"it could not be audited: {host}", mend)


def same_host(world: World) -> Iterator[Finding]:
    for stack, host in world.hosts.items():
        if isinstance(host, HostSeen) and (owner := world.owner[stack]) != stack:
            what = f"its libvirt:uri {host.uri} leads to the host that is audited as {owner}"
            found = world.hosts[owner]
            if isinstance(found, HostSeen) and not identity.can_tell(host.identity, found.identity):
                what += " (by their UUID alone, since they say no names: two hosts may have one)"
            yield Finding(stack, "hypervisor", what, f"set libvirt:uri in Pulumi.{stack}.yaml")


def same_uuid(world: World) -> Iterator[Finding]:
    for each in rack.twins(world.hosts):
        yield Finding(each.other, "hypervisor", each.what, each.mend)


def unread(world: World) -> Iterator[Finding]:
    for stack, each in _unread(world):
        if not _is_note(each):
            mend = _taken_away(world, stack, each) or _mend(world, stack, each)
            yield Finding(stack, _where(each), f"{each.line}{_unknown(each)}", mend)


def untold(world: World) -> Iterator[Finding]:
    for stack, each in _unread(world):
        if _is_note(each):
            yield Finding(stack, _where(each), f"{each.line}{_unknown(each)}", _mend(world, stack, each))


def _unread(world: World) -> Iterator[tuple[str, Unread]]:
    for stack, (_, host) in world.seen.items():
        for each in host.unread:
            yield stack, each


def _is_note(each: Unread) -> bool:
    """What the driver has no answer to is broken nowhere; a file in a pool is hardly ever a VM's."""
    return each.unsupported or each.kind in ("volume", "volumes", "host")


def _where(each: Unread) -> str:
    if each.name is None or each.kind == "host":
        return "hypervisor"
    names = {
        "domain": each.name,
        "volume": f"pool {each.pool}",
        "volumes": f"pool {each.name}",
        "leases": f"network {each.name}",
    }
    return names.get(each.kind, f"{each.kind} {each.name}")


def _unknown(each: Unread) -> str:
    """What is not said of it, or of others, for want of it."""
    if each.kind != "domain":
        return ""
    whose = "it has" if each.name is not None else "they have"
    return f"; which MACs {whose} is not known"


def _taken_away(world: World, stack: str, each: Unread) -> str:
    """Of leases whose file is damaged; without the file there are none, until the next one is given."""
    host = world.hosts[stack]
    if (
        each.kind != "leases"
        or not isinstance(host, HostSeen)
        or not _DAMAGED.search(each.line.partition(": ")[2])
    ):
        return ""
    network = host.network(each.name or "")
    said = _FILE.search(each.line)
    file = said[1] if said else LEASES.format(bridge=network.bridge) if network and network.bridge else ""
    return f"on the hypervisor: mv {file} {file}.damaged" if file else ""


def _mend(world: World, stack: str, each: Unread) -> str:
    if each.unsupported:
        return "nothing: this libvirt does not tell it"
    if each.kind == "volume":
        return f"{world.virsh(stack, 'pool-refresh', str(each.pool))} lists anew what is really there"
    words = {"domain": ("dumpxml",), "network": ("net-dumpxml",), "pool": ("pool-dumpxml",)}.get(each.kind)
    if words and each.name is not None:
        return (
            f"what keeps libvirt from telling it, on the hypervisor: {world.virsh(stack, *words, each.name)}"
        )
    return "what keeps libvirt from telling it, on the hypervisor"
