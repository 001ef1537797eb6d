"""Volumes in libvirt's XML, and the files that a domain's XML names.  Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lxml.builder import E

from provider.host.elements import attribute, written
from provider.host.xml_in import of_libvirt, parsed
from provider.storage import qcow2


@dataclass(frozen=True)
class Backing:
    """What an overlay stands on: absolute path, and that file's format; "" where a header says none."""

    path: str
    format: str


@dataclass(frozen=True)
class Seen:
    """A volume as libvirt has it; sizes in bytes.  ``allocation`` is what its file takes on the disk."""

    name: str
    path: str
    format: str
    capacity: int
    allocation: int
    backing: Backing | None


def render(name: str, format: str, capacity: int, backing: Backing | None) -> str:
    """The XML of a new volume.  A backing file's format is always said: else libvirt records it as raw."""
    volume = E.volume(E.name(name), E.capacity(str(capacity), unit="bytes"))
    if format == "raw":
        volume.append(E.allocation("0", unit="bytes"))
    volume.append(E.target(E.format(type=format), *([E.compat("1.1")] if format == "qcow2" else ())))
    if backing is not None:
        volume.append(E.backingStore(E.path(backing.path), E.format(type=backing.format)))
    return written(volume)


@of_libvirt("a volume")
def view(xml: str) -> Seen:
    volume = parsed(xml, "volume")
    backing, base = None, volume.findtext("backingStore/path")
    if base:
        backing = Backing(base, attribute(volume, "backingStore/format", "type") or "raw")
    return Seen(
        name=volume.findtext("name"),
        path=volume.findtext("target/path"),
        format=attribute(volume, "target/format", "type") or "raw",
        capacity=int(volume.findtext("capacity")),
        allocation=int(volume.findtext("allocation") or 0),
        backing=backing,
    )


def by_head(seen: Seen, head: bytes, trusted: bool = False) -> Seen:
    """The volume as the beginning of its file has it (`qcow2.HEADER_BYTES`): libvirt's own word may be older.

    A file that is known as raw is not believed to be anything else, unless it is ``trusted``: a guest may have written
    a header into its disk.
    """
    found = None if seen.format == "raw" and not trusted else qcow2.header(head)
    if found is not None:
        path = found.backing and qcow2.path_of(found.backing, seen.path)
        backing = Backing(path, found.backing_format or "") if path else None
        return replace(seen, format="qcow2", capacity=found.size, backing=backing)
    if head and seen.format == "qcow2" and not head.startswith(qcow2.MAGIC):
        return replace(seen, format="raw", backing=None)
    return seen


@of_libvirt("a domain")
def target_of(domain_xml: str, path: str, pool: str, name: str) -> str | None:
    """The name ("vda") of the domain's disk that is this very file, and is written to; None when there is none."""
    for disk in parsed(domain_xml).iterfind("devices/disk"):
        source, target = disk.find("source"), disk.find("target")
        if source is None or target is None or disk.find("readonly") is not None:
            continue
        if path in (source.get("file"), source.get("dev")) or (pool, name) == (
            source.get("pool"),
            source.get("volume"),
        ):
            return str(target.get("dev"))
    return None
