"""Faults of networks and reservations."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

from cli.audit import unplug
from cli.audit.finding import Finding
from cli.audit.world import World, plugged_into
from provider.impact import allow
from provider.network import change as network_change
from provider.network import ports
from provider.network import seen as network_seen
from provider.survey.survey import HostSeen, NetworkSeen

Host = dict[str, str]


def network_down(world: World) -> Iterator[Finding]:
    for stack, (plan, host) in world.seen.items():
        for name in (plan.networks.bridged.name, plan.networks.default.name):
            found = host.network(name)
            if found is None and host.unread_of("network", name):
                continue
            if found is None or not found.active or not found.persistent:
                there = "is transient" if found and found.active else "does not run"
                state = there if found else "is not there"
                why = "; ".join(one.what for one in found.hindrances) if found else ""
                what = f"it is declared, and {state}{', and can not start: ' if why else ''}{why}"
                yield Finding(stack, f"network {name}", what, _start(world, stack, found))


def _start(world: World, stack: str, network: NetworkSeen | None) -> str:
    """First what keeps it from starting is taken away."""
    if network is None or network.active:
        return world.up(stack)
    first = " && ".join(one.mend for one in network.hindrances)
    start = (
        world.up(stack) if world.owns(stack, network.uuid) else world.virsh(stack, "net-start", network.name)
    )
    return f"on the hypervisor: {first}, then: {start}" if first else start


def guest_cut_off(world: World) -> Iterator[Finding]:
    for stack, network in world.networks():
        if network.mode == "bridge" or (network.active and network.ports is None):
            continue
        for domain in world.seen[stack][1].domains:
            nics = (
                ports.cut_off(domain.live_xml, network.name, network.uuid, network.ports)
                if domain.live_xml
                else []
            )
            if nics:
                macs = ", ".join(nic.mac for nic in nics)
                why = "was stopped under it" if network.active else "does not run"
                what = f"its NIC {macs} looks plugged in, and has no network: {network.name} {why}"
                yield Finding(stack, domain.name, what, _start(world, stack, network))


def network_left(world: World) -> Iterator[Finding]:
    for stack, network in world.networks():
        left = world.seen[stack][1].network(ports.aside_name(network.uuid))
        if left is not None:
            what = f"it is empty, there for guests to wait in while {network.name} is restarted, and was left"
            yield Finding(stack, f"network {left.name}", what, _start(world, stack, network))


def network_waits(world: World) -> Iterator[Finding]:
    for stack, network in world.networks():
        if network.live_xml and network.config_xml:
            served = {*network_change.SERVED, network_change.NAMES}
            if waits := network_change.waiting(network.live_xml, network.config_xml, served):
                what = f"{', '.join(waits)} in its definition waits for its restart"
                yield Finding(stack, f"network {network.name}", what, restart(world, stack, network.name))


def restart(world: World, stack: str, name: str) -> str:
    how = allow.how(name, "network outage").partition(" (with")[0]
    return f"{world.up(stack)} {how}"


def subnet_waits(world: World, stack: str) -> bool:
    """Whether the running network has another subnet than the planned one, which alone its reservations fit in."""
    default = world.rack.plans[stack].networks.default
    found = world.seen[stack][1].network(default.name)
    return found is not None and found.live_xml is not None and not _overlaps(found, default.network)


def network_taken(world: World) -> Iterator[Finding]:
    for stack, (plan, host) in world.seen.items():
        default = plan.networks.default
        for network in host.networks:
            if network.name in (default.name, plan.networks.bridged.name):
                continue
            taken = [f"{default.name}'s MAC {network.mac}"] if network.mac == default.mac else []
            taken += [f"addresses of {default.network}"] if _overlaps(network, default.network) else []
            if taken:
                what = f"nobody declares it, and it has {' and '.join(taken)}"
                mend = _give_back(world, stack, host, network)
                yield Finding(stack, f"network {network.name}", what, mend)


def _give_back(world: World, stack: str, host: HostSeen, network: NetworkSeen) -> str:
    """An edit is of the definition; one that runs has what it began with until it is started anew."""
    verbs = ("net-edit", "net-destroy", "net-start") if network.active else ("net-edit",)
    lines = " && ".join(world.virsh(stack, verb, network.name) for verb in verbs)
    guests = [d.name for d in host.domains if d.live and any(n.network == network.name for n in d.live.nics)]
    first = f"shut {', '.join(guests)} down, which it cuts off, then: " if guests and network.active else ""
    return f"{first}{lines}"


def no_reservation(world: World) -> Iterator[Finding]:
    for stack, vm, domain in world.vms():
        if not vm.nic:
            continue
        default = world.rack.plans[stack].networks.default
        sides = {
            place: {host.get("mac"): host.get("ip") for host in hosts}
            for place, hosts in reserved(world.seen[stack][1].network(default.name))
        }
        wrong = [place for place, reserved in sides.items() if reserved.get(vm.mac, vm.address) != vm.address]
        if wrong:
            what = f"another address than its {vm.address} is reserved for its MAC {vm.mac} in {' and '.join(wrong)}"
            yield Finding(stack, domain.name, what, world.up(stack))
        others = {nic.mac for nic in domain.nics if plugged_into(nic, default)} - {vm.mac}
        others -= {
            held.mac for held in world.floats
        }  # told as a float's, which is not to be unplugged for this
        for mac in (vm.mac, *sorted(others)):
            missing = [place for place, reserved in sides.items() if mac not in reserved]
            if missing:
                seat = next(s for s in world.seats if (s.stack, s.domain, s.mac) == (stack, domain, mac))
                waits = subnet_waits(world, stack)
                reserve = restart(world, stack, default.name) if waits else world.up(stack)
                mend = reserve if mac == vm.mac else "; ".join(unplug.detach(world, seat))
                what = f"its MAC {mac} has no reservation in {' and '.join(missing)}"
                what += f", whose subnet is another than {default.network}" if waits and mac == vm.mac else ""
                yield Finding(stack, domain.name, what, mend)


def stray_reservation(world: World) -> Iterator[Finding]:
    """One that the plan does not have, and that no VM uses or that gives away what is planned."""
    for stack, (plan, host) in world.seen.items():
        default = plan.networks.default
        slots = {slot.mac: slot for slot in default.reservations}
        addresses = {slot.address: slot for slot in default.reservations}
        there = {vm.name for vm in plan.vms if host.domain(vm.domain) or host.unread_of("domain", vm.domain)}
        used = {nic.mac for domain in host.domains for nic in domain.nics}
        seen = {
            (h.get("mac"), h.get("ip")) for _, hosts in reserved(host.network(default.name)) for h in hosts
        }
        for mac, address in sorted(seen, key=repr):
            slot = slots.get(mac or "")
            taken = addresses.get(address or "")
            what = ""
            if slot is not None and slot.address != address and slot.name not in there:
                what = (
                    f"{address} is reserved for {mac}, which is planned to have {slot.address} ({slot.name})"
                )
            elif slot is None and taken is not None:
                what = f"{address} is reserved for {mac}, but is planned for {taken.name}, {taken.mac}"
            elif slot is None and mac not in used and not host.unread_of("domain"):
                what = f"{address} is reserved for {mac}, which no VM has and nobody declares"
            if what:
                yield Finding(stack, f"network {default.name}", what, world.up(stack))


def slot_unused(world: World) -> Iterator[Finding]:
    for stack, (plan, host) in world.seen.items():
        there = {nic.mac for domain in host.domains for nic in domain.nics}
        there |= {vm.mac for vm in plan.vms}
        empty = [slot.name for slot in plan.networks.default.reservations if slot.mac not in there]
        if empty and not host.unread_of("domain"):
            count = f"{len(empty)} slots are" if len(empty) > 1 else "1 slot is"
            what = f"{count} reserved and {'have' if len(empty) > 1 else 'has'} no VM: {', '.join(empty)}"
            mend = (
                f"nothing; or declare the VM in Pulumi.{stack}.yaml, or give the slot up in config/fleet.yaml"
            )
            yield Finding(stack, f"network {plan.networks.default.name}", what, mend)


def reserved(network: NetworkSeen | None) -> Iterator[tuple[str, list[Host]]]:
    """The reservations of the running network, and of its definition."""
    if network is not None:
        for place, xml in (
            (f"the running network {network.name}", network.live_xml),
            (f"{network.name}'s definition", network.config_xml),
        ):
            if xml is not None:
                yield place, network_seen.view(xml)["dhcpHosts"]


def _overlaps(network: NetworkSeen, planned: str) -> bool:
    xml = network.live_xml or network.config_xml
    mine: Any = ip_network(planned)
    return any(
        s.version == mine.version and s.network.overlaps(mine)
        for s in network_seen.subnets(xml or "<network/>")
    )
