"""The disks of a VM beside its overlay, as they follow from what is declared."""

from __future__ import annotations

from config.base import Planned
from config.disks import DiskFormat
from config.settings import VmSettings
from config.vm_files import disk_file


class PlannedDisk(Planned):
    """``file`` is its name in ``pool`` (None: the stack's), ``size`` in bytes.

    One that is not ``plugged`` is a file and no more.
    """

    label: str
    file: str
    pool: str | None
    size: int
    format: DiskFormat
    plugged: bool
    protect: bool


def disks_of(vm: str, own: VmSettings, pool: str) -> tuple[PlannedDisk, ...]:
    """By their labels, so that those of a new VM have the same order whichever engine reads the file.

    ``pool`` is the stack's.
    """
    return tuple(
        PlannedDisk(
            label=label,
            file=disk.file or disk_file(vm, label, disk.format),
            pool=None if disk.pool == pool else disk.pool,
            size=disk.size,
            format=disk.format,
            plugged=disk.plugged,
            protect=own.protect if disk.protect is None else disk.protect,
        )
        for label, disk in sorted(own.disks.items())
    )
