"""Faults of overlays and base images, told only where libvirt knows the files."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import PurePosixPath

from lxml import etree

from cli.audit.finding import Finding
from cli.audit.world import World
from config.plan import VirtualMachine
from provider.survey.survey import HostSeen, VolumeSeen

IMAGES = ("qcow", "qcow2", "qed", "vdi", "vhd", "vmdk")  # a raw file may be anything


def base_missing(world: World) -> Iterator[Finding]:
    for stack, vm, overlay in _overlays(world):
        host = world.seen[stack][1]
        if overlay.base and (overlay.base_missing or overlay.base in host.gone):
            what = f"its overlay {overlay.path} rests on {overlay.base}, which is missing"
            yield Finding(stack, vm.domain, what, f"put back the very file as it was: {overlay.base}")


def base_other(world: World) -> Iterator[Finding]:
    for stack, vm, overlay in _overlays(world):
        if vm.overlay and overlay.base and PurePosixPath(overlay.base) != PurePosixPath(vm.base_image):
            what = f"its overlay {overlay.path} rests on {overlay.base}, declared is {vm.base_image}"
            mend = f"trop:vms.{vm.name}.baseImage: {overlay.base} in Pulumi.{stack}.yaml, or build it anew (README)"
            yield Finding(stack, vm.domain, what, mend)


def base_written(world: World) -> Iterator[Finding]:
    """A base may only be read.  Known from the times of the files: an overlay is as old as its birth, which libvirt
    seldom knows, and not younger than its own last write."""
    for stack, vm, overlay in _overlays(world):
        written, born = overlay.base_modified, overlay.born or overlay.modified
        if written is not None and born is not None and written > born:
            how = "made" if overlay.born else "last written to itself"
            what = (
                f"the base {overlay.base} of its overlay was written to, after the overlay was {how} at "
                f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(born))} (known from the times of the files)"
            )
            mend = f"put back the very file as it was: {overlay.base}; else the guest's disk is not to be trusted"
            yield Finding(stack, vm.domain, what, mend, since=written)


def base_unused(world: World) -> Iterator[Finding]:
    declared = {vm.base_image for plan in world.rack.plans.values() for vm in plan.vms}
    declared.add(world.rack.fleet.virtual_machines.base_image)
    folders = {str(PurePosixPath(path).parent) for path in declared}
    for stack, (_, host) in world.seen.items():
        used = {path for d in host.domains for side in (d.live, d.config) if side for _, path in side.slots}
        used |= declared | {volume.base for volume in host.volumes if volume.base}
        used |= {path for d in host.domains for xml in (d.live_xml, d.config_xml) for path in _files(xml)}
        for volume in host.volumes if _all_known(host) else ():
            if str(PurePosixPath(volume.path).parent) not in folders or volume.format not in IMAGES:
                continue
            if volume.path not in used:
                what = f"the base image {volume.path} is nobody's: no overlay, VM or declaration known here has it"
                mend = world.virsh(stack, "vol-delete", volume.name, "--pool", volume.pool)
                yield Finding(stack, f"pool {volume.pool}", what, mend, since=volume.modified)


def _files(xml: str | None) -> set[str]:
    """Every file that a domain's XML names: what a disk stands on too, which libvirt tells of one that runs."""
    root = etree.fromstring((xml or "<domain/>").encode())
    return {str(source.get("file")) for source in root.iter("source") if source.get("file")}


def _all_known(host: HostSeen) -> bool:
    """Whether every disk's base can be seen; else a base that looks unused may be that of a disk in no pool."""
    disks = {path for d in host.domains for side in (d.live, d.config) if side for path in side.disks}
    told = all(pool.active for pool in host.pools) and all(
        each.kind in ("host", "network", "leases") for each in host.unread
    )
    return told and disks <= {volume.path for volume in host.volumes}


def _overlays(world: World) -> Iterator[tuple[str, VirtualMachine, VolumeSeen]]:
    """Each disk of a declared VM that rests on a base."""
    for stack, vm, domain in world.vms():
        host = world.seen[stack][1]
        for path in domain.seen.disks:
            overlay = host.volume_at(path)
            if overlay is not None and overlay.base:
                yield stack, vm, overlay
