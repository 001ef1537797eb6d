"""Everything on a host, read in a few sweeps; a read-only connection is enough, so that nothing can be changed.

What goes away while it is looked at is left out.  What a stopped pool holds is not known, and not guessed.  What
libvirt does not tell of one object, or tells in a way that is not understood, is unread, and all else is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from provider.connection import api, errors, keepalive, states
from provider.domain.seen import see
from provider.host import kernel, optional
from provider.host.definitions import INACTIVE, saved_xml
from provider.host.elements import attribute
from provider.host.host import Host
from provider.host.macs import same_mac
from provider.host.xml_in import of_libvirt, parsed
from provider.network import seen as network_seen
from provider.network import startable
from provider.network.host import sides
from provider.network.startable import Hindrance, Start
from provider.survey.survey import (
    DomainSeen,
    HostSeen,
    Kind,
    Lease,
    NetworkSeen,
    PoolSeen,
    Unread,
    VolumeSeen,
    running_bases,
    standing_on,
)

S = TypeVar("S", DomainSeen, NetworkSeen, PoolSeen)
T = TypeVar("T")
U = TypeVar("U")


@dataclass
class _Looks:
    """``unread`` is what could not be looked at so far."""

    unread: list[Unread] = field(default_factory=list)

    def look(
        self, kind: Kind, name: str | None, what: str, ask: Callable[[], T], otherwise: U, **more: Any
    ) -> T | U:
        """What ``ask`` finds; else ``otherwise``, and an `Unread`.  A lost connection is raised."""
        unsupported: list[bool] = []

        def asked() -> T:
            try:
                return ask()
            except errors.VirtError as error:
                unsupported.append(errors.unsupported(error))
                raise

        def tell(line: str) -> None:
            self.unread.append(Unread(kind, name, line, unsupported=any(unsupported), **more))

        return optional.look(tell, what, asked, otherwise)

    def all(
        self, kind: Kind, what: str, missing: int, look: Callable[[Any], S | None], objects: Iterable[Any]
    ) -> tuple[S, ...]:
        found = []
        for each in objects:
            name = each.name()
            more = {"uuid": each.UUIDString(), **({"runs": self._runs(each)} if kind == "domain" else {})}
            ask = partial(errors.unless, missing, look, each)
            found.append(self.look(kind, name, f"{what} {name}", ask, None, **more))
        return tuple(sorted((f for f in found if f is not None), key=lambda f: f.name))

    def _runs(self, domain: api.Domain) -> bool:
        """True also where that is not told."""
        return optional.look(
            optional.unheard, "", lambda: bool(errors.unless(errors.NO_DOMAIN, domain.isActive)), True
        )


def read_only(uri: str) -> Host:
    """A host whose connection can't change anything; `OperatorError` with the URI if it does not answer in time."""
    return Host.open(uri, keepalive.opened_read_only)


def survey(host: Host) -> HostSeen:
    """Raises libvirt's error where the connection is lost, and `OperatorError` where none can be had."""
    conn, looks = host.conn, _Looks()
    here = f"of {host.uri}"
    networks = looks.look("network", None, f"the networks {here}", lambda: list(conn.listAllNetworks()), [])
    pools = looks.look(
        "pool", None, f"the storage pools {here}", lambda: list(conn.listAllStoragePools()), []
    )
    domains = looks.look("domain", None, f"the domains {here}", lambda: list(conn.listAllDomains()), [])
    listed = [found for pool in pools for found in _volumes(looks, pool)]
    found_domains = looks.all("domain", "domain", errors.NO_DOMAIN, _domain, domains)
    volumes = [found for found in listed if isinstance(found, VolumeSeen)]
    return HostSeen(
        uri=host.uri,
        uuid=looks.look("host", "UUID", f"the UUID {here}", lambda: host.uuid, host.uri),
        name=host.name(lambda line: looks.unread.append(Unread("host", "name", line))),
        domains=found_domains,
        networks=looks.all("network", "network", errors.NO_NETWORK, partial(_network, host), networks),
        leases=tuple(lease for network in networks for lease in _leases(looks, network)),
        pools=looks.all("pool", "storage pool", errors.NO_STORAGE_POOL, _pool, pools),
        volumes=standing_on(volumes, running_bases(found_domains)),
        gone=tuple(found for found in listed if isinstance(found, str)),
        unread=tuple(looks.unread),
    )


