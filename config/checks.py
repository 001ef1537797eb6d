"""What a fleet and a stack must hold to beyond the types: nothing twice, everything inside its network.

Each check yields `Problem`s and goes on; one fault is told once, not again by the checks that it would also fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final

from netaddr import EUI, AddrFormatError, IPAddress, IPNetwork  # type: ignore[import-untyped]

from config.addresses import mac_text
from config.checks_disks import of_disks
from config.checks_services import of_services
from config.errors import Problem
from config.fleet import Fleet
from config.settings import NAMESPACE, Settings

NETWORKS: Final = "networks.default"
MEMBERS: Final = "floats.members"


def of_fleet(fleet: Fleet, file: str) -> Iterator[Problem]:
    """All that is wrong with a fleet by itself."""
    for check in (_rules, _numbers, _names, _slots, _vlans, _bridges, _floats, _networks, _addresses, _macs):
        for path, why, allowed in check(fleet):
            yield Problem(file, path, why, allowed)


def of_stack(fleet: Fleet, file: str, settings: Settings, stack: str, source: str) -> Iterator[Problem]:
    """All that is wrong with a stack's settings on this fleet; the stack's name is the hypervisor's."""
    facts = fleet.hypervisors.get(stack)
    if facts is None:
        known = ", ".join(fleet.hypervisors)
        yield Problem(source, "stack", f"{file} has no hypervisor {stack}", known)
        return
    for name in settings.vms:
        if name not in facts.slots:
            known = ", ".join(facts.slots) or "none yet; give it a slot there"
            yield Problem(source, f"trop:vms.{name}", f"{file} has no slot for {name} on {stack}", known)
    for key, why, allowed in (*_domains(settings), *_seed_disks(fleet, settings), *of_disks(fleet, settings)):
        yield Problem(source, f"trop:vms.{key}", why, allowed)
    for key, why, allowed in of_services(settings, stack):
        yield Problem(source, f"{NAMESPACE}{key}", why, allowed)
    for label, member in fleet.floats.members.items():
        if member.holder in facts.slots and member.holder not in settings.vms:
            why = f"{member.holder} is not among the VMs of {source}"
            yield Problem(file, f"{MEMBERS}.{label}.holder", why, ", ".join(settings.vms) or "no holder")


Breach = tuple[str, str, str]  # path, why, what is allowed


def _domains(settings: Settings) -> Iterator[Breach]:
    """libvirt's names, which are one for each domain."""
    owners: dict[str, str] = {}
    for name, own in sorted(settings.vms.items(), key=lambda item: item[1].domain is not None):
        domain = own.domain or name
        if domain in owners:
            yield f"{name}.domain", f"{domain!r} is the domain of {owners[domain]}", "a domain of its own"
        owners.setdefault(domain, name)


def _seed_disks(fleet: Fleet, settings: Settings) -> Iterator[Breach]:
    for name, own in settings.vms.items():
        way = own.guest or fleet.virtual_machines.guest
        if not own.seed_disk and way == "cloud-init":
            why = "without a seed disk the guest reads nothing of cloud-init"
            yield f"{name}.guest", why, "agent or none, beside seedDisk: false"


def _rules(fleet: Fleet) -> Iterator[Breach]:
    nat = fleet.networks.default
    if "NN" not in nat.macs.text:
        yield f"{NETWORKS}.macs", f"{nat.macs.text} is the same for every hypervisor", "a rule with NN"
    if "NN" in fleet.floats.macs.text:
        yield "floats.macs", f"{fleet.floats.macs.text} depends on a hypervisor", "a rule without NN"
    if nat.dhcp.first > nat.dhcp.last:
        yield f"{NETWORKS}.dhcp", f"{nat.dhcp.first} is after {nat.dhcp.last}", "first up to last"
    if nat.dhcp.first <= nat.gateway <= nat.dhcp.last:
        allowed = f"a slot outside {nat.dhcp.first} to {nat.dhcp.last}"
        yield f"{NETWORKS}.gateway", f"{nat.gateway} is in the DHCP range", allowed
    if nat.nat_ports.start > nat.nat_ports.end:
        yield f"{NETWORKS}.natPorts", f"{nat.nat_ports.start} is after {nat.nat_ports.end}", "start up to end"
    if nat.bridge == fleet.networks.bridged.bridge:
        yield f"{NETWORKS}.bridge", f"{nat.bridge} is the bridged network's", "another name"


