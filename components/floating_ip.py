"""A float: a public address that belongs to a MAC, and so to whoever has the NIC with that MAC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, ResourceOptions

from components.resources import Interface
from config.plan import Float


@dataclass(frozen=True)
class FloatingIPArgs:
    """``domain_id`` is the UUID of the holder's domain, ``network`` the name of the bridged network."""

    held: Float
    domain_id: Input[str]
    network: Input[str]


class FloatingIP(pulumi.ComponentResource):
    """One NIC with the float's MAC, set up inside its holder; another holder is an update of it, not another NIC."""

    interface: Interface
    summary: pulumi.Output[dict[str, Any]]

    def __init__(self, name: str, args: FloatingIPArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("trop:index:FloatingIP", name, None, opts)
        held = args.held
        self.interface = Interface(
            name,
            domain=args.domain_id,
            network=args.network,
            mac=held.mac,
            model="virtio",
            forbidden_macs=held.forbidden_macs,
            guest=held.guest,
            addresses=[f"{held.address}/{held.prefix}"],
            gateway=held.gateway,
            metric=None if held.gateway is None else held.metric,
            opts=ResourceOptions(parent=self),
        )
        self.summary = pulumi.Output.all(
            address=held.address, mac=self.interface.mac, holder=self.interface.holder
        )
        self.register_outputs({"float": self.summary})
