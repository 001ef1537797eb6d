"""A VM that is made to be a Docker host: its overlay, its cloud-init disk, its domain."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_libvirt as libvirt
from pulumi import Input, ResourceOptions

from components import cloud_init
from components.resources import PROVIDER_VERSION, Domain
from config.plan import Float, VirtualMachine
from config.plan_disks import PlannedDisk

GET_NIC_SETUP: Final = "libvirt:index/getNicSetup:getNicSetup"


@dataclass(frozen=True)
class DockerHostVMArgs:
    """``network_id`` is the UUID of `default`; ``floats`` are those that the VM holds, for its cloud-init disk.

    ``leased``: MAC -> address on `default`, of those that have another one than is planned.  ``left``: paths of files
    that are there though their VM's declaration leaves them out.
    """

    vm: VirtualMachine
    floats: tuple[Float, ...]
    pool: Input[str]
    network_id: Input[str]
    leased: Input[Mapping[str, str] | None] = None
    left: Collection[str] = ()


class DockerHostVM(pulumi.ComponentResource):
    """A qcow2 overlay of the base image, which is only ever read, and a domain with one NIC on `default`.

    Of a VM that was made by other means, only what is declared of it.
    """

    volume: libvirt.Volume | None
    disks: dict[str, libvirt.Volume]
    domain: Domain
    summary: pulumi.Output[dict[str, Any]]

    def __init__(self, name: str, args: DockerHostVMArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("trop:index:DockerHostVM", name, None, opts)
        vm = args.vm
        kept = ResourceOptions(parent=self, protect=vm.protect)
        self.volume = self._overlay(name, args, kept) if vm.overlay else None
        self._leave(name, args)
        self.disks = {disk.label: self._disk(name, args, disk) for disk in vm.disks}
        seed = self._seed(name, args) if vm.seed_disk else None
        self.domain = Domain(
            name,
            name=vm.domain,
            description=vm.description,
            type=vm.domain_type,
            memory=vm.memory,
            vcpu=vm.vcpu,
            cpu=None if vm.cpu is None else libvirt.DomainCpuArgs(mode=vm.cpu),
            autostart=vm.autostart or None,
            running=vm.running or None,
            disks=None if self.volume is None else self._plugged(self.volume, vm),
            network_interfaces=self._nics(args) if vm.nic else None,
            cloudinit=None if seed is None else seed.id,
            opts=kept,
        )
        state, leased = self.domain.state, args.leased
        self.summary = pulumi.Output.all(vm.address, vm.mac, state, leased).apply(
            lambda each: _summary(*each)
        )
        self.register_outputs({"vm": self.summary})

    def _leave(self, name: str, args: DockerHostVMArgs) -> None:
        """What is not declared any more is only read: where this stack has made it, it leaves the stack by that, and
        nothing is deleted, be it protected or not."""
        opts, vm = ResourceOptions(parent=self), args.vm
        for path in args.left:
            if not vm.overlay and posixpath.basename(path) == vm.overlay_file:
                libvirt.Volume.get(name, path, opts=opts)
            if not vm.seed_disk and posixpath.basename(path) == vm.seed_file:
                libvirt.CloudInitDisk.get(name, path, opts=opts)

    @staticmethod
    def _overlay(name: str, args: DockerHostVMArgs, opts: ResourceOptions) -> libvirt.Volume:
        return libvirt.Volume(
            name,
            name=args.vm.overlay_file,
            pool=args.pool,
            format="qcow2",
            base_volume_id=args.vm.base_image,
            opts=opts,
        )

    def _disk(self, name: str, args: DockerHostVMArgs, disk: PlannedDisk) -> libvirt.Volume:
        """Blank when it is made; its name has a dot, so that no other VM's is the same."""
        return libvirt.Volume(
            f"{name}.{disk.label}",
            name=disk.file,
            pool=disk.pool or args.pool,
            format=disk.format,
            size=disk.size,
            opts=ResourceOptions(parent=self, protect=disk.protect),
        )

    def _plugged(self, overlay: libvirt.Volume, vm: VirtualMachine) -> list[libvirt.DomainDiskArgs]:
        """The overlay first: the guest boots from it."""
        others = [self.disks[disk.label] for disk in vm.disks if disk.plugged]
        return [libvirt.DomainDiskArgs(volume_id=volume.id) for volume in (overlay, *others)]

    def _seed(self, name: str, args: DockerHostVMArgs) -> libvirt.CloudInitDisk:
        floats = cloud_init.floats_inside(args.vm, args.floats)
        return libvirt.CloudInitDisk(
            name,
            name=args.vm.seed_file,
            pool=args.pool,
            user_data=cloud_init.user_data(args.vm, [_script(each) for each in floats]),
            meta_data=cloud_init.meta_data(args.vm),
            opts=ResourceOptions(parent=self),
        )

    @staticmethod
    def _nics(args: DockerHostVMArgs) -> list[libvirt.DomainNetworkInterfaceArgs]:
        return [libvirt.DomainNetworkInterfaceArgs(network_id=args.network_id, mac=args.vm.mac)]


def _script(nic: Mapping[str, Any]) -> str:
    """What sets this NIC up in the guest; empty under mocks that know no such function."""
    asked = pulumi.runtime.invoke(GET_NIC_SETUP, dict(nic), pulumi.InvokeOptions(version=PROVIDER_VERSION))
    return str(dict(asked.value or {}).get("script", ""))


def _summary(address: str, mac: str, state: str, leased: Mapping[str, str] | None) -> dict[str, Any]:
    """``address`` as it is planned; ``leased`` is what the VM has, where that is another one."""
    other = (leased or {}).get(mac)
    return {"address": address, "mac": mac, "state": state, **({"leased": other} if other else {})}
