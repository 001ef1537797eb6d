"""Which object on a host is which declared one.  Pure: the plan and what was seen in, IDs out.

Networks and the pool are known by name; a VM by libvirt's name of it, or by its reserved MAC on a domain that has no
other VM's name; a volume by its path; a float by its MAC on the domain of its holder.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cli.adopt import declared
from cli.adopt.declared import Key
from config.plan import Plan, VirtualMachine
from provider.resource import remedy
from provider.survey.survey import DomainSeen, HostSeen, Unread, VolumeSeen


@dataclass(frozen=True)
class Matches:
    """``ids`` of declared resources that are there, ``domains`` by the VM's name; ``why``: what can't be told, a line
    each.  ``unread``: why of a resource nothing is known; ``hidden`` has the IDs of networks that are there all the
    same."""

    ids: Mapping[Key, str]
    domains: Mapping[str, DomainSeen]
    why: tuple[str, ...] = ()
    unread: Mapping[Key, str] = field(default_factory=dict)
    hidden: Mapping[Key, str] = field(default_factory=dict)


def matches(plan: Plan, seen: HostSeen) -> Matches:
    ids: dict[Key, str] = {}
    for name in (plan.networks.bridged.name, plan.networks.default.name):
        if network := seen.network(name):
            ids[declared.network_key(plan, name)] = network.uuid
    if pool := seen.pool(plan.storage.name):
        ids[declared.pool_key(plan)] = pool.uuid
    domains, why = domains_of(plan.vms, seen)
    for vm in plan.vms:
        ids |= _parts(plan, vm, domains.get(vm.name), seen)
    for held in plan.floats:
        holder = domains.get(held.holder)
        if holder is not None and any(nic.mac == held.mac for nic in holder.nics):
            ids[declared.INTERFACE, held.label] = f"{holder.uuid}/{held.mac}"
    unread = {key: each for key, each in _unread(plan, domains, seen) if key not in ids}
    return Matches(
        ids,
        domains,
        (*why, *_storage_faults(plan, domains, seen)),
        {key: each.line for key, each in unread.items()},
        {
            key: each.uuid
            for key, each in unread.items()
            if each.uuid is not None and key[0] == declared.NETWORK
        },
    )


def _unread(plan: Plan, domains: Mapping[str, DomainSeen], seen: HostSeen) -> Iterator[tuple[Key, Unread]]:
    """Declared resources with what may be theirs, and could not be read."""
    for name in (plan.networks.bridged.name, plan.networks.default.name):
        yield from ((declared.network_key(plan, name), each) for each in seen.unread_of("network", name))
    yield from ((declared.pool_key(plan), each) for each in seen.unread_of("pool", plan.storage.name))
    names = {vm.domain for vm in plan.vms}
    # A domain of another name may be the VM by its MAC.
    others = [each for each in seen.unread_of("domain") if each.name not in names]
    for vm in plan.vms:
        for each in () if vm.name in domains else (seen.unread_of("domain", vm.domain) or others):
            yield (declared.DOMAIN, vm.name), each
            yield from (((declared.INTERFACE, f.label), each) for f in plan.floats_of(vm.name))
        yield from _unread_files(plan, vm, seen)


def _unread_files(plan: Plan, vm: VirtualMachine, seen: HostSeen) -> Iterator[tuple[Key, Unread]]:
    pool = plan.storage.name
    files = [
        *([((declared.VOLUME, vm.name), pool, vm.overlay_file)] if vm.overlay else ()),
        *([((declared.SEED, vm.name), pool, vm.seed_file)] if vm.seed_disk else ()),
        *((declared.disk_key(vm, disk), disk.pool or pool, disk.file) for disk in vm.disks),
    ]
    for key, where, file in files:
        yield from (
            (key, each) for each in (*seen.unread_of("pool", where), *seen.unread_volumes(where, file))
        )


def domains_of(vms: Iterable[VirtualMachine], seen: HostSeen) -> tuple[dict[str, DomainSeen], list[str]]:
    """The domain of each VM that has one, by the VM's name; and where there is more than one to choose from."""
    vms = list(vms)
    by_name = {vm.name: d for vm in vms for d in [seen.domain(vm.domain)] if d is not None}
    found, why = dict(by_name), []
    taken = {domain.uuid for domain in by_name.values()}
    for vm in vms:
        if vm.name in by_name or vm.domain != vm.name or seen.unread_of("domain", vm.domain):
            continue
        having = [d for d in seen.domains if d.uuid not in taken and any(n.mac == vm.mac for n in d.nics)]
        if len(having) == 1:
            found[vm.name] = having[0]
        elif having:
            names = ", ".join(sorted(d.name for d in having))
            why.append(
                f"VM {vm.name}: its MAC {vm.mac} is in {names}; say which it is by `domain` in the stack's file"
            )
    why += _shared(found)
    return found, why


