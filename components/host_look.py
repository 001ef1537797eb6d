"""The host looked at before anything is declared on it: what it lacks is told at once, and each of it once."""

from __future__ import annotations

from typing import Any, Final

import pulumi

from components.resources import PROVIDER_VERSION
from config.plan import Plan

GET_HOST: Final = "libvirt:index/getHost:getHost"


def look(plan: Plan) -> None:
    """Tell what is missing, and that guests are emulated where nobody has said so.

    That is no more than a look: the resource that needs what is missing fails.  `pulumi.RunError` on a host that is
    another stack's hypervisor: its networks would become this one's.
    """
    asked = pulumi.runtime.invoke(GET_HOST, needs(plan), pulumi.InvokeOptions(version=PROVIDER_VERSION))
    seen, host = dict(asked.value or {}), plan.hypervisor.name  # empty under mocks that know no such function
    _refuse_anothers(plan, dict(seen.get("networks", {})))
    for line in seen.get("lacks", []):
        pulumi.log.warn(line)
    if not seen.get("kvm", True) and any(vm.domain_type is None for vm in plan.vms):
        pulumi.log.info(
            f"{host} has no KVM: its guests are emulated, which is slow; "
            "trop:emulation: {domainType: qemu} in its file says that this is meant, and ends this note"
        )


def _refuse_anothers(plan: Plan, networks: dict[str, str]) -> None:
    """``networks``: the name of each that has one of the MACs that were asked for."""
    theirs = [(mac, name) for mac, name in networks.items() if mac in plan.others]
    if theirs and plan.networks.default.mac not in networks:
        (mac, name), stack = theirs[0], plan.stack
        raise pulumi.RunError(
            f"this libvirt is the hypervisor of {plan.others[mac]}, not of {stack}: its network {name} has the MAC "
            f"{mac}, which is the one of {plan.others[mac]}; to say where {stack} is: ./trop config {stack} set "
            f"libvirt:uri qemu+ssh://root@{stack}/system"
        )


def needs(plan: Plan) -> dict[str, Any]:
    """What the host must have by itself: its bridge, the base image of each new overlay, pools that are not ours."""
    return {
        "macs": [plan.networks.default.mac, *plan.others],
        "bridges": [plan.networks.bridged.bridge],
        "pools": sorted({disk.pool for vm in plan.vms for disk in vm.disks if disk.pool is not None}),
        "overlays": [
            {"pool": plan.storage.name, "name": vm.overlay_file, "base": vm.base_image}
            for vm in plan.vms
            if vm.overlay
        ],
    }
