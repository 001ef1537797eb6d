"""Faults of the pool that holds the VMs' disks, and of these disks themselves: not there, or not to be seen."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator
from xml.sax.saxutils import escape

from lxml import etree

from cli.audit import owned
from cli.audit.finding import Finding
from cli.audit.world import World
from config.plan import Plan, VirtualMachine
from provider.survey.survey import DomainSeen, HostSeen, PoolSeen


def pool_down(world: World) -> Iterator[Finding]:
    for stack, (plan, host) in world.seen.items():
        name, path = plan.storage.name, plan.storage.path
        pool, where = host.pool(name), f"pool {name}"
        users = _users(plan, host)
        if pool is None and host.unread_of("pool", name):
            continue
        if pool is None:
            holding = f", and has disks of {', '.join(users)}" if users else ""
            mend = _define(world, stack, plan) if users else world.up(stack)
            yield Finding(stack, where, f"it is declared, and is not there{holding}", mend)
        elif not pool.active:
            mend = f"see that {pool.path} is mounted, then: {world.virsh(stack, 'pool-start', name)}"
            yield Finding(stack, where, "it is declared, and does not run", mend)
        elif _looks_unmounted(plan, host, pool):
            what = (
                f"it has no file at all, and disks of {', '.join(users)} belong in {path}: it looks as if nothing were "
                "mounted there"
            )
            mend = f"mount what belongs at {path}, then: {world.virsh(stack, 'pool-refresh', name)}"
            yield Finding(stack, where, what, mend)
        elif not pool.persistent:
            yield Finding(stack, where, "it is declared, and is transient", world.up(stack))


def disk_missing(world: World) -> Iterator[Finding]:
    """Of files that are surely gone; where the whole pool can't be seen, that is told, and not each disk in it."""
    for stack, vm, domain in world.vms():
        plan, host = world.seen[stack]
        pool = host.pool(plan.storage.name)
        for path in dict.fromkeys((*domain.seen.disks, *domain.seen.cdroms)):
            lost = posixpath.dirname(path) == posixpath.normpath(plan.storage.path) and (
                pool is None or not pool.active or _looks_unmounted(plan, host, pool)
            )
            if path in host.gone and not lost:
                yield _missing(world, stack, vm, domain, path)


def _missing(world: World, stack: str, vm: VirtualMachine, domain: DomainSeen, path: str) -> Finding:
    what = f"its {'disk' if path in domain.seen.disks else 'CD'} {path} is missing"
    if path not in domain.seen.disks:
        plan = world.seen[stack][0]
        ours = vm.seed_disk and path == f"{plan.storage.path}/{vm.seed_file}"
        mend = world.up(stack) if ours else f"put back the file: {path}"
        return Finding(stack, domain.name, what, mend)
    copy = _copy(world, stack, domain, path)
    if not copy:
        return Finding(stack, domain.name, what, f"put back the very file, from a backup: {path}")
    told = f"{what}; the guest runs, and still has all of it: do not stop it before this is mended"
    return Finding(stack, domain.name, told, copy)


def _copy(world: World, stack: str, domain: DomainSeen, path: str) -> str:
    """The line by which QEMU writes the file anew from the one that it has open, and goes on with that."""
    found = etree.fromstring((domain.live_xml or "<domain/>").encode())
    for disk in found.iterfind("devices/disk"):
        source, target, driver = disk.find("source"), disk.find("target"), disk.find("driver")
        if source is not None and source.get("file") == path and target is not None:
            kind = "raw" if driver is None else driver.get("type", "raw")
            shallow = ("--shallow",) if disk.find("backingStore/source") is not None else ()
            how = ("--dest", path, "--format", kind, *shallow, "--transient-job", "--wait", "--pivot")
            return world.virsh(stack, "blockcopy", domain.name, target.get("dev", ""), *how)
    return ""


def _users(plan: Plan, host: HostSeen) -> list[str]:
    """The declared VMs that have a disk in the pool's folder."""
    here = posixpath.normpath(plan.storage.path)
    found = ((vm, host.domain(vm.domain)) for vm in plan.vms)
    return [
        domain.name
        for vm, domain in found
        if domain is not None and any(posixpath.dirname(path) == here for path in domain.seen.disks)
    ]


def _looks_unmounted(plan: Plan, host: HostSeen, pool: PoolSeen) -> bool:
    """A pool in which disks of VMs belong, and that has no file at all."""
    return (
        not host.unread_volumes(pool.name)
        and bool(_users(plan, host))
        and not any(volume.pool == pool.name for volume in host.volumes)
    )


def _define(world: World, stack: str, plan: Plan) -> str:
    """With the UUID by which the stack knows what it has made."""
    name, path = plan.storage.name, plan.storage.path
    xml = (
        f"<pool type='dir'><name>{escape(name)}</name><uuid>{owned.pool_mark(plan)}</uuid>"
        f"<target><path>{escape(path)}</path></target></pool>"
    )
    start = (world.virsh(stack, verb, name) for verb in ("pool-start", "pool-autostart"))
    return (
        f"echo {shlex.quote(xml)} | {' && '.join((world.virsh(stack, 'pool-define', '/dev/stdin'), *start))}"
    )