def volume_in(plan: Plan, seen: HostSeen, path: str) -> VolumeSeen | None:
    """The volume of the plan's pool at this path."""
    found = seen.volume_at(path)
    return found if found is not None and found.pool == plan.storage.name else None


def _shared(found: Mapping[str, DomainSeen]) -> list[str]:
    owners: dict[str, list[str]] = {}
    for vm, domain in found.items():
        owners.setdefault(domain.name, []).append(vm)
    return [
        f"domain {domain}: it has the MACs of {' and '.join(vms)}; say whose it is by `domain` in the stack's file"
        for domain, vms in owners.items()
        if len(vms) > 1
    ]


def _parts(plan: Plan, vm: VirtualMachine, domain: DomainSeen | None, seen: HostSeen) -> dict[Key, str]:
    ids: dict[Key, str] = {}
    files = (
        (declared.VOLUME, vm.overlay, declared.overlay_path(plan, vm)),
        (declared.SEED, vm.seed_disk, declared.seed_path(plan, vm)),
    )
    for token, wanted, path in files:
        if wanted and volume_in(plan, seen, path) is not None:
            ids[token, vm.name] = path
    for disk in vm.disks:
        place = disk.pool or plan.storage.name, disk.file
        found = next((v for v in seen.volumes if (v.pool, v.name) == place), None)
        if found is not None:
            ids[declared.disk_key(vm, disk)] = found.path
    if domain is not None:
        ids[declared.DOMAIN, vm.name] = domain.uuid
    return ids


def _storage_faults(plan: Plan, domains: Mapping[str, DomainSeen], seen: HostSeen) -> list[str]:
    """A pool that is not the declared one."""
    name, path = plan.storage.name, plan.storage.path
    pool = seen.pool(name)
    if pool is None and seen.unread_of("pool", name):
        return []
    if pool is not None and pool.kind != "dir":
        return [f"pool {name}: it is of type {pool.kind}, and only dir can be declared"]
    if pool is not None and pool.path is not None and not _same_path(pool.path, path):
        return [f"pool {name}: it is over {pool.path}, and declared over {path}"]
    others = [p.name for p in seen.pools if p.name != name and p.path and _same_path(p.path, path)]
    if others:
        return [
            f"pool {name}: {path} is the directory of pool {others[0]}; call it so in the fleet's file (storage.pool)"
        ]
    if pool is not None and pool.active:
        return []
    held = [
        vm.name for vm in plan.vms if vm.overlay and vm.name in domains and _holds(plan, vm, domains, seen)
    ]
    if not held:
        return []
    mend = (
        remedy.virsh(seen.uri, f"pool-start {remedy.word(name)}")
        if pool
        else remedy.pool_made(seen.uri, name, path)
    )
    return [
        f"pool {name}: it is not {'active' if pool else 'there'}, and has disks of {', '.join(held)}: {mend}"
    ]


def _holds(plan: Plan, vm: VirtualMachine, domains: Mapping[str, DomainSeen], seen: HostSeen) -> bool:
    overlay = declared.overlay_path(plan, vm)
    return overlay in seen.known(domains[vm.name].seen, [overlay]).disks


def _same_path(one: str, other: str) -> bool:
    return posixpath.normpath(one) == posixpath.normpath(other)
