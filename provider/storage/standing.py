"""What stands on a file, so that the file must stay: overlays, and what could be one and can't be read."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from provider.connection import api, errors
from provider.host import optional
from provider.host.host import Host
from provider.resource import remedy
from provider.storage import streams, volume_xml

# A base is looked for again that another program may have given a volume meanwhile.
_BACKING_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Unread:
    """A volume that can't be read, or a pool (``path`` None) whose volumes can't be listed; ``line`` says so."""

    pool: str
    path: str | None
    line: str


@dataclass(frozen=True)
class Standing:
    """``overlays``: paths of volumes in active pools; ``unread``: what may be one of them as well."""

    overlays: tuple[str, ...]
    unread: tuple[Unread, ...]


def on(host: Host, path: str) -> Standing:
    """What stands on this file; libvirt itself never refuses to delete it."""
    wanted, found, unread = posixpath.normpath(path), list[str](), list[Unread]()
    for pool in host.conn.listAllStoragePools():
        for volume in _volumes(pool, unread):
            backing = _backing(host, pool, volume, unread)
            if backing is not None and posixpath.normpath(backing) == wanted:
                found.append(volume.path())
    return Standing(tuple(sorted(found)), tuple(each for each in unread if each.path != wanted))


def overlays(host: Host, path: str) -> list[str]:
    return list(on(host, path).overlays)


def said(overlays: Collection[str], disks: Collection[str]) -> str:
    """``disks``: files of any domain's; an overlay that is none of them is a left-over."""
    left = [path for path in overlays if path not in disks]
    way_out = (
        f"; {' and '.join(left)} is no domain's disk: take it away first, if nobody needs it" if left else ""
    )
    return f"{', '.join(overlays)} stands on it{way_out}"


def unknown(host: Host, unread: tuple[Unread, ...]) -> str:
    """Why it is not known whether something stands on a file, and the way out."""
    pools = dict.fromkeys(each.pool for each in unread)
    stop = "; ".join(remedy.virsh(host.uri, f"pool-destroy {remedy.word(pool)}") for pool in pools)
    lines = "; ".join(each.line for each in unread)
    return (
        f"whether something stands on it is not known: {lines}; make that readable; or, where nothing in that pool can "
        f"stand on it, stop the pool meanwhile, which leaves its files: {stop}"
    )


def _volumes(pool: api.Pool, unread: list[Unread]) -> Iterator[api.Volume]:
    """Of a pool that does not run, or is gone meanwhile, none."""
    name = pool.name()

    def listed() -> list[api.Volume]:
        return pool.listAllVolumes() if pool.isActive() else []

    ask = partial(errors.unless, errors.NO_STORAGE_POOL, listed)
    found, line = optional.looked(f"the volumes of storage pool {name}", ask)
    if line:
        unread.append(Unread(name, None, line))
    yield from found or ()


def _backing(host: Host, pool: api.Pool, volume: api.Volume, unread: list[Unread]) -> str | None:
    """What the volume stands on, by its file.  Each of many deletes asks for all of them, and each look opens one."""
    now = time.monotonic()
    read, backing = host.backings.get(volume.key(), (-_BACKING_SECONDS, None))
    if now - read < _BACKING_SECONDS:
        return backing

    what = f"volume {volume.name()} of storage pool {pool.name()}"
    backing, line = optional.looked(what, partial(_read, host, volume))
    if line:
        unread.append(Unread(pool.name(), posixpath.normpath(volume.path()), line))
    else:
        host.backings[volume.key()] = (now, backing)
    return backing


def _read(host: Host, volume: api.Volume) -> str | None:
    """None also of a file that is gone, be it behind a link that is there: it stands on nothing."""
    try:
        xml = errors.unless(errors.NO_STORAGE_VOL, volume.XMLDesc)
    except errors.VirtError as error:
        if errors.no_file(error):
            return None
        raise
    head = streams.read_head(host, volume) if xml else None
    seen = volume_xml.by_head(volume_xml.view(xml), head or b"").backing if xml else None
    return seen.path if seen else None
