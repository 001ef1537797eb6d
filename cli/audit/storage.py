"""Faults of overlays and base images, and of what stands on the declared disks; told only where the files are known."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from lxml import etree

from cli.audit import vms
from cli.audit.finding import Finding
from cli.audit.world import World
from config.plan import Plan, VirtualMachine
from provider.host.disk_files import Chain, chains
from provider.storage import snapshots
from provider.storage.chain import unsaid
from provider.storage.volume_facts import PULLED
from provider.survey.survey import DomainSeen, HostSeen, VolumeSeen

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
        if any(_is_unlisted(host, base) for base in used):
            continue  # it may have been given another name under those who run on it
        for volume in host.volumes if _all_known(host) else ():
            if str(PurePosixPath(volume.path).parent) not in folders or volume.format not in IMAGES:
                continue
            if volume.path not in used:
                what = f"the base image {volume.path} is nobody's: no overlay, VM or declaration known here has it"
                mend = world.virsh(stack, "vol-delete", volume.name, "--pool", volume.pool)
                yield Finding(stack, f"pool {volume.pool}", what, mend, since=volume.modified)


def snapshot(world: World) -> Iterator[Finding]:
    for stack, vm, domain in world.vms():
        plan, host = world.seen[stack]
        for each in snapshots.above(_chains(world, stack, domain), declared_files(plan, vm)):
            runs = domain.live is not None
            line = snapshots.commit(host.uri, domain.name, each)
            mend = line if runs else f"{_start(world, stack, vm, domain)} && {line}"
            what = snapshots.stands(domain.name, each, runs).partition(": ")[2]
            yield Finding(stack, domain.name, what, mend)


def disk_other(world: World) -> Iterator[Finding]:
    for stack, vm, domain in world.vms():
        plan, host = world.seen[stack]
        slots, found = (domain.live or domain.seen).slots, _chains(world, stack, domain)
        for each in snapshots.instead(slots, found, _places(plan, host, vm, slots, found)):
            runs = domain.live is not None
            mend = snapshots.back(host.uri, domain.name, each) if runs else _start(world, stack, vm, domain)
            what = snapshots.replaced(domain.name, each, runs).partition(": ")[2]
            yield Finding(stack, domain.name, f"its {what}", mend)


def _places(
    plan: Plan,
    host: HostSeen,
    vm: VirtualMachine,
    slots: Collection[tuple[str, str]],
    found: Collection[Chain],
) -> dict[str, str]:
    """Where a declared file belongs that is there and in no disk, as far as it can be told without the state: a guest
    boots from its overlay, its first disk; and one other disk that nobody declares is in the place of the one file."""
    overlay = f"{plan.storage.path}/{vm.overlay_file}"
    if not slots:
        return {}
    first = next(iter(slots))[0]
    places = {overlay: first} if vm.overlay and host.volume_at(overlay) is not None else {}
    reached = {path for chain in found for path in chain.files}
    plugged = {f"{plan.storage.path}/{disk.file}" for disk in vm.disks if disk.plugged and disk.pool is None}
    left = [path for path in plugged - reached if host.volume_at(path) is not None]
    strange = [c.target for c in found if c.target != first and not declared_files(plan, vm) & set(c.files)]
    return places | (dict(zip(left, strange, strict=True)) if len(left) == len(strange) == 1 else {})


def overlay_pulled(world: World) -> Iterator[Finding]:
    """Nothing is lost by it; but the declaration says otherwise."""
    for stack, vm, domain in world.vms():
        plan, host = world.seen[stack]
        path = f"{plan.storage.path}/{vm.overlay_file}"
        volume = host.volume_at(path)
        if (
            vm.overlay
            and volume is not None
            and volume.base is None
            and path in _chain_files(world, stack, domain)
        ):
            what = (
                f"its overlay {path} rests on no base image any more (declared is {vm.base_image}): {PULLED}"
            )
            mend = f"trop:vms.{vm.name}.overlay: false in Pulumi.{stack}.yaml; the disk stays as it is"
            yield Finding(stack, domain.name, what, "nothing" if vm.disks else mend)


def format_unsaid(world: World) -> Iterator[Finding]:
    """libvirt does not start a guest with such a disk, and goes on with one that runs."""
    for stack, vm, domain in world.vms():
        runs, stopped = domain.live is not None, vms.kept_off(world, stack, domain) and vm.running
        for target, links in world.links(stack, domain.name).items():
            for link in unsaid(links):
                base, starts = str(link.base), "does not start" if stopped else "would not start"
                what = (
                    f"its disk {link.path} does not say which format its base {base} has, which itself stands on a "
                    f"file: the guest{', which is declared to run,' if stopped else ''} {starts}"
                )
                there = f"on the hypervisor: {snapshots.rebase(link.path, base)}"
                pull = snapshots.pull(world.seen[stack][1].uri, domain.name, target, base)
                mend = f"{pull} (once it is shut off, {there})" if runs and link is links[0] else there
                then = f", then: {vms.going(world, stack, domain)}" if stopped else ""
                yield Finding(stack, domain.name, what, f"{mend}{then}")


def block_job(world: World) -> Iterator[Finding]:
    for stack, vm, domain in world.vms():
        ours = declared_files(world.seen[stack][0], vm)
        for chain in chains(domain.live_xml or "<domain/>"):
            if chain.job and ours & set(chain.files):
                what = f"a block job ({chain.job}) writes its {chain.target} to {chain.to}"
                mend = world.virsh(stack, "blockjob", domain.name, chain.target, "--info")
                yield Finding(stack, domain.name, what, mend)


def _start(world: World, stack: str, vm: VirtualMachine, domain: DomainSeen) -> str:
    """As it is told of one that is declared to run, and does not: typed twice, the line does its work all the same."""
    return vms.going(world, stack, domain) if vm.running else world.virsh(stack, "start", domain.name)


def declared_files(plan: Plan, vm: VirtualMachine) -> set[str]:
    """Of the plan's own pool; the folder of another one is the host's to know."""
    disks = {f"{plan.storage.path}/{disk.file}" for disk in vm.disks if disk.pool is None}
    return {f"{plan.storage.path}/{vm.overlay_file}", *disks}


def _chain_files(world: World, stack: str, domain: DomainSeen) -> set[str]:
    return {path for chain in _chains(world, stack, domain) for path in chain.files}


def _chains(world: World, stack: str, domain: DomainSeen) -> list[Chain]:
    """As libvirt tells them; of a disk of which it says less than the headers do, by these."""
    found = []
    for chain in chains(domain.live_xml or domain.config_xml or "<domain/>"):
        links = world.links(stack, domain.name).get(chain.target, ())
        below = max(chain.below, tuple(link.path for link in links[1:]), key=len)
        found.append(Chain(chain.target, chain.path, below, chain.whole))
    return found


def _files(xml: str | None) -> set[str]:
    """Every file that a domain's XML names: what a disk stands on too, which libvirt tells of one that runs."""
    root = etree.fromstring((xml or "<domain/>").encode())
    return {str(source.get("file")) for source in root.iter("source") if source.get("file")}


def _is_unlisted(host: HostSeen, path: str) -> bool:
    """Whether an active pool has its folder, and lists all of the files there but that."""
    pools = [pool.name for pool in host.pools_of(path) if pool.kind == "dir"]
    return bool(pools) and host.volume_at(path) is None and not any(map(host.unread_volumes, pools))


def _all_known(host: HostSeen) -> bool:
    """Whether every disk's base can be seen; else a base that looks unused may be that of a disk in no pool."""
    disks = {path for d in host.domains for side in (d.live, d.config) if side for path in side.disks}
    told = all(pool.active for pool in host.pools) and all(
        each.kind in ("host", "network", "leases") for each in host.unread
    )
    return told and disks <= {volume.path for volume in host.volumes}


def _overlays(world: World) -> Iterator[tuple[str, VirtualMachine, VolumeSeen]]:
    """Each disk of a declared VM that rests on a base; of one under a snapshot, the declared file."""
    for stack, vm, domain in world.vms():
        plan, host = world.seen[stack]
        for path in host.known(domain.seen, declared_files(plan, vm)).disks:
            overlay = host.volume_at(path)
            if overlay is not None and overlay.base:
                yield stack, vm, overlay
