"""Pools and volumes of a host: found for sure or gone for sure, who uses them, and their bytes."""

from __future__ import annotations

import posixpath
from collections.abc import Collection
from functools import partial
from typing import Any

from provider.connection import api, errors
from provider.errors import NotThere, OperatorError
from provider.host import optional
from provider.host.host import Host
from provider.host.sight import look
from provider.host.uses import Uses
from provider.resource import remedy
from provider.resource.base import COMPUTED
from provider.storage import pool_xml, standing
from provider.storage.pool_state import Busy, refresh


def require_pool(host: Host, name: str, wanted_for: str, folder: str = "") -> api.Pool:
    """The pool; else `OperatorError` with what to type.  ``folder``: the one that it had, where that is known."""
    pool = host.pool_by_name(name)
    if pool is None:
        over = folder or f"/var/lib/libvirt/{name}"
        for_example = "" if folder else " for example"
        advice = f"make it, over {over}{for_example}: {remedy.pool_made(host.uri, name, over)}"
        raise NotThere(wanted_for, f"there is no storage pool {name} on {host.uri}", advice)
    return pool


def to_be_made(host: Host, name: Any) -> bool:
    """Whether a preview was asked to make or to start the pool, which is not there or does not run."""
    if name is COMPUTED or name not in host.made.pools:
        return name is COMPUTED
    pool = host.pool_by_name(name)
    return pool is None or not pool.isActive()


def active_pool(host: Host, name: str, wanted_for: str, folder: str = "") -> api.Pool:
    """The pool, running; else as `require_pool`.  ``wanted_for`` begins the line."""
    pool = require_pool(host, name, wanted_for, folder)
    if not pool.isActive():
        started = remedy.virsh(host.uri, f"pool-start {remedy.word(name)}")
        raise NotThere(
            wanted_for,
            f"storage pool {name} on {host.uri} is not active, so its files can't be seen",
            f"see that its directory is mounted, then: {started}",
        )
    return pool


def pool_of(host: Host, path: str, name: str | None, what: str, tell: optional.Tell) -> api.Pool:
    """The pool of the volume at ``path``, by its name where that is known, running: else nothing can be said of the
    volume."""
    if name is None:
        pools = pools_of(host, posixpath.dirname(path), tell)
        if not pools:
            raise OperatorError(f"{what}: no storage pool of {host.uri} has {posixpath.dirname(path)}")
        name = pools[0].name()
    return active_pool(host, name, what, posixpath.dirname(path))


def find(
    host: Host, pool: api.Pool, name: str, waits: optional.Tell | None = optional.unheard
) -> api.Volume | None:
    """The volume with its file there; None only after a refresh of the active pool has not found it.

    ``waits`` as for `pool_state.refresh`.
    """
    known = errors.unless(errors.NO_STORAGE_VOL, pool.storageVolLookupByName, name)
    if known is not None and _readable(known):
        return known
    with host.storage:
        refresh(host, pool, waits)
        return errors.unless(errors.NO_STORAGE_VOL, pool.storageVolLookupByName, name)


def find_now(host: Host, pool: api.Pool, name: str, tell: optional.Tell) -> api.Volume | None:
    """For a preview, which waits for nobody: as `find`; None, and a line, where it can't be looked for now."""
    try:
        return find(host, pool, name, None)
    except Busy as busy:
        tell(f"{busy}: whether {name} is there already is not known before that is over")
        return None


def _readable(volume: api.Volume) -> bool:
    """libvirt looks at the file when asked for its XML, and fails for one that was deleted behind its back."""
    return errors.refusal(volume.XMLDesc) is None


def find_path(host: Host, path: str, tell: optional.Tell, wait: bool = True) -> api.Volume | None:
    """The volume of this path in any active pool, after a refresh of those that have its directory.

    `Busy` where one of them can't be looked at: at once where it is not to ``wait``.
    """
    known = host.volume_by_path(path)
    if known is not None and _readable(known):
        return known
    with host.storage:
        for pool in pools_of(host, posixpath.dirname(path), tell):
            if pool.isActive():
                refresh(host, pool, tell if wait else None)
        return host.volume_by_path(path)


def pools_of(host: Host, directory: str, tell: optional.Tell) -> list[api.Pool]:
    """The pools over this very directory, running or not."""
    wanted, found = posixpath.normpath(directory), []
    for pool in host.conn.listAllStoragePools():
        read = partial(errors.unless, errors.NO_STORAGE_POOL, pool_path, pool)
        unknown = f"whether it is over {wanted} is not known"
        path = optional.look(tell, f"storage pool {pool.name()}", read, None, unknown)
        if posixpath.normpath(path or "/") == wanted:
            found.append(pool)
    return found


