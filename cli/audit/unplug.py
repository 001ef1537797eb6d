"""The virsh lines that unplug a NIC which no `up` unplugs."""

from __future__ import annotations

from cli.audit.world import World
from provider.nic.nic import Nic
from provider.survey.survey import DomainSeen


def unplug(world: World, stack: str, domain: DomainSeen, mac: str, keep: int = 0) -> str:
    """All NICs of the MAC but ``keep``; running guest and definition by a line each, for each has a type of its own."""
    lines = []
    for side, flag in ((domain.live, "--live"), (domain.config, "--config")):
        nics = [nic for nic in (side.nics if side else ()) if nic.mac == mac]
        if len(nics) == 1 and not keep:
            kind = _kind(world, stack, nics[0], live=flag == "--live")
            lines.append(world.virsh(stack, "detach-interface", domain.name, kind, "--mac", mac, flag))
        elif len(nics) > keep and all(nic.alias for nic in nics):
            lines += [
                world.virsh(stack, "detach-device-alias", domain.name, str(nic.alias), flag)
                for nic in nics[keep:]
            ]
        elif len(nics) > keep:
            lines.append(world.edit(stack, domain))
    return "; ".join(lines)


def _kind(world: World, stack: str, nic: Nic, *, live: bool) -> str:
    """libvirt shows a running NIC on a network that is forwarded by a bridge as one on a bridge."""
    if nic.network is None:
        return "bridge"
    network = world.seen[stack][1].network(nic.network)
    return "bridge" if live and network is not None and network.mode == "bridge" else "network"