def _numbers(fleet: Fleet) -> Iterator[Breach]:
    owners: dict[int, str] = {}
    for name, facts in fleet.hypervisors.items():
        path = f"hypervisors.{name}.number"
        if facts.number in owners:
            yield path, f"{facts.number} is the number of {owners[facts.number]}", "a number of its own"
        elif _nat_network(fleet, name) is None:
            rule = fleet.networks.default.addresses.text
            yield path, f"{facts.number} makes no address by {rule}", "a number that gives octets up to 255"
        owners.setdefault(facts.number, name)


def _names(fleet: Fleet) -> Iterator[Breach]:
    owners: dict[str, str] = {}
    for hypervisor, facts in fleet.hypervisors.items():
        for vm in facts.slots:
            path, key = f"hypervisors.{hypervisor}.slots.{vm}", vm.lower()
            if key in owners:
                yield path, f"{vm} has a slot already, {owners[key]}", "one slot a name, letter case aside"
            owners.setdefault(key, path)


def _slots(fleet: Fleet) -> Iterator[Breach]:
    dhcp = fleet.networks.default.dhcp
    for hypervisor, facts in fleet.hypervisors.items():
        owners: dict[int, str] = {}
        for vm, slot in facts.slots.items():
            path = f"hypervisors.{hypervisor}.slots.{vm}"
            if slot in owners:
                yield path, f"slot {slot} is the slot of {owners[slot]}", "a slot of its own"
            if not dhcp.first <= slot <= dhcp.last:
                why = f"slot {slot} is outside the DHCP range of {NETWORKS}"
                yield path, why, f"{dhcp.first} to {dhcp.last}"
            owners.setdefault(slot, vm)


def _vlans(fleet: Fleet) -> Iterator[Breach]:
    for name, vlan in fleet.vlans.items():
        if vlan.gateway is not None:
            yield from _inside(f"vlans.{name}.gateway", vlan.gateway, name, vlan.network)


def _bridges(fleet: Fleet) -> Iterator[Breach]:
    plugged, own = fleet.networks.bridged.bridge, fleet.networks.default.bridge
    for hypervisor, facts in fleet.hypervisors.items():
        path = f"hypervisors.{hypervisor}.bridges"
        if facts.bridges and plugged not in facts.bridges:
            why = f"{plugged} is missing, on which networks.bridged stands"
            yield path, why, f"{plugged} among the bridges, or no bridges at all"
        if own in facts.bridges:
            yield f"{path}.{own}", f"{own} is the bridge that libvirt makes for {NETWORKS}", "another name"
        for name, bridge in facts.bridges.items():
            if bridge.vlan not in fleet.vlans:
                yield f"{path}.{name}.vlan", f"there is no VLAN {bridge.vlan}", ", ".join(fleet.vlans)
            else:
                network = fleet.vlans[bridge.vlan].network
                yield from _inside(f"{path}.{name}.address", bridge.address, bridge.vlan, network)


def _floats(fleet: Fleet) -> Iterator[Breach]:
    vlan = fleet.vlans.get(fleet.floats.vlan)
    if vlan is None:
        yield (
            "floats.vlan",
            f"there is no VLAN {fleet.floats.vlan}",
            ", ".join(fleet.vlans) or "none declared",
        )
    for label, member in fleet.floats.members.items():
        path = f"{MEMBERS}.{label}"
        if vlan is not None:
            yield from _inside(f"{path}.address", member.address, fleet.floats.vlan, vlan.network)
        if member.holder is not None:
            yield from _holder(fleet, f"{path}.holder", member.holder)


