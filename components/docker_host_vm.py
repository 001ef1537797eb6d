"""A VM that is made to be a Docker host: its overlay, its cloud-init disk, its domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_libvirt as libvirt
from pulumi import Input, ResourceOptions

from components import cloud_init
from components.resources import Domain
from config.plan import Float, VirtualMachine


@dataclass(frozen=True)
class DockerHostVMArgs:
    """``network_id`` is the UUID of `default`; ``floats`` are those that the VM holds, for its cloud-init disk."""

    vm: VirtualMachine
    floats: tuple[Float, ...]
    pool: Input[str]
    network_id: Input[str]


class DockerHostVM(pulumi.ComponentResource):
    """A qcow2 overlay of the base image, which is only ever read, and a domain with one NIC on `default`."""

    volume: libvirt.Volume
    domain: Domain
    summary: pulumi.Output[dict[str, Any]]

    def __init__(self, name: str, args: DockerHostVMArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("trop:index:DockerHostVM", name, None, opts)
        vm = args.vm
        kept = ResourceOptions(parent=self, protect=vm.protect)
        self.volume = libvirt.Volume(
            name,
            name=f"{vm.name}.qcow",
            pool=args.pool,
            format="qcow2",
            base_volume_id=vm.base_image,
            opts=kept,
        )
        seed = libvirt.CloudInitDisk(
            name,
            name=f"{vm.name}-seed.iso",
            pool=args.pool,
            user_data=cloud_init.user_data(vm),
            meta_data=cloud_init.meta_data(vm),
            network_config=cloud_init.network_config(vm, args.floats),
            opts=ResourceOptions(parent=self),
        )
        self.domain = Domain(
            name,
            name=vm.name,
            description=vm.description,
            type=vm.domain_type,
            memory=vm.memory,
            vcpu=vm.vcpu,
            autostart=True,
            running=True,
            disks=[libvirt.DomainDiskArgs(volume_id=self.volume.id)],
            network_interfaces=[libvirt.DomainNetworkInterfaceArgs(network_id=args.network_id, mac=vm.mac)],
            cloudinit=seed.id,
            opts=kept,
        )
        self.summary = pulumi.Output.all(address=vm.address, mac=vm.mac, state=self.domain.state)
        self.register_outputs({"vm": self.summary})
