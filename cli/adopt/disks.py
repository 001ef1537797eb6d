"""The disks that a VM has beside its overlay, as its stack's file would have to declare them.  Pure.

What can't be declared is left alone: a file that is in no pool over a directory, or of another format, or that another
domain has too, and a disk that is not virtio.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from cli.adopt import declared
from config.disks import DiskSettings, size_text
from config.plan import Plan, VirtualMachine
from config.settings import VmSettings
from config.vm_files import disk_file
from provider.survey.survey import DomainSeen, HostSeen, VolumeSeen

VIRTIO = "vd"  # what the target of such a disk begins with


def disks_of(plan: Plan, vm: VirtualMachine, domain: DomainSeen, seen: HostSeen) -> dict[str, dict[str, Any]]:
    """By label, each as YAML has it."""
    found: dict[str, dict[str, Any]] = {}
    for target, volume in _beside(plan, vm, domain, seen):
        label = _label(vm, volume, target, found)
        said = _said(plan, vm, label, volume)
        if can_be_said("disks", {label: said}):
            found[label] = said
    return found


def _beside(
    plan: Plan, vm: VirtualMachine, domain: DomainSeen, seen: HostSeen
) -> Iterator[tuple[str, VolumeSeen]]:
    folders = {pool.name for pool in seen.pools if pool.active and pool.kind == "dir"}
    ours = {declared.overlay_path(plan, vm), declared.seed_path(plan, vm)}
    others = {path for other in seen.domains if other.uuid != domain.uuid for _, path in other.seen.slots}
    known = seen.known(domain.seen, ours)  # one under a snapshot is the declared one
    for target, path in known.slots:
        volume = seen.volume_at(path)
        if volume is None or volume.pool not in folders or path in ours | others:
            continue
        if path in known.disks and target.startswith(VIRTIO):
            yield target, volume


def _label(vm: VirtualMachine, volume: VolumeSeen, target: str, taken: dict[str, Any]) -> str:
    """What its file is called beyond the VM's name and the ending."""
    stem = volume.name.rpartition(".")[0] or volume.name
    label = re.sub(r"[^A-Za-z0-9]+", "-", stem.removeprefix(vm.name)).strip("-") or target
    label = label if label[0].isalpha() else f"disk-{label}"
    return label if label not in taken else f"{label}-{target}"


def _said(plan: Plan, vm: VirtualMachine, label: str, volume: VolumeSeen) -> dict[str, Any]:
    said: dict[str, Any] = {"size": size_text(volume.capacity)}
    if volume.pool != plan.storage.name:
        said["pool"] = volume.pool
    if volume.name != disk_file(vm.name, label, volume.format or ""):
        said["file"] = volume.name
    if volume.format != DiskSettings.model_fields["format"].default:
        said["format"] = volume.format
    return said


def can_be_said(key: str, value: Any) -> bool:
    """libvirt takes names and texts that the settings of a VM or the provider refuse."""
    if key == "domain" and value != value.strip():
        return False
    try:
        VmSettings.model_validate({key: value})
    except ValidationError:
        return False
    return True
