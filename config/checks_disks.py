"""What disks must hold to beyond the types: a file for each, and none where disks are not ours to say."""

from __future__ import annotations

from collections.abc import Iterator

from config.fleet import Fleet
from config.plan_disks import disks_of
from config.settings import Settings
from config.vm_files import overlay_file, seed_file

Breach = tuple[str, str, str]  # path below trop:vms, why, what is allowed


def of_disks(fleet: Fleet, settings: Settings) -> Iterator[Breach]:
    """Of all VMs of a stack: two that write to one file would destroy it."""
    pool = fleet.storage.pool
    owners: dict[tuple[str, str], str] = {}
    for vm, own in settings.vms.items():
        if own.overlay:
            owners[pool, overlay_file(vm)] = f"the overlay of {vm}"
        if own.seed_disk:
            owners[pool, seed_file(vm)] = f"the seed disk of {vm}"
    for vm, own in settings.vms.items():
        if own.disks and not own.overlay:
            why = "is declared of a VM whose disks are not (overlay: false)"
            yield f"{vm}.disks", why, "disks, or overlay: false"
        for disk in disks_of(vm, own, pool):
            key = disk.pool or pool, disk.file
            if key in owners:
                why = f"{disk.file} in pool {key[0]} is {owners[key]}"
                yield f"{vm}.disks.{disk.label}.file", why, "a file of its own"
            owners.setdefault(key, f"disk {disk.label} of {vm}")
