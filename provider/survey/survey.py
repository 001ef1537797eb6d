"""What a survey of a host gives: all that is on it, and what could not be read, each by itself.  Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from provider.connection.states import UNLOOKED, State
from provider.domain.seen import Seen, as_declared
from provider.host.identity import Identity
from provider.network.startable import Hindrance
from provider.nic.nic import Nic

# An object of libvirt's; or the leases of a network, what a pool holds, who the host is.
Kind = Literal["domain", "network", "leases", "pool", "volumes", "volume", "host"]


@dataclass(frozen=True)
class DomainSeen:
    """``live`` is what runs, ``config`` the persistent definition, ``saved`` what its managed save image brings back.

    None for the one that the domain does not have, or that can't be read.  ``state`` is virsh's word, or "saved";
    ``at`` has the reason too.  Passwords of graphics are not in the XML: they need a connection that may write.
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
    at: State = UNLOOKED

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
    """``bridge`` and ``mac`` as the XML in effect has them; ``mode`` is the forward mode, "none" without one.

    ``ports``: the UUIDs of those that it has; None while it does not run, or where that is not known.  ``hindrances``:
    what keeps one that does not run from starting, as far as that can be known.
    """

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
    ports: frozenset[str] | None = None
    hindrances: tuple[Hindrance, ...] = ()


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
    """What could not be looked at; ``line`` says so with libvirt's words.  Nothing is concluded from it.

    ``name`` is the object's (of ``leases`` the network's, of ``volumes`` the pool's); None: all of this kind, which are
    not listed.  ``pool``: the one of a volume.  ``unsupported``: the driver does not know the question, so nothing is
    broken.  ``runs``: whether a domain runs, or may.  ``uuid``: of an object that is known by it.
    """

    kind: Kind
    name: str | None
    line: str
    pool: str | None = None
    unsupported: bool = False
    runs: bool = True
    uuid: str | None = None


@dataclass(frozen=True)
class HostSeen:
    """All by name.  ``volumes`` are those of the pools that are active.  ``uuid`` is the URI where there is none.

    ``gone`` are the paths that a pool still lists, though their files are not there any more.  ``name`` is what the
    host calls itself, where it says so.
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
    name: str | None = None

    @property
    def identity(self) -> Identity:
        return Identity(self.uuid, self.name)

    def unread_of(self, kind: Kind, name: str | None = None) -> tuple[Unread, ...]:
        """What of this kind could not be read: all, or what may be the one of this name."""
        return tuple(u for u in self.unread if u.kind == kind and (name is None or u.name in (name, None)))

    def unread_volumes(self, pool: str, name: str | None = None) -> tuple[Unread, ...]:
        """What keeps a volume of the pool, or all of them, from being seen."""
        whole = self.unread_of("volumes", pool)
        return whole + tuple(u for u in self.unread_of("volume", name) if u.pool == pool)

    def domain(self, name: str) -> DomainSeen | None:
        return next((d for d in self.domains if d.name == name), None)

    def network(self, name: str) -> NetworkSeen | None:
        return next((n for n in self.networks if n.name == name), None)

    def pool(self, name: str) -> PoolSeen | None:
        return next((p for p in self.pools if p.name == name), None)

    def pools_of(self, path: str) -> list[PoolSeen]:
        """The active ones that have the file's folder."""
        folder = posixpath.dirname(path)
        return [p for p in self.pools if p.active and p.path and posixpath.normpath(p.path) == folder]

    def known(self, seen: Seen, ours: Collection[str]) -> Seen:
        """A definition with each disk known by the file of ours that is in its chain.  What it does not say of
        the chain is as running guests and the files' pools have it."""
        bases = {v.path: v.base for v in self.volumes} | running_bases(self.domains)
        longer = tuple(chain.followed(partial(_below, bases), ours) for chain in seen.chains)
        return as_declared(replace(seen, chains=longer), dict.fromkeys(ours, ""))

    def volume_at(self, path: str) -> VolumeSeen | None:
        return next((v for v in self.volumes if v.path == path), None)


def _below(bases: Mapping[str, str | None], path: str) -> list[str]:
    """What the file stands on, from the top down; a ring is followed once."""
    files = [path]
    while (base := bases.get(files[-1])) and base not in files:
        files.append(base)
    return files[1:]


def standing_on(volumes: Iterable[VolumeSeen], bases: Mapping[str, str | None]) -> tuple[VolumeSeen, ...]:
    """The volumes with these bases, by path, in the place of those that libvirt remembers."""
    return tuple(
        replace(v, base=bases[v.path], base_modified=None, base_missing=False)
        if v.path in bases and bases[v.path] != v.base
        else v
        for v in volumes
    )


def running_bases(domains: Iterable[DomainSeen]) -> dict[str, str | None]:
    """By file, what it stands on for a guest that runs: QEMU has both open, so it is sure."""
    found: dict[str, str | None] = {}
    for domain in domains:
        for chain in domain.live.chains if domain.live else ():
            found |= dict(zip(chain.files, chain.below, strict=False))
            if chain.whole:
                found[chain.files[-1]] = None
    return found
