"""What the program declares of a plan, in the provider's terms: types, names and properties.  Pure.

A test holds that it is what the program registers, resource by resource.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from components import cloud_init
from config.plan import Float, Plan, VirtualMachine
from config.plan_disks import PlannedDisk
from provider.resource.base import COMPUTED

NETWORK: Final = "libvirt:index/network:Network"
POOL: Final = "libvirt:index/pool:Pool"
VOLUME: Final = "libvirt:index/volume:Volume"
SEED: Final = "libvirt:index/cloudInitDisk:CloudInitDisk"
DOMAIN: Final = "libvirt:index/domain:Domain"
INTERFACE: Final = "libvirt:index/interface:Interface"

NETWORKS: Final = "trop:index:HypervisorNetworks"
STORAGE: Final = "trop:index:HypervisorStorage"
VM: Final = "trop:index:DockerHostVM"
FLOAT: Final = "trop:index:FloatingIP"

Key = tuple[str, str]  # type and name of a resource; no two of a stack have the same
Ids = Mapping[Key, str]


@dataclass(frozen=True)
class Declared:
    """One resource; ``parent`` is the component it hangs from, ``what`` the object in an operator's words."""

    key: Key
    parent: Key
    what: str
    inputs: dict[str, Any]


def resources(plan: Plan, ids: Ids) -> Iterator[Declared]:
    """In the order of the program.  ``ids``: what is on the host already; the ID of anything else is not known yet."""
    yield from _networks(plan)
    yield from _pool(plan)
    for vm in plan.vms:
        yield from _vm(plan, vm, ids)
    for held in plan.floats:
        yield _float(plan, held, ids)


def overlay_path(plan: Plan, vm: VirtualMachine) -> str:
    return f"{plan.storage.path}/{vm.overlay_file}"


def seed_path(plan: Plan, vm: VirtualMachine) -> str:
    return f"{plan.storage.path}/{vm.seed_file}"


def disk_key(vm: VirtualMachine, disk: PlannedDisk) -> Key:
    return VOLUME, f"{vm.name}.{disk.label}"


def network_key(plan: Plan, name: str) -> Key:
    return NETWORK, f"{plan.hypervisor.name}-{name}"


def pool_key(plan: Plan) -> Key:
    return POOL, f"{plan.hypervisor.name}-{plan.storage.name}"


def _networks(plan: Plan) -> Iterator[Declared]:
    parent = NETWORKS, plan.hypervisor.name
    bridged, nat = plan.networks.bridged, plan.networks.default
    yield Declared(
        network_key(plan, bridged.name),
        parent,
        f"network {bridged.name}",
        {"name": bridged.name, "mode": "bridge", "bridge": bridged.bridge, "autostart": True}
        | {"ipv6": bridged.ipv6},
    )
    yield Declared(
        network_key(plan, nat.name),
        parent,
        f"network {nat.name}",
        {
            "name": nat.name,
            "mode": "nat",
            "bridge": nat.bridge,
            "autostart": True,
            "ipv6": nat.ipv6,
            "addresses": [nat.network],
            "dhcp": {"enabled": True},
            "natPorts": {"start": nat.nat_ports[0], "end": nat.nat_ports[1]},
            "stp": nat.stp,
            "delay": nat.delay,
            "mac": nat.mac,
            "dhcpRanges": [{"start": nat.dhcp_range[0], "end": nat.dhcp_range[1]}],
            "dhcpHosts": [{"mac": r.mac, "ip": r.address, "name": r.name} for r in nat.reservations],
        },
    )


def _pool(plan: Plan) -> Iterator[Declared]:
    host, pool = plan.hypervisor.name, plan.storage
    yield Declared(
        pool_key(plan),
        (STORAGE, host),
        f"pool {pool.name}",
        {"name": pool.name, "type": "dir", "path": pool.path},
    )


def _vm(plan: Plan, vm: VirtualMachine, ids: Ids) -> Iterator[Declared]:
    parent, pool = (VM, vm.name), plan.storage.name
    if vm.overlay:
        overlay = {"name": vm.overlay_file, "pool": pool, "format": "qcow2", "baseVolumeId": vm.base_image}
        yield Declared((VOLUME, vm.name), parent, f"overlay {vm.overlay_file}", overlay)
    for disk in vm.disks:
        made = {"name": disk.file, "pool": disk.pool or pool, "format": disk.format, "size": disk.size}
        yield Declared(disk_key(vm, disk), parent, f"disk {disk.file}", made)
    if vm.seed_disk:
        seed = {
            "name": vm.seed_file,
            "pool": pool,
            "userData": cloud_init.user_data(vm),
            "metaData": cloud_init.meta_data(vm),
            "networkConfig": cloud_init.network_config(vm, plan.floats_of(vm.name)),
        }
        yield Declared((SEED, vm.name), parent, f"seed disk {vm.seed_file}", seed)
    yield Declared((DOMAIN, vm.name), parent, f"VM {vm.name}", _domain(plan, vm, ids))


def _domain(plan: Plan, vm: VirtualMachine, ids: Ids) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": vm.domain,
        "description": vm.description,
        "type": vm.domain_type,
        "memory": vm.memory,
        "vcpu": vm.vcpu,
        "autostart": vm.autostart or None,
        "running": vm.running or None,
    }
    inputs = {key: value for key, value in said.items() if value is not None}
    if vm.overlay:
        inputs["disks"] = [
            {"volumeId": ids.get((VOLUME, vm.name), overlay_path(plan, vm))},
            *({"volumeId": ids.get(disk_key(vm, d), _disk_path(plan, d))} for d in vm.disks if d.plugged),
        ]
    if vm.nic:
        network = ids.get(network_key(plan, plan.networks.default.name), COMPUTED)
        inputs["networkInterfaces"] = [{"networkId": network, "mac": vm.mac}]
    if vm.seed_disk:
        inputs["cloudinit"] = ids.get((SEED, vm.name), seed_path(plan, vm))
    return inputs


def _disk_path(plan: Plan, disk: PlannedDisk) -> Any:
    """Where its file will be; only the host knows the folder of another pool than the stack's."""
    return f"{plan.storage.path}/{disk.file}" if disk.pool is None else COMPUTED


def _float(plan: Plan, held: Float, ids: Ids) -> Declared:
    inputs: dict[str, Any] = {
        "domain": ids.get((DOMAIN, held.holder), COMPUTED),
        "network": plan.networks.bridged.name,
        "mac": held.mac,
        "model": "virtio",
        "forbiddenMacs": list(held.forbidden_macs),
        "guest": held.guest,
        "addresses": [f"{held.address}/{held.prefix}"],
    }
    if held.gateway is not None:
        inputs |= {"gateway": held.gateway, "metric": held.metric}
    what = f"{held.label} of {held.holder}"
    return Declared((INTERFACE, held.label), (FLOAT, held.label), what, inputs)