def _holder(fleet: Fleet, path: str, holder: str) -> Iterator[Breach]:
    home = fleet.home_of(holder)
    if home is None:
        known = ", ".join(vm for facts in fleet.hypervisors.values() for vm in facts.slots)
        yield path, f"no hypervisor has a slot for {holder}", known or "no holder: no VM has a slot"
        return
    beneath = fleet.hypervisors[home].bridges.get(fleet.networks.bridged.bridge)
    if beneath is not None and beneath.vlan != fleet.floats.vlan:
        why = f"{holder} is on {home}, whose {fleet.networks.bridged.bridge} is in VLAN {beneath.vlan}"
        yield path, why, f"a VM where it is in VLAN {fleet.floats.vlan}"


def _networks(fleet: Fleet) -> Iterator[Breach]:
    networks = {f"vlans.{name}.network": vlan.network for name, vlan in fleet.vlans.items()}
    for name in _distinct(fleet):
        network = _nat_network(fleet, name)
        if network is not None:
            networks[f"hypervisors.{name}.number"] = network
    for (one, first), (other, second) in combinations(networks.items(), 2):
        if first in second or second in first:
            yield other, f"{second} overlaps {first} of {one}", "networks that have no address in common"


def _addresses(fleet: Fleet) -> Iterator[Breach]:
    found: list[tuple[IPAddress, str]] = []
    found += [(v.gateway, f"vlans.{n}.gateway") for n, v in fleet.vlans.items() if v.gateway is not None]
    for name, facts in fleet.hypervisors.items():
        found += [(b.address, f"hypervisors.{name}.bridges.{n}.address") for n, b in facts.bridges.items()]
    found += [(m.address, f"{MEMBERS}.{label}.address") for label, m in fleet.floats.members.items()]
    owners: dict[IPAddress, str] = {}
    for address, path in found:
        if address in owners:
            yield path, f"{address} is the address of {owners[address]}", "an address of its own"
        owners.setdefault(address, path)


def _macs(fleet: Fleet) -> Iterator[Breach]:
    """Compared as values, over the whole rack; equal slots and numbers are other checks' matter."""
    nat = fleet.networks.default
    found: list[tuple[EUI, str]] = []
    for name, facts in fleet.hypervisors.items():
        found += [(b.mac, f"hypervisors.{name}.bridges.{n}.mac") for n, b in facts.bridges.items()]
    for name in _distinct(fleet) if "NN" in nat.macs.text else ():
        facts = fleet.hypervisors[name]
        slots = {slot: f"hypervisors.{name}.slots.{vm}" for vm, slot in facts.slots.items()}
        slots[nat.gateway] = f"{NETWORKS}.gateway of {name}"
        found += [(nat.macs.mac(facts.number, slot), path) for slot, path in slots.items()]
    for label, member in fleet.floats.members.items():
        found.append((fleet.floats.macs.mac(0, member.index), f"{MEMBERS}.{label}.index"))
    owners: dict[EUI, str] = {}
    for mac, path in found:
        if mac in owners:
            yield path, f"{mac_text(mac)} is the MAC of {owners[mac]}", "a MAC of its own"
        owners.setdefault(mac, path)


def _inside(path: str, address: IPAddress, vlan: str, network: IPNetwork) -> Iterator[Breach]:
    if address not in network or address in (network.network, network.broadcast):
        allowed = f"{network[1]} to {network[-2]}"
        yield path, f"{address} is no host's address in {network}, the network of VLAN {vlan}", allowed


def _nat_network(fleet: Fleet, hypervisor: str) -> IPNetwork | None:
    """None where the hypervisor's number makes no address by the rule."""
    try:
        return fleet.networks.default.addresses.network(fleet.hypervisors[hypervisor].number)
    except AddrFormatError:
        return None


def _distinct(fleet: Fleet) -> Iterable[str]:
    """The hypervisors, of those with the same number only the first."""
    return {facts.number: name for name, facts in reversed(fleet.hypervisors.items())}.values()