def _domain(domain: api.Domain) -> DomainSeen | None:
    """None of one that has ended meanwhile, and had no definition."""
    live = domain.XMLDesc() if domain.isActive() else None
    config = domain.XMLDesc(INACTIVE) if domain.isPersistent() else None
    if live is None and config is None:
        return None
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


@of_libvirt("a network")
def _network(host: Host, network: api.Network) -> NetworkSeen:
    both = sides(network)
    for xml in filter(None, (both.live, both.persistent)):
        network_seen.view(xml)  # read here, so that nobody fails over it who judges it later
    root = parsed(both.live or both.base, "network")
    mac = attribute(root, "mac", "address")
    return NetworkSeen(
        name=network.name(),
        uuid=network.UUIDString(),
        active=both.live is not None,
        persistent=both.persistent is not None,
        autostart=bool(network.autostart()),
        mode=network_seen.mode_of(root),
        bridge=attribute(root, "bridge", "name"),
        mac=None if mac is None else same_mac(mac),
        live_xml=both.live,
        config_xml=both.persistent,
        ports=None if both.live is None else _ports(network),
        hindrances=() if both.live is not None else _hindrances(host, both.base),
    )


def _ports(network: api.Network) -> frozenset[str] | None:
    found = optional.look(optional.unheard, "", network.listAllPorts, None)
    return None if found is None else frozenset(port.UUIDString() for port in found)


def _hindrances(host: Host, definition: str) -> tuple[Hindrance, ...]:
    there = kernel.look(host.uri)
    return tuple(startable.hindrances(host, there, Start.of(definition), optional.unheard))


def _leases(looks: _Looks, network: api.Network) -> Iterator[Lease]:
    """None of a network that is gone meanwhile, or does not run."""
    name = network.name()

    def ask() -> list[Lease]:
        found = errors.unless(errors.NO_NETWORK, lambda: network.DHCPLeases() if network.isActive() else None)
        return [
            Lease(name, same_mac(each["mac"] or ""), each["ipaddr"], each["hostname"], each["expirytime"])
            for each in found or ()
        ]

    yield from looks.look("leases", name, f"the leases of network {name}", ask, ())


@of_libvirt("a storage pool")
def _pool(pool: api.Pool) -> PoolSeen:
    root = parsed(pool.XMLDesc(), "pool")
    return PoolSeen(
        name=pool.name(),
        uuid=pool.UUIDString(),
        kind=root.get("type", ""),
        active=bool(pool.isActive()),
        autostart=bool(pool.autostart()),
        path=root.findtext("target/path"),
        persistent=bool(pool.isPersistent()),
    )


def _volumes(looks: _Looks, pool: api.Pool) -> Iterator[VolumeSeen | str]:
    """Each volume; of one whose file is gone its path.  None of a pool that does not run."""
    name = pool.name()

    def listed() -> list[api.Volume]:
        return pool.listAllVolumes() if pool.isActive() else []

    ask = partial(errors.unless, errors.NO_STORAGE_POOL, listed)
    for each in looks.look("volumes", name, f"the volumes of storage pool {name}", ask, None) or ():
        what = f"volume {each.name()} of storage pool {name}"
        read = partial(_volume_or_path, name, each)
        if (found := looks.look("volume", each.name(), what, read, None, pool=name)) is not None:
            yield found


def _volume_or_path(pool: str, volume: api.Volume) -> VolumeSeen | str | None:
    seen = errors.unless(errors.NO_STORAGE_VOL, _volume, pool, volume)
    return seen or errors.unless(errors.NO_STORAGE_VOL, volume.path)


@of_libvirt("a volume")
def _volume(pool: str, volume: api.Volume) -> VolumeSeen:
    root = parsed(volume.XMLDesc(), "volume")
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
