"""Everything on a host, read in a few sweeps; a read-only connection is enough, so that nothing can be changed.

What goes away while it is looked at is left out.  What a stopped pool holds is not known, and not guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from lxml import etree

from provider.connection import api, errors, keepalive
from provider.domain.seen import Seen, see
from provider.host import optional, states
from provider.host.definitions import INACTIVE, saved_xml
from provider.host.elements import attribute
from provider.host.host import Host
from provider.host.macs import same_mac
from provider.network.host import sides
from provider.network.seen import mode_of
from provider.nic.nic import Nic

S = TypeVar("S", "DomainSeen", "NetworkSeen", "PoolSeen")
T = TypeVar("T")


@dataclass(frozen=True)
class DomainSeen:
    """``live`` runs, ``config`` is defined, ``saved`` is what its managed save image brings back; else None.

    ``state`` is virsh's word, or "saved"; ``at`` has the reason.  Without passwords of graphics, which are secure.
    """

    name: str
    uuid: str
    state: str
    autostart: bool
    live: Seen | None
    config: Seen | None
    live_xml: str | None
    config_xml: str | None
    saved: Seen | None = None
    at: states.State = states.UNLOOKED

    @property
    def seen(self) -> Seen:
        """The persistent definition; of a transient domain what runs."""
        found = self.config or self.live
        assert found is not None
        return found

    @property
    def nics(self) -> tuple[Nic, ...]:
        """The NICs that run, or come back, then those that only the definition has more of; told apart by MAC."""
        now = self.live or self.saved
        left = [nic.mac for nic in now.nics] if now else []
        more = []
        for nic in self.config.nics if self.config else ():
            if nic.mac in left:
                left.remove(nic.mac)
            else:
                more.append(nic)
        return (*(now.nics if now else ()), *more)


@dataclass(frozen=True)
class NetworkSeen:
    """``bridge`` and ``mac`` as the XML in effect has them; ``mode`` is the forward mode, "none" without one."""

    name: str
    uuid: str
    active: bool
    persistent: bool
    autostart: bool
    mode: str
    bridge: str | None
    mac: str | None
    live_xml: str | None
    config_xml: str | None


@dataclass(frozen=True)
class Lease:
    """``expires`` in seconds since 1970; ``hostname`` as the guest said it."""

    network: str
    mac: str
    address: str
    hostname: str | None
    expires: int


@dataclass(frozen=True)
class PoolSeen:
    """``kind`` is dir, logical, …; ``path`` None for a pool without one."""

    name: str
    uuid: str
    kind: str
    active: bool
    autostart: bool
    path: str | None
    persistent: bool = True


@dataclass(frozen=True)
class VolumeSeen:
    """``modified`` and ``born`` (of the file) in seconds since 1970, where libvirt says them; ``capacity`` in bytes.

    ``base_modified`` is of the base's file; ``base_missing``: libvirt looked for that file, and it is not there.
    """

    pool: str
    name: str
    path: str
    format: str | None
    capacity: int
    base: str | None
    modified: float | None
    born: float | None
    base_modified: float | None = None
    base_missing: bool = False


@dataclass(frozen=True)
class Unread:
    """What could not be looked at, in one line; ``pool`` and ``volume``: the names of those of which it is."""

    line: str
    pool: str | None = None
    volume: str | None = None


@dataclass(frozen=True)
class HostSeen:
    """All by name.  ``volumes`` are those of the pools that are active.  ``uuid`` is the URI where there is none.

    ``gone`` are the paths that a pool still lists, though their files are not there any more.
    """

    uri: str
    uuid: str
    domains: tuple[DomainSeen, ...]
    networks: tuple[NetworkSeen, ...]
    leases: tuple[Lease, ...]
    pools: tuple[PoolSeen, ...]
    volumes: tuple[VolumeSeen, ...]
    gone: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()

    def domain(self, name: str) -> DomainSeen | None:
        return next((d for d in self.domains if d.name == name), None)

    def network(self, name: str) -> NetworkSeen | None:
        return next((n for n in self.networks if n.name == name), None)

    def pool(self, name: str) -> PoolSeen | None:
        return next((p for p in self.pools if p.name == name), None)

    def volume_at(self, path: str) -> VolumeSeen | None:
        return next((v for v in self.volumes if v.path == path), None)


def read_only(uri: str) -> Host:
    """A host whose connection can't change anything; `OperatorError` with the URI if it does not answer in time."""
    return Host.open(uri, keepalive.opened_read_only)


