"""The hypervisor of a stack, with the bridges that it has by itself."""

from __future__ import annotations

from config.addresses import mac_text
from config.base import Planned
from config.fleet import Fleet


class HostBridge(Planned):
    """A bridge that the hypervisor has by itself, and that must be there before anything of ours."""

    name: str
    address: str
    prefix: int
    mac: str
    port: str
    stp: bool
    forward_delay: int
    max_wait: int
    gateway: str | None
    resolvers: tuple[str, ...]
    search: tuple[str, ...]


class Host(Planned):
    """The hypervisor; no bridges are known of one of which the sources say nothing."""

    name: str
    number: int
    bridges: tuple[HostBridge, ...]


def host_of(stack: str, fleet: Fleet) -> Host:
    facts = fleet.hypervisors[stack]
    bridges = tuple(
        HostBridge(
            name=name,
            address=str(bridge.address),
            prefix=fleet.vlans[bridge.vlan].network.prefixlen,
            mac=mac_text(bridge.mac),
            port=bridge.port,
            stp=bridge.stp,
            forward_delay=bridge.forward_delay,
            max_wait=bridge.max_wait,
            gateway=None
            if fleet.vlans[bridge.vlan].gateway is None
            else str(fleet.vlans[bridge.vlan].gateway),
            resolvers=tuple(str(r) for r in fleet.vlans[bridge.vlan].resolvers),
            search=fleet.vlans[bridge.vlan].search,
        )
        for name, bridge in facts.bridges.items()
    )
    return Host(name=stack, number=facts.number, bridges=bridges)
