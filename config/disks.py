"""Disks of a VM beside its overlay (``disks`` in its stack's file), and sizes with their units."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, StrictBool

from config.base import Declared, like, parsed, printable
from config.fleet import Name

UNITS: Final = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
SECTOR: Final = 512  # bytes: disks of other sizes can't be made
LARGEST: Final = 2**53  # bytes: Pulumi's numbers are exact up to here
_SIZE: Final = re.compile(rf"(\d{{1,16}}) ?({'|'.join(UNITS)})")


def _bytes(text: str) -> int:
    match = _SIZE.fullmatch(text)
    size = int(match[1]) * UNITS[match[2]] if match else 0
    if not 0 < size <= LARGEST or size % SECTOR:
        raise ValueError(text)
    return size


def size_text(size: int) -> str:
    """Bytes as they are declared, in the largest unit that divides them: ``20 GiB``."""
    unit = next(name for name, factor in reversed(UNITS.items()) if size % factor == 0)
    return f"{size // UNITS[unit]} {unit}"


Size = Annotated[
    int, parsed(_bytes, f"a size such as 20 GiB ({', '.join(UNITS)}; whole sectors of {SECTOR} B)")
]
Label = Annotated[
    str, like(r"[A-Za-z][A-Za-z0-9-]{0,30}", "a letter, then up to 30 letters, digits and hyphens")
]
FileName = Annotated[
    str,
    like(r"[^/.\s\x00-\x1f\x7f][^/\x00-\x1f\x7f]{0,199}", "the name of a file, without its folder"),
    AfterValidator(printable),
]
DiskFormat = Literal["qcow2", "raw"]


class DiskSettings(Declared):
    """One disk; its label is the key under which it stands."""

    size: Size = Field(
        description="How large it is. It can grow, also while the guest runs, and never shrinks."
    )
    pool: Name | None = Field(
        default=None,
        description="The storage pool of the host that its file is in; the stack's own unless said.",
    )
    file: FileName | None = Field(
        default=None, description="The file's name in the pool; `VM.LABEL.qcow2` (or `.raw`) unless said."
    )
    format: DiskFormat = Field(default="qcow2", description="The format of its file.")
    bus: Literal["virtio"] = Field(
        default="virtio",
        description="How the guest has it; virtio is what can be plugged into one that runs.",
    )
    plugged: StrictBool = Field(
        default=True, description="`false`: it is unplugged from the guest, and its file is kept for later."
    )
    protect: StrictBool | None = Field(
        default=None,
        description="`false`, and an `up`: its file goes once it is removed from here. The VM's `protect` unless said.",
    )