def foreseen(host: Host, pool_name: Any, name: Any, wanted_for: str) -> tuple[api.Pool | None, str | None]:
    """The pool, and the path that a file of this name has in it; None for what is to be made or not known yet."""
    if pool_name is not COMPUTED and pool_name in host.made.pools:
        pool, folder = host.pool_by_name(pool_name), host.made.pools[pool_name]
    else:
        pool = None if pool_name is COMPUTED else require_pool(host, pool_name, wanted_for)
        folder = None if pool is None else pool_path(pool)
    return pool, None if folder is None or name is COMPUTED else posixpath.join(folder, name)


def pool_path(pool: api.Pool) -> str | None:
    return pool_xml.view(pool.XMLDesc()).get("path")


def volume_users(
    host: Host, pool: str, path: str, but: Collection[str] = (), asked: float | None = None
) -> list[str]:
    """Domains that have the file as a disk, or, while they run, anywhere in a disk's backing chain.

    Domains ``but`` (UUIDs) aside; ``asked`` as for `Looks.since`.
    """
    name = posixpath.basename(path)
    found = (
        each.name
        for each in _uses(host, asked)
        if each.uuid not in but and (path in each.files or (pool, name) in each.volumes)
    )
    return sorted(found)


def unread_domains(host: Host, but: Collection[str] = (), asked: float | None = None) -> list[str]:
    """A line for each domain whose files are not known, but for some (UUIDs); ``asked`` as for `Looks.since`."""
    return [each.unread for each in _uses(host, asked) if each.unread and each.uuid not in but]


def _uses(host: Host, asked: float | None) -> tuple[Uses, ...]:
    """Where they are not listed, one that may have any file stands for all."""
    ask = partial(host.uses.since, asked, lambda: look(host).conn.listAllDomains())
    found, line = optional.looked(f"the domains of {host.uri}", ask)
    return (Uses("", "", frozenset(), frozenset(), line),) if line else found or ()


def pool_users(host: Host, name: str, path: str) -> list[str]:
    """Domains with a disk in the pool."""
    folder = posixpath.normpath(path) + "/"
    return sorted(
        each.name
        for each in _uses(host, None)
        if any(posixpath.normpath(file).startswith(folder) for file in each.files)
        or any(pool == name for pool, _ in each.volumes)
    )


def _disks(host: Host, asked: float | None) -> set[str]:
    """Every file of a domain's disks."""
    return {file for each in _uses(host, asked) for file in each.files}


def refuse_delete(
    host: Host,
    what: str,
    pool: api.Pool,
    path: str,
    condemned: Collection[str] = (),
    asked: float | None = None,
    kept: bool = True,
) -> None:
    """`OperatorError` while a domain or an overlay needs it; ``condemned``: UUIDs and paths that go as well.

    ``asked`` as for `Looks.since`.  ``kept``: it holds what may not be lost, so that what can't be read counts too.
    """
    domains = volume_users(host, pool.name(), path, condemned, asked)
    found = standing.on(host, path)
    overlays = [other for other in found.overlays if other not in condemned]
    if domains:
        raise OperatorError(f"{what} is not deleted: it is a disk of {', '.join(domains)}")
    if overlays:
        raise OperatorError(f"{what} is not deleted: {standing.said(overlays, _disks(host, asked))}")
    unread = tuple(each for each in found.unread if each.path not in condemned)
    if unread and kept:
        raise OperatorError(f"{what} is not deleted: {standing.unknown(host, unread)}")
    if kept and (lines := unread_domains(host, condemned, asked)):
        raise OperatorError(
            f"{what} is not deleted: whether a domain has it is not known: {'; '.join(lines)}"
        )


def delete(
    host: Host,
    what: str,
    pool: api.Pool,
    path: str,
    tell: optional.Tell = optional.unheard,
    kept: bool = True,
) -> bool:
    """Delete the volume and see that it is gone; refused while a domain or an overlay needs it (see `refuse_delete`).

    Whether there was anything to delete.
    """
    with host.storage:
        volume = find(host, pool, posixpath.basename(path), tell)
        if volume is None:
            return False
        refresh(host, pool, tell)
        refuse_delete(host, what, pool, path, asked=host.storage.asked, kept=kept)
        volume.delete()
    # In another turn, after those that wait to delete theirs: then one look at the files is enough for all of them.
    if find(host, pool, posixpath.basename(path), tell) is not None:
        raise OperatorError(f"{what} is still there, though libvirt deleted it")
    return True
