"""The beginning of qcow2 files, as QEMU writes them."""

from __future__ import annotations

import struct

from lxml import etree

from provider.storage.qcow2 import header, path_of

SIZE = 1 << 31
_TABLE_AT = 1 << 16


def head(
    size: int = SIZE,
    backing: str | None = None,
    backing_format: str | None = "qcow2",
    *,
    first_cluster: int = 0,
    snapshots: int = 0,
    version: int = 3,
) -> bytes:
    """Header, extensions, the base's name, and at 64 KiB a table of four entries, of which the first is as given."""
    begin = 72 if version == 2 else 112
    extensions = b""
    if backing and backing_format:
        said = backing_format.encode()
        extensions += struct.pack(">II", 0xE2792ACA, len(said)) + said.ljust((len(said) + 7) // 8 * 8, b"\0")
    extensions += struct.pack(">II", 0x6803F857, 8) + bytes(8) + bytes(8)
    name = (backing or "").encode()
    name_at = begin + len(extensions) if backing else 0
    fields = struct.pack(
        ">4sIQIIQIIQQIIQ", b"QFI\xfb", version, name_at, len(name), 16, size, 0, 4, _TABLE_AT, 131072, 1,
        snapshots, 0,
    )  # fmt: skip
    more = struct.pack(">QQQII", 0, 0, 0, 4, begin) if version == 3 else b""
    written = (fields + more).ljust(begin, b"\0") + extensions + name
    return written.ljust(_TABLE_AT, b"\0") + struct.pack(">QQQQ", first_cluster, 0, 0, 0)


def looked_at(volume: etree._Element, path: str, data: bytes) -> None:
    """What libvirt knows of the volume once it has opened the file: format, size and base."""
    seen = header(data)
    if seen is None:
        return
    for old in volume.findall("backingStore"):
        volume.remove(old)
    volume.find("capacity").text = str(seen.size)
    volume.find("target/format").set("type", "qcow2")
    if seen.backing is not None:
        base = etree.SubElement(volume, "backingStore")
        etree.SubElement(base, "path").text = path_of(seen.backing, path)
        etree.SubElement(base, "format", type=seen.backing_format or "qcow2")  # probed, where it is not said
