"""Faults of VMs as the plan has them: not there, not running, changed but not restarted, not set to start."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterator
from typing import Any

from cli.audit import unplug
from cli.audit.finding import Finding
from cli.audit.world import RUNNING, World, plugged_into
from provider.connection.states import NO_SPACE, SAVED
from provider.domain import pending as domain_pending
from provider.domain import read as domain_read
from provider.guest import identity
from provider.guest.allowed import HOW
from provider.guest.identity import Identity
from provider.impact import allow
from provider.storage.chain import unsaid
from provider.survey.survey import DomainSeen, PoolSeen

_DAMAGED = "its image can't be read, and keeps it from starting"


def vm_missing(world: World) -> Iterator[Finding]:
    for stack, (plan, host) in world.seen.items():
        for vm in plan.vms:
            if host.domain(vm.domain) is None and not host.unread_of("domain", vm.domain):
                yield Finding(stack, vm.domain, "it is declared, and is not there", world.up(stack))


def vm_stopped(world: World) -> Iterator[Finding]:
    for stack, vm, domain in world.vms():
        if vm.running and domain.state not in RUNNING and not kept_off(world, stack, domain):
            what = f"it is declared to run, and is {'; '.join(_why(world, stack, domain))}"
            yield Finding(stack, domain.name, what, going(world, stack, domain))


def vm_saved(world: World) -> Iterator[Finding]:
    """That it does not run is no fault where that is declared; how it comes back is worth knowing."""
    for stack, vm, domain in world.vms():
        if domain.state != SAVED or vm.running:
            continue
        start, drop = world.virsh(stack, "start", domain.name), _give_up(world, stack, domain)
        if domain.saved is None:
            yield Finding(stack, domain.name, f"it is saved, and {_DAMAGED}", drop)
        else:
            what = "it is saved: its next start brings back what it had then, whatever was changed since"
            yield Finding(stack, domain.name, what, f"{start}; or, without what it had in memory: {drop}")


def going(world: World, stack: str, domain: DomainSeen) -> str:
    """What has it run again; one that an I/O error has stopped is stopped anew as long as its cause is there."""
    name, pools = domain.name, ", ".join(pool.name for pool in _full(world, stack, domain))
    if domain.live is None:
        up = world.up(stack) if world.owns(stack, domain.uuid) else world.virsh(stack, "start", name)
        damaged = domain.state == SAVED and domain.saved is None
        return f"{_give_up(world, stack, domain)} && {up}" if damaged else up
    if domain.state == "crashed":
        return "stop it hard and start it again, once what it was doing was looked at"
    if domain.state == "pmsuspended":
        return "wake it up: it sleeps, as its own system has it"
    again = world.virsh(stack, "resume", name)
    if domain.at.disks:
        return f"{f'make room in pool {pools}' if pools else 'see to its disks'}, then: {again}"
    return again


def kept_off(world: World, stack: str, domain: DomainSeen) -> bool:
    """Whether libvirt would not start it for what a header does not say, which is told with what has it start."""
    return domain.live is None and any(map(unsaid, world.links(stack, domain.name).values()))


def _give_up(world: World, stack: str, domain: DomainSeen) -> str:
    return world.virsh(stack, "managedsave-remove", domain.name)


def _why(world: World, stack: str, domain: DomainSeen) -> Iterator[str]:
    yield domain.at.said or domain.state
    if domain.state == SAVED and domain.saved is None:
        yield _DAMAGED
    for pool in _full(world, stack, domain):
        left = world.asked[stack].room.get(pool.name) if stack in world.asked else None
        if left is not None:
            yield f"pool {pool.name} has {left} bytes left"


def _full(world: World, stack: str, domain: DomainSeen) -> Iterator[PoolSeen]:
    """The pools of the disks that have no space."""
    failed = {name for name, how in domain.at.disks if how == NO_SPACE}
    folders = {
        posixpath.dirname(p) for name, p in (domain.live.slots if domain.live else ()) if name in failed
    }
    return (pool for pool in world.seen[stack][1].pools if pool.path in folders)


def vm_nic(world: World) -> Iterator[Finding]:
    for stack, vm, domain in world.vms():
        default = world.rack.plans[stack].networks.default
        sides = [
            (place, [nic for nic in side.nics if nic.mac == vm.mac])
            for place, side in (("the running guest", domain.live), ("its definition", domain.config))
            if side is not None and vm.nic
        ]
        for place, nics in sides:
            if not nics:
                yield Finding(stack, domain.name, f"its own NIC {vm.mac} is not in {place}", world.up(stack))
            elif not any(plugged_into(nic, default) for nic in nics):
                what = f"its own NIC {vm.mac} is on {nics[0].place} in {place}, not on network {default.name}"
                yield Finding(stack, domain.name, what, world.up(stack))


def planned_taken(world: World) -> Iterator[Finding]:
    """A domain with a MAC that the plan keeps for another one, which has not plugged it in itself."""
    for seat in world.seats:
        stack, domain, owner = seat.stack, seat.domain, world.owners.get(seat.mac)
        if owner is None or (owner[0], owner[1].name) == (stack, world.name_of(stack, domain)):
            continue
        if sum(other.mac == seat.mac for other in world.seats) == 1:
            what = f"it has MAC {seat.mac}, which is planned for {owner[1].name} on {owner[0]}"
            yield Finding(stack, domain.name, what, unplug.another_mac(world, seat))


def vm_waits(world: World) -> Iterator[Finding]:
    for stack, _, domain in world.vms():
        if waits := _pending(domain):
            what = f"{', '.join(waits)} in its definition waits for its restart"
            how = allow.how(domain.name, "restart").partition(" (with")[0]
            again = f"{world.virsh(stack, 'shutdown', domain.name)}, and {world.up(stack)} once it is off"
            yield Finding(stack, domain.name, what, f"{world.up(stack)} {how}, or {again}")


def _pending(domain: DomainSeen) -> list[str]:
    if domain.live is None or domain.config is None:
        return []
    config = domain.config
    both = domain_read.Domain(
        seen=config, live=domain.live.nics, config=config.nics, autostart=domain.autostart, now=domain.live
    )
    has: dict[str, Any] = {
        **domain_read.imported(both),
        # Without a balloon a guest has all that it may have, whatever it was meant to start with.
        "memory": config.current_memory if config.balloon else config.memory,
        "vcpu": config.current_vcpu,
        "cpu": {"mode": config.cpu_mode},
        "emulator": config.emulator,
        "firmware": config.firmware,
        "bootDevices": [{"devs": list(config.boot)}],
        "graphics": config.graphics,
        "video": {"type": config.video},
    }
    return domain_pending.pending(
        {k: v for k, v in has.items() if v not in (None, {"mode": None}, {"type": None})}, both
    )


def autostart_off(world: World) -> Iterator[Finding]:
    for stack, where, uuid, verb, name in _not_started(world):
        mend = world.up(stack) if world.owns(stack, uuid) else world.virsh(stack, verb, name)
        yield Finding(stack, where, "it does not start with its hypervisor", mend)


def _not_started(world: World) -> Iterator[tuple[str, str, str, str, str]]:
    """Stack, object, its UUID, virsh's verb for it, and its name."""
    for stack, vm, domain in world.vms():
        if vm.autostart and not domain.autostart:
            yield stack, domain.name, domain.uuid, "autostart", domain.name
    for stack, network in world.networks():
        if network.persistent and not network.autostart:  # of a transient one it is told that it is
            yield stack, f"network {network.name}", network.uuid, "net-autostart", network.name
    for stack, (plan, host) in world.seen.items():
        pool = host.pool(plan.storage.name)
        if pool is not None and pool.persistent and not pool.autostart:
            yield stack, f"pool {pool.name}", pool.uuid, "pool-autostart", pool.name