def survey(host: Host) -> HostSeen:
    conn = host.conn
    networks = list(conn.listAllNetworks())
    pools = list(conn.listAllStoragePools())
    unread: list[Unread] = []
    lines: list[str] = []
    listed = [found for pool in pools for found in _volumes(pool, unread)]
    return HostSeen(
        uri=host.uri,
        uuid=optional.look(lines.append, f"the UUID of {host.uri}", lambda: host.uuid, host.uri),
        domains=_all(errors.NO_DOMAIN, _domain, conn.listAllDomains()),
        networks=_all(errors.NO_NETWORK, _network, networks),
        leases=tuple(lease for network in networks for lease in _leases(network, lines.append)),
        pools=_all(errors.NO_STORAGE_POOL, _pool, pools),
        volumes=tuple(found for found in listed if isinstance(found, VolumeSeen)),
        gone=tuple(found for found in listed if isinstance(found, str)),
        unread=(*map(Unread, lines), *unread),
    )


def _all(missing: int, look: Callable[[Any], S], objects: Iterable[Any]) -> tuple[S, ...]:
    found = (errors.unless(missing, look, each) for each in objects)
    return tuple(sorted((f for f in found if f is not None), key=lambda f: f.name))


def _domain(domain: api.Domain) -> DomainSeen:
    live = domain.XMLDesc() if domain.isActive() else None
    config = domain.XMLDesc(INACTIVE) if domain.isPersistent() else None
    saved, at = saved_xml(domain), states.look(domain)
    return DomainSeen(
        name=domain.name(),
        uuid=domain.UUIDString(),
        state=at.word,
        autostart=bool(domain.autostart()),
        live=None if live is None else see(live),
        config=None if config is None else see(config),
        live_xml=live,
        config_xml=config,
        saved=None if saved is None else see(saved),
        at=at,
    )


def _network(network: api.Network) -> NetworkSeen:
    both = sides(network)
    root = etree.fromstring((both.live or both.base).encode())
    mac = attribute(root, "mac", "address")
    return NetworkSeen(
        name=network.name(),
        uuid=network.UUIDString(),
        active=both.live is not None,
        persistent=both.persistent is not None,
        autostart=bool(network.autostart()),
        mode=mode_of(root),
        bridge=attribute(root, "bridge", "name"),
        mac=None if mac is None else same_mac(mac),
        live_xml=both.live,
        config_xml=both.persistent,
    )


def _leases(network: api.Network, tell: optional.Tell) -> Iterator[Lease]:
    """None of a network that is gone meanwhile."""
    ask = partial(errors.unless, errors.NO_NETWORK, network.DHCPLeases)
    what = f"the leases of network {network.name()}"
    for lease in (optional.look(tell, what, ask, None) if network.isActive() else None) or ():
        yield Lease(
            network.name(),
            same_mac(lease["mac"] or ""),
            lease["ipaddr"],
            lease["hostname"],
            lease["expirytime"],
        )


def _pool(pool: api.Pool) -> PoolSeen:
    root = etree.fromstring(pool.XMLDesc().encode())
    return PoolSeen(
        name=pool.name(),
        uuid=pool.UUIDString(),
        kind=root.get("type", ""),
        active=bool(pool.isActive()),
        autostart=bool(pool.autostart()),
        path=root.findtext("target/path"),
        persistent=bool(pool.isPersistent()),
    )


def _volumes(pool: api.Pool, unread: list[Unread]) -> Iterator[VolumeSeen | str]:
    """Each volume; of one whose file is gone its path."""
    name = pool.name()

    def told(what: str, ask: Callable[[], T], volume: str | None = None) -> T | None:
        return optional.look(lambda line: unread.append(Unread(line, name, volume)), what, ask, None)

    ask = partial(errors.unless, errors.NO_STORAGE_POOL, pool.listAllVolumes)
    for each in (told(f"the volumes of storage pool {name}", ask) if pool.isActive() else None) or ():
        what = f"volume {each.name()} of storage pool {name}"
        found = told(what, partial(_volume_or_path, name, each), each.name())
        if found is not None:
            yield found


def _volume_or_path(pool: str, volume: api.Volume) -> VolumeSeen | str | None:
    seen = errors.unless(errors.NO_STORAGE_VOL, _volume, pool, volume)
    return seen or errors.unless(errors.NO_STORAGE_VOL, volume.path)


def _volume(pool: str, volume: api.Volume) -> VolumeSeen:
    root = etree.fromstring(volume.XMLDesc().encode())
    base = root.findtext("backingStore/path")
    times, base_times = _times(root, "target"), _times(root, "backingStore")
    return VolumeSeen(
        pool=pool,
        name=volume.name(),
        path=volume.path(),
        format=attribute(root, "target/format", "type"),
        capacity=int(root.findtext("capacity") or 0),
        base=base,
        modified=times.get("mtime") or None,
        born=times.get("btime") or None,  # 0 where libvirt finds none, as on Linux
        base_modified=base_times.get("mtime") or None,
        base_missing=base is not None and base.startswith("/") and not base_times,
    )


def _times(root: Any, tag: str) -> Mapping[str, float]:
    """Of the file; none where libvirt could not look at it."""
    return {e.tag: float(e.text) for e in root.iterfind(f"{tag}/timestamps/*") if isinstance(e.tag, str)}
