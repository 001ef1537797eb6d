"""Volumes in libvirt's XML, and the files that a domain's XML names.  Pure."""

from __future__ import annotations

from dataclasses import dataclass

from lxml.builder import E

from provider.host.elements import attribute, written
from provider.host.xml_in import of_libvirt, parsed


@dataclass(frozen=True)
class Backing:
    """What an overlay stands on: absolute path, and the format that the path's file has."""

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
