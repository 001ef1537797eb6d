"""Whose each MAC, address and name is by the declarations.  Pure: the rack in, owners out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cli.rack import Rack, floats_of
from config.addresses import mac_text
from config.fleet import Bridge, Fleet

Kind = Literal["VM", "reservation", "float", "network", "bridge", "hypervisor", "VLAN", "gateway", "resolver"]


@dataclass(frozen=True)
class Owner:
    """One thing that is declared.  ``domain`` is the one that has, or should have, the NIC with its ``mac``.

    ``label`` is what stands beside its addresses in a trace.
    """

    kind: Kind
    name: str
    title: str
    label: str
    hypervisor: str | None = None
    domain: str | None = None
    network: str | None = None
    bridge: str | None = None
    vlan: str | None = None
    mac: str | None = None
    address: str | None = None

    @property
    def words(self) -> frozenset[str]:
        """The names by which one may ask for it, in lower case: no two VMs differ by letter case alone."""
        if self.kind in ("gateway", "resolver"):
            return frozenset()
        bridge = self.bridge if self.kind == "network" and self.mac is not None else None
        domain = self.domain if self.kind == "VM" else None
        return frozenset(word.lower() for word in (self.name, bridge, domain) if word is not None)


def owners(rack: Rack) -> tuple[Owner, ...]:
    """Everything in the fleet's file that has a name, a MAC or an address."""
    fleet = rack.fleet
    found = [*_vlans(fleet), *_floats(rack)]
    for name in fleet.hypervisors:
        found += [
            *_hypervisor(rack, name),
            *_networks(fleet, name),
            *_bridges(fleet, name),
            *_slots(rack, name),
        ]
    return tuple(found)


def _vlans(fleet: Fleet) -> Iterator[Owner]:
    for name, vlan in fleet.vlans.items():
        yield Owner("VLAN", name, f"{name}, a VLAN: {vlan.network}", name, vlan=name)
        if vlan.gateway is not None:
            title = f"the gateway of VLAN {name}"
            yield Owner("gateway", name, title, f"{name}-gateway", vlan=name, address=str(vlan.gateway))
        for resolver in vlan.resolvers:
            title = f"a resolver of VLAN {name}"
            yield Owner("resolver", name, title, f"{name}-resolver", vlan=name, address=str(resolver))


def _floats(rack: Rack) -> Iterator[Owner]:
    fleet = rack.fleet
    for each in floats_of(fleet):
        held = f"held by {each.holder} on {each.home}" if each.home else "held by nobody"
        yield Owner(
            "float",
            each.label,
            f"{each.label}, a float {held} (index {each.index})",
            f"{each.label}@{each.home}" if each.home else each.label,
            hypervisor=each.home,
            domain=each.holder and _domains(rack, each.home).get(each.holder, each.holder),
            network="bridged",
            bridge=fleet.networks.bridged.bridge,
            vlan=fleet.floats.vlan,
            mac=each.mac,
            address=each.address,
        )


def _hypervisor(rack: Rack, name: str) -> Iterator[Owner]:
    rule, number = rack.fleet.networks.default, rack.fleet.hypervisors[name].number
    plan = rack.plans.get(name)
    count = len(plan.vms) if plan else 0
    vms = f"{count or 'no'} VM{'' if count == 1 else 's'}" if plan else "no stack file"
    macs = mac_text(rule.macs.mac(number, 0)).removesuffix("00") + "xx"
    title = f"{name}, hypervisor {number}: {vms}, MACs {macs}, addresses {rule.addresses.network(number)}"
    yield Owner("hypervisor", name, title, name, hypervisor=name)


def _networks(fleet: Fleet, name: str) -> Iterator[Owner]:
    nat, bridged, facts = fleet.networks.default, fleet.networks.bridged, fleet.hypervisors[name]
    network = nat.addresses.network(facts.number)
    dhcp = f"DHCP {network[nat.dhcp.first]} to {network[nat.dhcp.last]}"
    yield Owner(
        "network",
        "default",
        f"default, the NAT network of {name}, and its gateway: {network}, {dhcp}",
        f"{nat.bridge}@{name}",
        hypervisor=name,
        network="default",
        bridge=nat.bridge,
        mac=mac_text(nat.macs.mac(facts.number, nat.gateway)),
        address=str(network[nat.gateway]),
    )
    title = f"bridged, the network of {name} on its own bridge {bridged.bridge}"
    yield Owner(
        "network",
        "bridged",
        title,
        f"bridged@{name}",
        hypervisor=name,
        network="bridged",
        bridge=bridged.bridge,
    )


def _bridges(fleet: Fleet, name: str) -> Iterator[Owner]:
    """The hypervisor's own bridges; by rule there is one under `bridged`, also where its facts are not known."""
    plugged = fleet.networks.bridged.bridge
    known: dict[str, Bridge | None] = {plugged: None, **fleet.hypervisors[name].bridges}
    for bridge, facts in known.items():
        said = f" (port {facts.port})" if facts else ": its address and MAC are not declared"
        yield Owner(
            "bridge",
            bridge,
            f"{bridge}, a bridge of {name} itself{said}",
            f"{bridge}@{name}",
            hypervisor=name,
            network="bridged" if bridge == plugged else None,
            bridge=bridge,
            vlan=facts.vlan if facts else None,
            mac=mac_text(facts.mac) if facts else None,
            address=str(facts.address) if facts else None,
        )


def _domains(rack: Rack, home: str | None) -> dict[str, str]:
    """The domain of each VM that a hypervisor's stack declares: it is called otherwise where it was taken over so."""
    plan = None if home is None else rack.plans.get(home)
    return {} if plan is None else {vm.name: vm.domain for vm in plan.vms}


def _slots(rack: Rack, name: str) -> Iterator[Owner]:
    rule, facts = rack.fleet.networks.default, rack.fleet.hypervisors[name]
    domains = _domains(rack, name)
    for vm, slot in facts.slots.items():
        floats = [label for label, member in rack.fleet.floats.members.items() if member.holder == vm]
        holds = f", holds {', '.join(floats)}" if floats else ""
        is_vm = f"{vm}, a VM of {name} (slot {slot}){holds}"
        reserved = f"{vm}, reserved on {name} (slot {slot}); no VM is declared"
        yield Owner(
            "VM" if vm in domains else "reservation",
            vm,
            is_vm if vm in domains else reserved,
            f"{vm}@{name}",
            hypervisor=name,
            domain=domains.get(vm, vm),
            network="default",
            bridge=rule.bridge,
            mac=mac_text(rule.macs.mac(facts.number, slot)),
            address=str(rule.addresses.address(facts.number, slot)),
        )
