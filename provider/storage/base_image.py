"""The image that an overlay stands on: found by its path or its name, and never changed."""

from __future__ import annotations

import posixpath

from provider.connection import api, errors
from provider.errors import NotThere
from provider.host import optional
from provider.host.host import Host
from provider.host.made import File
from provider.resource import remedy
from provider.storage import chain, qcow2, storage, streams, volume_xml


def by_path(
    host: Host, path: str, wanted_for: str, tell: optional.Tell, wait: bool = True
) -> volume_xml.Seen:
    """The image at this path; libvirt can only see files that are in an active pool, so the line says which.

    ``wait`` as for `storage.find_path`.
    """
    volume = storage.find_path(host, path, tell, wait)
    if volume is not None:
        return chain.by_head(host, volume, trusted=True)
    if host.made.may_have(path):
        return _to_be_made(path, host.made.files.get(path))
    directory, name = posixpath.split(path)
    pools = storage.pools_of(host, directory, tell)
    if not pools:
        free = remedy.free_name("base", [pool.name() for pool in host.conn.listAllStoragePools()])
        made = remedy.pool_made(host.uri, free, directory)
        advice = f"no storage pool has {directory}; type: {made}; and put {name} there"
    elif not any(pool.isActive() for pool in pools):
        start = remedy.virsh(host.uri, f"pool-start {remedy.word(pools[0].name())}")
        advice = f"storage pool {pools[0].name()} is not active; type: {start}"
    else:
        advice = f"put {name} into {directory} there"
    raise NotThere(wanted_for, f"base image {path} is missing on {host.uri}", advice)


def by_name(
    host: Host, pool_name: str, name: str, wanted_for: str, waits: optional.Tell | None
) -> volume_xml.Seen:
    """``waits`` as for `storage.find`."""
    made = host.made.volumes.get((pool_name, name))
    if made is not None or storage.to_be_made(host, pool_name):
        return _to_be_made(posixpath.join(host.made.pools.get(pool_name) or "", name), made)
    pool = storage.active_pool(host, pool_name, wanted_for)
    volume: api.Volume | None = storage.find(host, pool, name, waits)
    if volume is None:
        what = f"base image {name} is missing in storage pool {pool_name} of {host.uri}"
        raise NotThere(wanted_for, what, f"put it into {storage.pool_path(pool)} there")
    return chain.by_head(host, volume, trusted=True)


def _to_be_made(path: str, file: File | None) -> volume_xml.Seen:
    """As far as a preview can tell it of an image that the same run makes, or whose pool it makes."""
    format, size = (file.format, file.size) if file else ("qcow2", 0)
    return volume_xml.Seen(posixpath.basename(path), path, format, size, 0, None)


def is_untouched(host: Host, volume: api.Volume, seen: volume_xml.Seen) -> bool:
    """Whether nothing was ever written into the volume; False where that can't be told."""
    if seen.format == "raw":
        return seen.allocation == 0
    try:
        return seen.format == "qcow2" and qcow2.is_blank(streams.download(host, volume, qcow2.HEAD_BYTES))
    except errors.VirtError as error:
        if errors.lost(error):
            raise
        return False
