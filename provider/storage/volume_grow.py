"""Making a volume larger: through the guest that runs with it, whose QEMU holds its lock, or as a file."""

from __future__ import annotations

from functools import partial
from typing import Final

from provider.connection import api, errors
from provider.errors import OperatorError
from provider.host import optional
from provider.host.definitions import live_xml
from provider.host.host import Host
from provider.storage import standing, volume_xml
from provider.storage.pool_state import refresh_unless_busy

_SECTOR: Final = 512
_IN_BYTES: Final = 1


def grow(host: Host, what: str, pool: api.Pool, volume: api.Volume, size: int, preview: bool) -> str | None:
    """The guest that runs with it, if any.  ``size`` in bytes, more than it has; at preview nothing is done.

    `OperatorError` when an overlay stands on it, and when it has not grown: a base image is only ever read.
    """
    if size % _SECTOR:
        raise OperatorError(
            f"{what}: size {size} is no multiple of {_SECTOR} bytes, and could not be had exactly"
        )
    with host.storage:
        refresh_unless_busy(host, pool)  # what another hand has put there may stand on it
        found = standing.on(host, volume.path())
        if found.overlays:
            raise OperatorError(f"{what} is not grown: {', '.join(found.overlays)} stands on it")
        if found.unread:
            raise OperatorError(f"{what} is not grown: {standing.unknown(host, found.unread)}")
        runs = _runs_with(host, pool, volume)
        if not preview:
            _resize(what, runs, volume, size)
    return None if runs is None else runs[0].name()


def _runs_with(host: Host, pool: api.Pool, volume: api.Volume) -> tuple[api.Domain, str] | None:
    """The running domain that writes to the volume, and its name for the disk.

    One that can't be read is not it: where it is, QEMU has the file's lock, and nothing is done.
    """
    for domain in host.conn.listAllDomains():
        xml, _ = optional.looked(domain.name(), partial(live_xml, domain))
        target = xml and volume_xml.target_of(xml, volume.path(), pool.name(), volume.name())
        if target:
            return domain, target
    return None


def _resize(what: str, found: tuple[api.Domain, str] | None, volume: api.Volume, size: int) -> None:
    if found is None:
        error = errors.refusal(volume.resize, size)
    else:
        domain, target = found
        error = errors.refusal(domain.blockResize, target, size, _IN_BYTES)
    if volume_xml.view(volume.XMLDesc()).capacity != size:
        said = errors.said(error) if error else "libvirt took it, but it has not grown"
        raise OperatorError(f"{what} is not grown to {size} bytes: {said}")
