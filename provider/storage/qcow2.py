"""qcow2 files by their own headers and tables: what one stands on, and whether it is as new.  Pure."""

from __future__ import annotations

import json
import posixpath
import struct
from dataclasses import dataclass
from typing import Any, Final

HEAD_BYTES: Final = 1 << 20  # enough for header and first table of every volume that libvirt itself makes
HEADER_BYTES: Final = 1 << 16  # the first cluster, in which the header and the base's name are
MAGIC: Final = b"QFI\xfb"
_HEADER: Final = struct.Struct(">4sIQIIQIIQQIIQ")  # version 2's fields, with which version 3 begins too
_LENGTH_AT: Final = 100  # of version 3's header, which says how long it is
_EXTENSION: Final = struct.Struct(">II")
_BACKING_FORMAT: Final = 0xE2792ACA


@dataclass(frozen=True)
class Header:
    """``size`` in bytes.  ``backing``: the file that it stands on, as it is written there; ``backing_format``: what is
    said of that file's format, None where nothing is."""

    size: int
    backing: str | None
    backing_format: str | None


def header(head: bytes) -> Header | None:
    """Of a file that begins so (`HEADER_BYTES`, or all of it); None for one that is no qcow2 of version 2 or 3, or of
    which that can't be told."""
    if len(head) < _HEADER.size:
        return None
    magic, version, name_at, name_length, _, size, *_ = _HEADER.unpack_from(head)
    if magic != MAGIC or version not in (2, 3):
        return None
    if not name_at:
        return Header(size, None, None)
    name = head[name_at : name_at + name_length]
    if len(name) < name_length:
        return None
    begin = _HEADER.size if version == 2 else int.from_bytes(head[_LENGTH_AT : _LENGTH_AT + 4], "big")
    said = _extensions(head[begin:name_at]).get(_BACKING_FORMAT)
    return Header(
        size, name.decode(errors="surrogateescape"), said.decode("ascii", "replace") if said else None
    )


def path_of(backing: str, overlay: str) -> str:
    """The file of ``backing``, absolute: it may be relative to the ``overlay``, or spelled in another way of QEMU."""
    if backing.startswith("json:"):
        try:
            return _filename(json.loads(backing.removeprefix("json:"))) or backing
        except ValueError:
            return backing
    plain = backing.removeprefix("file:")
    if "://" in plain:
        return plain
    return posixpath.normpath(posixpath.join(posixpath.dirname(overlay), plain))


def is_blank(head: bytes) -> bool:
    """True when nothing was ever written into the disk: its first-level table (of cluster addresses) is all zero
    and there is no snapshot.  ``head`` is the file's first `HEAD_BYTES`, or all of it; what can't be told from
    them is not blank."""
    if len(head) < _HEADER.size:
        return False
    magic, *_, table_entries, table_at, _, _, snapshots, _ = _HEADER.unpack_from(head)
    end = table_at + 8 * table_entries
    whole = magic == MAGIC and table_at > 0 and end <= len(head)
    return whole and snapshots == 0 and not any(head[table_at:end])


def _extensions(data: bytes) -> dict[int, bytes]:
    """By type; each is a type, a length, and as many bytes, filled up to a multiple of eight.  Type 0 ends them."""
    found: dict[int, bytes] = {}
    at = 0
    while at + _EXTENSION.size <= len(data):
        kind, length = _EXTENSION.unpack_from(data, at)
        if kind == 0:
            break
        begin = at + _EXTENSION.size
        found[kind] = data[begin : begin + length]
        at = begin + (length + 7) // 8 * 8
    return found


def _filename(said: Any) -> str | None:
    """Of QEMU's description of a node: its own file, or that of the node below it."""
    if not isinstance(said, dict):
        return None
    named = said.get("filename", said.get("file.filename"))
    return named if isinstance(named, str) else _filename(said.get("file"))
