"""What the program declares of a plan: types, names and properties, as it registers them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from config.plan import Plan, VirtualMachine
from config.plan_disks import PlannedDisk
from engine.state import urns

NETWORK: Final = "libvirt:index/network:Network"
POOL: Final = "libvirt:index/pool:Pool"
VOLUME: Final = "libvirt:index/volume:Volume"
SEED: Final = "libvirt:index/cloudInitDisk:CloudInitDisk"
DOMAIN: Final = "libvirt:index/domain:Domain"
INTERFACE: Final = "libvirt:index/interface:Interface"

NETWORKS: Final = "trop:index:HypervisorNetworks"
STORAGE: Final = "trop:index:HypervisorStorage"
VM: Final = "trop:index:DockerHostVM"

# How an operator reads the properties of one resource; what the SDK sends has no order.
ORDER: Final = (
    *("name", "description", "type", "memory", "vcpu", "cpu", "autostart", "running"),
    *("disks", "networkInterfaces", "networkId", "start"),
)

Key = tuple[str, str]  # type and name of a resource; no two of a stack have the same
Ids = Mapping[Key, str]


@dataclass(frozen=True)
class Declared:
    """One resource; ``parent`` is the component it hangs from, ``what`` the object in an operator's words."""

    key: Key
    parent: Key
    what: str
    inputs: dict[str, Any]


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


def resources(plan: Plan, ids: Ids) -> Iterator[Declared]:
    """In the order of the program.  ``ids``: what is on the host already; the ID of anything else is not known yet."""
    import pulumi  # takes time to load, and an audit needs no more of this module than the names

    from cli import registered
    from provider.protocol import wire

    folders = {plan.storage.name: plan.storage.path}

    def id_of(request: Any) -> str:
        """Of a file where it will be; only the host knows the folder of another pool than the stack's."""
        inputs = request.object
        folder = folders.get(inputs["pool"]) if request.type in (VOLUME, SEED) else None
        return ids.get((request.type, request.name), f"{folder}/{inputs['name']}" if folder else "")

    order: list[Key] = []  # what a resource needs is registered before it, whatever the program's order

    def program() -> None:
        pulumi.runtime.register_stack_transformation(lambda made: order.append((made.type_, made.name)))
        _components(plan)

    monitor = registered.Monitor("trop", plan.stack, id_of)
    registered.run(program, monitor)
    asked = {(r.type, r.name): r for r in monitor.requests if r.custom}
    for key in order:
        if key in asked:
            parent, inputs = asked[key].parent, _in_order(wire.load(asked[key].object)[0])
            above = urns.type_of(parent), urns.name_of(parent)
            yield Declared(key, above, _what(plan, key, inputs), inputs)


def _in_order(value: Any) -> Any:
    if isinstance(value, list):
        return [_in_order(part) for part in value]
    if not isinstance(value, dict):
        return value
    keys = sorted(value, key=lambda key: (ORDER.index(key) if key in ORDER else len(ORDER), key))
    return {key: _in_order(value[key]) for key in keys}


def _components(plan: Plan) -> None:
    """As the program has them, but for what is in the guests: that is not taken over."""
    from components.docker_host_vm import DockerHostVM, DockerHostVMArgs
    from components.floating_ip import FloatingIP, FloatingIPArgs
    from components.hypervisor_networks import HypervisorNetworks, HypervisorNetworksArgs
    from components.hypervisor_storage import HypervisorStorage, HypervisorStorageArgs

    host, vms = plan.hypervisor.name, dict[str, DockerHostVM]()
    networks = HypervisorNetworks(host, HypervisorNetworksArgs(plan.networks))
    pool = HypervisorStorage(host, HypervisorStorageArgs(plan.storage)).pool
    for vm in plan.vms:
        args = DockerHostVMArgs(vm, plan.floats_of(vm.name), pool.name, networks.default.id)
        vms[vm.name] = DockerHostVM(vm.name, args)
    for held in plan.floats:
        FloatingIP(held.label, FloatingIPArgs(held, vms[held.holder].domain.id, networks.bridged.name))


def _what(plan: Plan, key: Key, inputs: Mapping[str, Any]) -> str:
    token, name = key
    if token == INTERFACE:
        return f"{name} of {next(held.holder for held in plan.floats if held.label == name)}"
    if token == DOMAIN:
        return f"VM {name}"
    kinds = {
        NETWORK: "network",
        POOL: "pool",
        VOLUME: "disk" if "." in name else "overlay",
        SEED: "seed disk",
    }
    return f"{kinds[token]} {inputs['name']}"
