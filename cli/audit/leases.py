"""Faults of leases: who has an address of network `default` that is planned for another, or another than planned."""

from __future__ import annotations

import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from cli.audit.finding import Finding
from cli.audit.networks import reserved, restart, subnet_waits
from cli.audit.world import AGENT, RUNNING, World
from config.addresses import mac_text
from config.plan import Nat, Reservation
from provider.survey.survey import DomainSeen, HostSeen, Lease

NOTICED, SETTLED = "sleep 6", "sleep 10"  # until a guest has seen that its link went; until it has an address


def lease(world: World) -> Iterator[Finding]:
    for stack, host, each in _valid(world):
        if what := _outside(world, stack, host, each):
            text = f"{_told(each)}: {what}"
            yield Finding(stack, f"network {each.network}", text, _mend(world, stack, host, each))


def lease_left(world: World) -> Iterator[Finding]:
    """Of a slot that was given up, or a VM that has its own by now: nobody waits for its address, and it runs out."""
    for stack, host, each in _valid(world):
        own, taken = _slots(world.rack.plans[stack].networks.default, each)
        why = ""
        if own is not None and own.address != each.address and taken is None and _has_planned(host, own):
            why = f"{own.name} has {own.address} as well, as it is planned to"
        elif not _outside(world, stack, host, each) and _unknown(world, stack, host, each):
            why = "it was a slot's, and no VM has that MAC any more"
        if why:
            what = f"{_told(each)}: {why}"
            yield Finding(stack, f"network {each.network}", what, "nothing: it runs out by itself")


def vm_address(world: World) -> Iterator[Finding]:
    """Its agent is asked; what DHCP has given it is told with its lease."""
    for stack, vm, domain in world.vms():
        said = world.inside(stack, domain.name).addresses if vm.nic else ()
        has = {one.address for one in said if one.mac == vm.mac and ":" not in one.address}
        leased = {
            one.address
            for _, host, one in _valid(world)
            if host is world.seen[stack][1] and one.mac == vm.mac
        }
        if has and vm.address not in has and not has & leased:
            own = ", ".join(sorted(has))
            what = f"its NIC {vm.mac} has {own}, which nobody has leased to it, and not {vm.address} (asked: {AGENT})"
            mend = f"in {domain.name}: take away what sets {own}, and have the NIC ask by DHCP"
            yield Finding(stack, domain.name, what, mend)


def _valid(world: World) -> Iterator[tuple[str, HostSeen, Lease]]:
    for stack, (plan, host) in world.seen.items():
        for each in host.leases:
            if each.network == plan.networks.default.name and (not each.expires or each.expires > world.now):
                yield stack, host, each


def _until(each: Lease) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(each.expires)) if each.expires else "for ever"


def _told(each: Lease) -> str:
    return f"{each.address} is leased to {each.mac} {'until ' if each.expires else ''}{_until(each)}"


def _outside(world: World, stack: str, host: HostSeen, each: Lease) -> str:
    """Why a lease is not as planned; that of a VM which nobody declares is, unless it takes what is planned."""
    default = world.rack.plans[stack].networks.default
    own, taken = _slots(default, each)
    who = _having(host, each.mac)
    if own is not None and own.address == each.address:
        return ""
    if own is not None:
        runs = who is None or who.state in RUNNING  # one that is off asks anew when it is started
        fault = taken is not None or (runs and not _has_planned(host, own))
        return f"{own.name} is planned to have {own.address}" if fault else ""
    if taken is not None:
        return f"it is planned for {taken.name}, {taken.mac}"
    if _unknown(world, stack, host, each) and not _by_rule(world, stack, each.mac):
        return "no VM of this hypervisor has that MAC"
    return ""


def _has_planned(host: HostSeen, slot: Reservation) -> bool:
    return any((one.mac, one.address) == (slot.mac, slot.address) for one in host.leases)


def _unknown(world: World, stack: str, host: HostSeen, each: Lease) -> bool:
    own, _ = _slots(world.rack.plans[stack].networks.default, each)
    return own is None and _having(host, each.mac) is None and not host.unread_of("domain")


