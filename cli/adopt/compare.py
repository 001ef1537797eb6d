"""What is declared beside what is there, by the provider's own comparisons.  Pure.

Not compared, because a connection that can change nothing does not tell it: what is written on a seed disk, and how a
float is set up inside its guest.  A preview asks for both.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cli.adopt import declared, undeclared
from cli.adopt.declared import Declared
from cli.adopt.match import Matches, matches
from config.plan import Plan
from provider.connection.states import SAVED
from provider.domain import apart as domain_apart
from provider.domain import diff as domain_diff
from provider.domain.read import Domain, as_read, disk_path, started_with_less
from provider.domain.seen import see
from provider.host.macs import same_mac
from provider.network import diff as network_diff
from provider.network.bring import seen_in
from provider.network.change import Sides
from provider.nic import nic
from provider.nic import plan as nic_plan
from provider.nic import seen as interface_seen
from provider.nic.schema import comparable
from provider.resource import shape
from provider.resource.base import Props
from provider.resource.shape import declared_changes
from provider.survey.survey import DomainSeen, HostSeen, NetworkSeen


@dataclass(frozen=True)
class Difference:
    """``what``: the property; the rest in words for an operator, "" where one side has nothing."""

    object: str
    what: str
    declared: str
    found: str


@dataclass(frozen=True)
class Comparison:
    """``agrees`` and ``missing`` (declared, not there) are objects; ``undeclared`` is a line a kind.

    ``why``: what is in the way of taking it over.  ``unread``: objects of which libvirt does not tell, and why;
    ``unseen`` what else it does not tell, a line each.  ``remembered``: VMs that are off, of whose disks libvirt tells
    what it saw at the last refresh of ``pool``.
    """

    agrees: tuple[str, ...]
    differs: tuple[Difference, ...]
    undeclared: tuple[str, ...]
    missing: tuple[str, ...]
    why: tuple[str, ...]
    matches: Matches
    unread: tuple[tuple[str, str], ...] = ()
    unseen: tuple[str, ...] = ()
    remembered: tuple[str, ...] = ()
    pool: str = ""


def compare(plan: Plan, seen: HostSeen) -> Comparison:
    found = matches(plan, seen)
    every = list(declared.resources(plan, {**found.hidden, **found.ids}))
    there = [d for d in every if d.key in found.ids]
    differs = [(d, list(_differences(d, found, seen))) for d in there]
    missing = [d for d in every if d.key not in found.ids and d.key not in found.unread]
    beside = [each for d in missing for each in _beside(plan, d, found)]
    unread = tuple((d.what, found.unread[d.key]) for d in every if d.key in found.unread)
    return Comparison(
        agrees=tuple(d.what for d, those in differs if not those),
        differs=(*(each for _, those in differs for each in those), *beside),
        undeclared=tuple(undeclared.lines(plan, found, seen)),
        missing=tuple(d.what for d in missing),
        why=found.why,
        matches=found,
        unread=unread,
        unseen=tuple(u.line for u in seen.unread if u.line not in found.unread.values()),
        remembered=tuple(vm.name for vm in plan.vms if vm.overlay and _is_off(found.domains.get(vm.name))),
        pool=plan.storage.name,
    )


def _is_off(domain: DomainSeen | None) -> bool:
    return domain is not None and domain.live is None


def _differences(wanted: Declared, found: Matches, seen: HostSeen) -> Iterator[Difference]:
    token, name = wanted.key
    id = found.ids[wanted.key]
    if token == declared.NETWORK:
        yield from _network(wanted, next(n for n in seen.networks if n.uuid == id))
    elif token == declared.POOL:
        yield from _pool(wanted, seen)
    elif token == declared.VOLUME:
        yield from _volume(wanted, seen, id)
    elif token == declared.DOMAIN:
        yield from _domain(wanted, found.domains[name], seen)
    elif token == declared.INTERFACE:
        holder = next(d for d in found.domains.values() if d.uuid == id.partition("/")[0])
        yield from _interface(wanted, holder)


def _network(wanted: Declared, network: NetworkSeen) -> Iterator[Difference]:
    read = seen_in(Sides(network.live_xml, network.config_xml), network.autostart, wanted.inputs)
    paths = [path for path in network_diff.changes(read, wanted.inputs) if shape.top(path) != "dhcpHosts"]
    yield from _at(wanted, paths, read)
    yield from _reservations(wanted, read)
    yield from _states(wanted, active=network.active, persistent=network.persistent)


def _reservations(wanted: Declared, read: Props) -> Iterator[Difference]:
    """By MAC, which is what a reservation is for."""
    said, there = ({host.get("mac", "").lower(): host for host in hosts} for hosts in (
        wanted.inputs.get("dhcpHosts", ()), read.get("dhcpHosts", ()) if "dhcpHosts" in wanted.inputs else ()
    ))  # fmt: skip
    for mac in [*said, *(mac for mac in there if mac not in said)]:
        one, other = (_words(side.get(mac)) for side in (said, there))
        if one != other:
            yield Difference(wanted.what, f"reservation of {mac}", one, other)


def _words(host: Any) -> str:
    return " ".join(str(host[key]) for key in ("ip", "name") if key in host) if host else ""


def _pool(wanted: Declared, seen: HostSeen) -> Iterator[Difference]:
    pool = next(p for p in seen.pools if p.name == wanted.inputs["name"])
    read = {"name": pool.name, "type": pool.kind, "path": posixpath.normpath(pool.path or "")}
    yield from _at(wanted, declared_changes(read, wanted.inputs), read)
    yield from _states(wanted, active=pool.active, autostart=pool.autostart)


def _volume(wanted: Declared, seen: HostSeen, path: str) -> Iterator[Difference]:
    volume = seen.volume_at(path)
    assert volume is not None
    read = {
        "name": volume.name,
        "pool": volume.pool,
        "format": volume.format,
        "size": volume.capacity,
        "baseVolumeId": volume.base or "",
    }
    yield from _at(wanted, declared_changes(read, wanted.inputs), read)


def _domain(wanted: Declared, domain: DomainSeen, seen: HostSeen) -> Iterator[Difference]:
    disks = [disk_path(disk) for disk in wanted.inputs.get("disks", ())]
    looked = as_observed(domain, seen, [path for path in disks if isinstance(path, str)])
    hidden = {u.uuid: u.name for u in seen.unread_of("network") if u.uuid and u.name}
    names = {**hidden, **{network.uuid: network.name for network in seen.networks}}
    said = shape.known(wanted.inputs)
    less = started_with_less(looked.seen)
    read = as_read(said, looked, names.get, less)
    changes = domain_diff.differences(read, said, {}, names.get)
    own = domain_diff.owned(said, less)
    apart = domain_apart.apart(looked, said, own, ())
    changes |= domain_apart.changes(changes, said, apart)
    if domain.state == SAVED:
        read["running"] = SAVED  # and not just "false"
    yield from _at(wanted, changes, read, names)


def as_observed(domain: DomainSeen, seen: HostSeen, ours: Collection[str] = ()) -> Domain:
    """The domain as the provider looks at it, with the files of disks that name a pool and a volume; one under a
    snapshot is known by the file of ours."""
    paths = {(volume.pool, volume.name): volume.path for volume in seen.volumes}

    def look(xml: str) -> Any:
        return seen.known(see(xml, lambda pool, volume: paths.get((pool, volume))), ours)

    live, config = domain.live_xml, domain.config_xml
    base = config or live
    assert base is not None
    return Domain(
        seen=look(base),
        live=None if live is None else tuple(nic.nics(live)),
        config=None if config is None else tuple(nic.nics(config)),
        autostart=domain.autostart,
        now=None if live is None else look(live),
        xml=base,
        saved=domain.saved,
        is_saved=domain.state == SAVED,
    )


def _interface(wanted: Declared, holder: DomainSeen) -> Iterator[Difference]:
    inputs = wanted.inputs
    sides = (holder.config_xml, holder.live_xml)
    mine = [n for xml in sides for n in nic.nics(xml) if n.mac == same_mac(inputs["mac"])]
    read = interface_seen.as_read(inputs, mine, holder.uuid)
    changed = shape.changed(comparable(read), comparable(inputs))
    yield from _at(wanted, changed.keys() - {"network"}, read)  # of which the lines below tell
    both = (holder.live_xml, holder.config_xml)
    for line in nic_plan.drift([interface_seen.wanted(inputs)], inputs["forbiddenMacs"], *both):
        yield _of_nic(wanted, line)


def _beside(plan: Plan, missing: Declared, found: Matches) -> Iterator[Difference]:
    """Of a float that is not plugged in: the NICs of other floats that its holder has in its place."""
    if missing.key[0] != declared.INTERFACE:
        return
    holder = found.domains.get(next(f.holder for f in plan.floats if f.label == missing.key[1]))
    if holder is not None:
        for line in nic_plan.drift([], missing.inputs["forbiddenMacs"], holder.live_xml, holder.config_xml):
            yield _of_nic(missing, line)


def _of_nic(wanted: Declared, line: str) -> Difference:
    mac, _, words = line.partition(" ")
    return Difference(wanted.what, f"NIC {mac}", "", words)


def _states(wanted: Declared, **states: bool) -> Iterator[Difference]:
    for what, so in states.items():
        if not so:
            yield Difference(wanted.what, what, "true", "false")


def _at(
    wanted: Declared, paths: Iterable[str], read: Props, names: Mapping[str, str] | None = None
) -> Iterator[Difference]:
    """``names`` of networks, by the UUIDs that stand for them."""
    for path in paths:
        said, there = (_shown(shape.at(side, path)) for side in (wanted.inputs, read))
        for uuid, name in (names or {}).items():
            said, there = said.replace(f"networkId {uuid}", name), there.replace(f"networkId {uuid}", name)
        yield Difference(wanted.what, path, said, there)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key} {_shown(member)}" for key, member in value.items())
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