def not_adopted(world: World) -> Iterator[Finding]:
    for stack, foreign in world.foreign.items():
        if foreign:
            adopt = world.adopt(stack)
            what = (
                f"this stack has neither made nor adopted {', '.join(foreign.values())}: an up refuses that; to take "
                f"over what is there: {adopt}"
            )
            yield Finding(stack, "hypervisor", what, adopt)


def same_machine_id(world: World) -> Iterator[Finding]:
    for stack, where, all_of_them, others in _twins(world, identity.machine_of):
        renew = "rm -f /etc/machine-id /var/lib/dbus/machine-id && systemd-machine-id-setup"
        mend = f"in {others}: {renew}, then: reboot it, once it may be"
        yield Finding(stack, where, f"{all_of_them} {identity.ONE_MACHINE}", mend)


def same_host_keys(world: World) -> Iterator[Finding]:
    for stack, where, all_of_them, others in _twins(world, identity.keys_of):
        renew = "rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub && ssh-keygen -A"
        mend = f"in {others}: {renew}, then: restart its SSH server"
        yield Finding(stack, where, f"{all_of_them} {identity.ONE_KEY}", mend)


def _twins(world: World, marks: Callable[[Identity], Collection[str]]) -> Iterator[tuple[str, str, str, str]]:
    """Of declared VMs that have a mark in common: stack and name of the first; all of them, and all but that one."""
    guests = {(stack, d.name): world.inside(stack, d.name).identity for stack, _, d in world.vms()}
    for first, *others in identity.shared(guests, marks):
        far = {stack for stack, _ in others} != {first[0]}
        names = [f"{name} on {stack}" if far else name for stack, name in (first, *others)]
        yield first[0], first[1], " and ".join(names), " and ".join(names[1:])


def guest_unasked(world: World) -> Iterator[Finding]:
    for stack, _, domain in world.vms():
        inside = world.inside(stack, domain.name)
        if inside.silence and domain.state in RUNNING:
            mend = f"in {domain.name}: install and start qemu-guest-agent"
            if inside.blocked:
                mend = f"in {domain.name}: allow {' and '.join(inside.blocked)}: {HOW}"
            elif inside.frozen:
                mend = f"audit it again once {domain.name} is thawed"
            yield Finding(stack, domain.name, f"it was not asked what it has inside: {inside.silence}", mend)
