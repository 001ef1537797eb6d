"""What a volume is and stands on by its file's own header.

libvirt reads a header when it refreshes the file's pool, and remembers what it said: a file that was pulled, rebased or
converted since is told as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from provider.connection import api, errors
from provider.errors import OperatorError
from provider.host import optional
from provider.host.host import Host
from provider.storage import storage, streams, volume_xml
from provider.storage.refreshing import refresh
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
