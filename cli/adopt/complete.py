"""What a stack's file would have to say, so that what is there is what is declared.  Pure.

Facts (memory, vCPUs, base image, description) and the form of a VM that was made by other means are taken from the
host; a fault is not: a NIC on `default` that has not the reserved MAC stays a difference.  What the file says already
is never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from cli.adopt import declared
from cli.adopt.compare import as_observed
from cli.adopt.disks import can_be_said, disks_of
from cli.adopt.match import domains_of, volume_in
from config.fleet import CpuMode
from config.plan import Nat, Plan, VirtualMachine
from config.settings import Settings, VmSettings
from provider.domain.read import Domain
from provider.survey.survey import DomainSeen, HostSeen

Additions = dict[str, dict[str, Any]]  # by the VM's name, its new keys as YAML has them


def additions(everything: Plan, settings: Settings, seen: HostSeen) -> Additions:
    """``everything``: the plan in which each slot of the hypervisor has a VM.  A VM that the file does not have yet is
    in the result even where there is nothing to say of it."""
    found, _ = domains_of(everything.vms, seen)
    by_name = {vm.name: vm for vm in everything.vms}
    result: Additions = {}
    for name in sorted(found, key=lambda name: by_name[name].slot):
        own = settings.vms.get(name, VmSettings())
        form = _form(everything, by_name[name], found[name], seen)
        if settings.emulation.memory is not None:
            form.pop("memory", None)
        said = {VmSettings.model_fields[field].alias or field for field in own.model_fields_set}
        new = {key: value for key, value in form.items() if key not in said and can_be_said(key, value)}
        if new or name not in settings.vms:
            result[name] = new
    return result


def _form(plan: Plan, vm: VirtualMachine, domain: DomainSeen, seen: HostSeen) -> dict[str, Any]:
    looked = as_observed(domain, seen, [declared.overlay_path(plan, vm)])
    form: dict[str, Any] = {}
    if domain.name != vm.domain:
        form["domain"] = domain.name
    if looked.seen.description and vm.description is None:
        form["description"] = looked.seen.description
    overlay = _overlay(plan, vm, looked, seen)
    # Declared disks need a declared overlay: of one that is otherwise a preview tells, and changes nothing.
    form |= _size(vm, looked) | _cpu(vm, looked) | ({} if vm.disks and "overlay" in overlay else overlay)
    if vm.overlay and "overlay" not in overlay and (disks := disks_of(plan, vm, domain, seen)):
        form["disks"] = disks
    # A domain that has lost its file is at fault, and the file alone counts.
    seed = declared.seed_path(plan, vm)
    seedless = vm.seed_disk and seed not in looked.seen.cdroms and seen.volume_at(seed) is None
    seedless = seedless and not seen.unread_volumes(plan.storage.name, vm.seed_file)
    lacks = {
        "seedDisk": seedless,
        "nic": vm.nic and not _nic_is_declared(vm, domain, plan.networks.default),
        "autostart": vm.autostart and not domain.autostart,
        "running": vm.running and not looked.running,
    }
    form |= {key: False for key, so in lacks.items() if so}
    return form | _guest(plan, vm, looked, seedless)


def _size(vm: VirtualMachine, looked: Domain) -> dict[str, Any]:
    """What it starts with: that it may have more is not declared.  An import takes that as it is, too."""
    seen = looked.seen
    if not isinstance(seen.memory, int):
        return {"size": False}  # no whole MiB: it can't be declared
    memory = seen.current_memory if isinstance(seen.current_memory, int) else seen.memory
    there = {"memory": memory, "vcpu": seen.current_vcpu}
    return {key: value for key, value in there.items() if getattr(vm, key) not in (None, value)}


def _cpu(vm: VirtualMachine, looked: Domain) -> dict[str, Any]:
    """What its processors are, where one is declared for all; that they are not, where they are of a model."""
    mode = looked.seen.cpu_mode
    return {} if vm.cpu in (None, mode) else {"cpu": mode if mode in get_args(CpuMode) else False}


def _overlay(plan: Plan, vm: VirtualMachine, looked: Domain, seen: HostSeen) -> dict[str, Any]:
    """Its base image, or that its disks are of another kind.  Of a pool that is stopped, or of a file that could not be
    read, nothing is known."""
    path = declared.overlay_path(plan, vm)
    if not vm.overlay or seen.unread_volumes(plan.storage.name, vm.overlay_file):
        return {}
    active = any(pool.name == plan.storage.name and pool.active for pool in seen.pools)
    if path not in looked.seen.disks:
        return {"overlay": False}
    volume = volume_in(plan, seen, path)
    if volume is None:
        return {"overlay": False} if active else {}
    if volume.format != "qcow2" or volume.base is None or not can_be_said("baseImage", volume.base):
        return {"overlay": False}
    return {} if volume.base == vm.base_image else {"baseImage": volume.base}


def _nic_is_declared(vm: VirtualMachine, domain: DomainSeen, default: Nat) -> bool:
    """It is where its MAC is on `default`, and also where another MAC is there in its place, which is a fault."""
    mine = [n for n in domain.nics if n.mac == vm.mac]
    if mine:
        return any(n.network == default.name for n in mine)
    return any(
        n.network == default.name or (not n.network and n.bridge == default.bridge) for n in domain.nics
    )


def _guest(plan: Plan, vm: VirtualMachine, looked: Domain, seedless: bool) -> dict[str, Any]:
    """Who sets a float up inside: not a seed disk that it has not, and no agent without a channel to it."""
    if seedless and vm.guest == "cloud-init":
        return {"guest": "agent" if looked.seen.agent else "none"}
    if vm.guest == "agent" and plan.floats_of(vm.name) and not looked.seen.agent:
        return {"guest": "none"}
    return {}


def merged(settings: Mapping[str, Any], new: Additions, key: str = "vms") -> dict[str, Any]:
    """A stack's ``trop:`` settings with these additions, as its file would have them; ``key`` is that of the VMs."""
    vms = dict(settings.get(key) or {})
    return {**settings, key: vms | {name: {**(vms.get(name) or {}), **own} for name, own in new.items()}}
