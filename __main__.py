"""A hypervisor as declared: its networks, its storage, its VMs, the floats that they hold, and their services."""

import pulumi

from components.docker_host_vm import DockerHostVM, DockerHostVMArgs
from components.docker_services import deploy, outputs
from components.floating_ip import FloatingIP, FloatingIPArgs
from components.hypervisor_networks import HypervisorNetworks, HypervisorNetworksArgs
from components.hypervisor_storage import HypervisorStorage, HypervisorStorageArgs
from components.program import export, leave_quietly_on_interrupt, planned, secrets

leave_quietly_on_interrupt()
plan = planned()
host = plan.hypervisor.name

networks = HypervisorNetworks(host, HypervisorNetworksArgs(plan.networks))
storage = HypervisorStorage(host, HypervisorStorageArgs(plan.storage))
pool, default = storage.pool.name, networks.default
vms = {
    vm.name: DockerHostVM(
        vm.name, DockerHostVMArgs(vm, plan.floats_of(vm.name), pool, default.id, default.other_leases)
    )
    for vm in plan.vms
}
floats = {
    held.label: FloatingIP(
        held.label, FloatingIPArgs(held, vms[held.holder].domain.id, networks.bridged.name)
    )
    for held in plan.floats
}
services = deploy(plan, vms, floats, secrets(plan))

pulumi.export("vms", {name: vm.summary for name, vm in vms.items()})
pulumi.export("floats", {label: held.summary for label, held in floats.items()})
export({"networks": networks.summary, **outputs(services)})
