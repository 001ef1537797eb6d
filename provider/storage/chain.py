"""What a volume is and stands on by its file's own header.

libvirt reads a header when it refreshes the file's pool, and remembers what it said: a file that was pulled, rebased or
converted since is told as it was.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from provider.connection import api, errors
from provider.errors import OperatorError
from provider.host import optional
from provider.host.host import Host
from provider.storage import snapshots, storage, streams, volume_xml
from provider.storage.pool_state import refresh
from provider.storage.volume_xml import Seen

_LONGEST = 32  # files of one chain that are followed


@dataclass(frozen=True)
class Link:
    """A file of a disk's chain.  ``base``: the one that it stands on, if any; ``format_said``: whether its header
    says which format that one has.  ``there``: whether the file is in an active pool; of any other nothing is known."""

    path: str
    base: str | None = None
    format_said: bool = True
    there: bool = True


def by_file(host: Host, pool: api.Pool, volume: api.Volume, tell: optional.Tell) -> Seen:
    """The volume as its file is.  Where that can't be read, as libvirt sees it after a refresh of the pool; where that
    can't be had either, as it remembers it, which is told."""
    seen = volume_xml.view(volume.XMLDesc())
    head = streams.read_head(host, volume)
    if head is not None:
        return volume_xml.by_head(seen, head)
    try:
        with host.storage:
            refresh(host, pool, None)
        again = errors.unless(errors.NO_STORAGE_VOL, pool.storageVolLookupByName, volume.name())
        return seen if again is None else volume_xml.view(again.XMLDesc())
    except OperatorError as error:
        tell(
            f"what {seen.path} stands on is told as libvirt saw it last, for its file can't be read: {error}"
        )
        return seen


def by_head(host: Host, volume: api.Volume, trusted: bool = False) -> Seen:
    """The volume as its file is; where that can't be read, as libvirt knows it.  ``trusted`` as for
    `volume_xml.by_head`."""
    seen, head = volume_xml.view(volume.XMLDesc()), streams.read_head(host, volume)
    return seen if head is None else volume_xml.by_head(seen, head, trusted)


def links(host: Host, path: str, tell: optional.Tell) -> Iterator[Link]:
    """The file of a disk, then what it stands on, down to the last that can be seen."""
    next_path: str | None = path
    for _ in range(_LONGEST):
        if next_path is None:
            return
        link = _link(host, next_path, tell)
        yield link
        next_path = link.base


def _link(host: Host, path: str, tell: optional.Tell) -> Link:
    try:
        volume = storage.find_path(host, path, tell, wait=False)
    except OperatorError:
        volume = None
    if volume is None:
        return Link(path, there=False)
    found = by_head(host, volume)
    if found.backing is None:
        return Link(path)
    return Link(path, found.backing.path, bool(found.backing.format))


def hindrances(host: Host, path: str, tell: optional.Tell) -> Iterator[str]:
    """What is wrong with the disk's chain, each with what mends it.  What can't be seen is taken as good."""
    found = tuple(links(host, path, tell))
    for link in found:
        if not link.there and _is_missing(host, link.path, tell):
            yield f"the file {link.path} of its disk is missing: put back the very file"
    for link in unsaid(found):
        yield (
            f"its disk {link.path} does not say which format its base {link.base} has, which stands on a file itself; "
            f"once it is shut off, type on the hypervisor: {snapshots.rebase(link.path, str(link.base))}"
        )


def unsaid(chain: tuple[Link, ...]) -> list[Link]:
    """Those whose header does not say their base's format, where the base has a base: libvirt does not guess then."""
    stands = {link.path: link.base for link in chain}
    return [link for link in chain if not link.format_said and link.base and stands.get(link.base)]


def _is_missing(host: Host, path: str, tell: optional.Tell) -> bool:
    """Whether a pool that has its folder has looked, and does not have it."""
    pools = storage.pools_of(host, posixpath.dirname(path), tell)
    return any(pool.isActive() for pool in pools) and not host.made.may_have(path)
