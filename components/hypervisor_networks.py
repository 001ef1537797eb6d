"""The two libvirt networks of a hypervisor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import ResourceOptions

from components.resources import Network
from config.plan import PlannedNetworks


@dataclass(frozen=True)
class HypervisorNetworksArgs:
    networks: PlannedNetworks


class HypervisorNetworks(pulumi.ComponentResource):
    """``bridged`` onto the campus VLAN, and ``default``: NAT with the bridge's own MAC and every reservation."""

    bridged: Network
    default: Network
    summary: dict[str, pulumi.Output[dict[str, Any]]]

    def __init__(self, name: str, args: HypervisorNetworksArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("trop:index:HypervisorNetworks", name, None, opts)
        bridged, default = args.networks.bridged, args.networks.default
        child = ResourceOptions(parent=self)
        self.bridged = Network(
            f"{name}-{bridged.name}",
            name=bridged.name,
            mode="bridge",
            bridge=bridged.bridge,
            autostart=True,
            ipv6=bridged.ipv6,
            opts=child,
        )
        self.default = Network(
            f"{name}-{default.name}",
            name=default.name,
            mode="nat",
            bridge=default.bridge,
            autostart=True,
            ipv6=default.ipv6,
            addresses=[default.network],
            nat_ports={"start": default.nat_ports[0], "end": default.nat_ports[1]},
            stp=default.stp,
            delay=default.delay,
            mac=default.mac,
            dhcp_ranges=[{"start": default.dhcp_range[0], "end": default.dhcp_range[1]}],
            dhcp_hosts=[{"mac": r.mac, "ip": r.address, "name": r.name} for r in default.reservations],
            opts=child,
        )
        self.summary = {
            bridged.name: pulumi.Output.all(bridge=self.bridged.bridge, gateway=bridged.gateway),
            default.name: pulumi.Output.all(bridge=self.default.bridge, gateway=default.gateway),
        }
        self.register_outputs({"networks": self.summary})
