"""Whether a qcow2 file is as new: read from its own tables.  Pure."""

from __future__ import annotations

import struct
from typing import Final

HEAD_BYTES: Final = 1 << 20  # enough for header and first table of every volume that libvirt itself makes
_MAGIC: Final = b"QFI\xfb"
_HEADER: Final = struct.Struct(">4sIQIIQIIQQIIQ")  # version 2's fields, with which version 3 begins too


def is_blank(head: bytes) -> bool:
    """True when nothing was ever written into the disk: its first-level table (of cluster addresses) is all zero
    and there is no snapshot.  ``head`` is the file's first `HEAD_BYTES`, or all of it; what can't be told from
    them is not blank."""
    if len(head) < _HEADER.size:
        return False
    magic, *_, table_entries, table_at, _, _, snapshots, _ = _HEADER.unpack_from(head)
    end = table_at + 8 * table_entries
    whole = magic == _MAGIC and table_at > 0 and end <= len(head)
    return whole and snapshots == 0 and not any(head[table_at:end])