def _by_rule(world: World, stack: str, mac: str) -> bool:
    """Whether the MAC is one that a slot of this hypervisor has, or had."""
    fleet = world.rack.fleet
    rule, number = fleet.networks.default.macs, fleet.hypervisors[stack].number
    return any(mac_text(rule.mac(number, slot)) == mac for slot in range(256))


def _slots(default: Nat, each: Lease) -> tuple[Reservation | None, Reservation | None]:
    """The one of its MAC, and the one of its address."""
    own = next((slot for slot in default.reservations if slot.mac == each.mac), None)
    return own, next((slot for slot in default.reservations if slot.address == each.address), None)


def _having(host: HostSeen, mac: str) -> DomainSeen | None:
    found = [d for d in host.domains if any(nic.mac == mac for nic in d.nics)]
    return next((d for d in found if d.state in RUNNING), next(iter(found), None))


def _mend(world: World, stack: str, host: HostSeen, each: Lease) -> str:
    """Whoever has the address of another lets go of it first; a guest asks anew when its link goes down and up."""
    default = world.rack.plans[stack].networks.default
    own, taken = _slots(default, each)
    if own is not None and taken is None:
        blocking = [one for _, h, one in _valid(world) if h is host and one.address == own.address]
        if blocking and blocking[0].mac != each.mac:
            return _mend(world, stack, host, blocking[0])
    who, then = _having(host, each.mac), _ask_for(world, stack, host, taken)
    if who is None:
        after = (
            f"; it is free after {_until(each)}"
            if taken
            else "; a VM that is gone leaves its lease to run out"
        )
        return f"find who has it: {world.whois(each.mac)}{after}{_then(then)}"
    if who.state not in RUNNING:
        return f"wait until {_until(each)}: {who.name} is {who.state}, and can't give it back before{_then(then)}"
    if own is not None:
        first = f"{restart(world, stack, default.name)} && " if subnet_waits(world, stack) else ""
        return first + " && ".join([*_ask(world, stack, who, each.mac), *([SETTLED, *then] if then else [])])
    return " && ".join(_moved(world, stack, host, each, who, then))


def _then(lines: list[str]) -> str:
    return f"; then: {' && '.join(lines)}" if lines else ""


def _ask_for(world: World, stack: str, host: HostSeen, slot: Reservation | None) -> list[str]:
    """The slot's VM has what it is planned to have once it asks anew; one that does not run has when it starts."""
    waiting = None if slot is None else _having(host, slot.mac)
    return _ask(world, stack, waiting, slot.mac) if slot and waiting and waiting.state in RUNNING else []


def _ask(world: World, stack: str, domain: DomainSeen, mac: str) -> list[str]:
    down, up = (world.virsh(stack, "domif-setlink", domain.name, mac, state) for state in ("down", "up"))
    return [down, NOTICED, up]


def _moved(
    world: World, stack: str, host: HostSeen, each: Lease, who: DomainSeen, then: list[str]
) -> list[str]:
    """A stranger is given another address, for which it asks; where that is in the range, it keeps it by itself."""
    default = world.rack.plans[stack].networks.default
    first, last = map(IPv4Address, default.dhcp_range)
    address = _free(default, host)
    inside = first <= IPv4Address(address) <= last
    entry = f'<host mac="{each.mac}" ip="{address}"/>'
    verbs = [
        world.virsh(stack, "net-update", default.name, verb, "ip-dhcp-host", entry, "--live")
        for verb in ("add", "delete")
    ]
    lines = [verbs[0], *_ask(world, stack, who, each.mac), SETTLED]
    return [*lines, *(verbs[1:] if inside else []), *then]


def _free(default: Nat, host: HostSeen) -> str:
    """An address that nobody is planned to have, reserved or leased: in the range if there is one, else the last."""
    taken = {slot.address for slot in default.reservations} | {default.gateway}
    taken |= {one.address for one in host.leases if one.network == default.name}
    taken |= {entry.get("ip", "") for _, hosts in reserved(host.network(default.name)) for entry in hosts}
    first, last = map(IPv4Address, default.dhcp_range)
    free = [one for one in IPv4Network(default.network).hosts() if str(one) not in taken]
    return str(next((one for one in free if first <= one <= last), free[-1]))
