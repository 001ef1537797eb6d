"""The host looked at before anything is declared on it: what it lacks is told at once, and each of it once."""

from __future__ import annotations

from typing import Any, Final

import pulumi

from components.resources import PROVIDER_VERSION
from config.plan import Plan

GET_HOST: Final = "libvirt:index/getHost:getHost"


def look(plan: Plan) -> None:
    """Tell what is missing, and that guests are emulated where nobody has said so.

    It is no more than a look: the resource that needs what is missing fails.
    """
    asked = pulumi.runtime.invoke(GET_HOST, needs(plan), pulumi.InvokeOptions(version=PROVIDER_VERSION))
    seen, host = dict(asked.value or {}), plan.hypervisor.name  # empty under mocks that know no such function
    for line in seen.get("lacks", []):
        pulumi.log.warn(line)
    if not seen.get("kvm", True) and any(vm.domain_type is None for vm in plan.vms):
        pulumi.log.info(
            f"{host} has no KVM: its guests are emulated, which is slow; "
            "trop:emulation: {domainType: qemu} in its file says that this is meant, and ends this note"
        )


def needs(plan: Plan) -> dict[str, Any]:
    """What the host must have by itself: its bridge, the base image of each new overlay, pools that are not ours."""
    return {
        "bridges": [plan.networks.bridged.bridge],
        "pools": sorted({disk.pool for vm in plan.vms for disk in vm.disks if disk.pool is not None}),
        "overlays": [
            {"pool": plan.storage.name, "name": vm.overlay_file, "base": vm.base_image}
            for vm in plan.vms
            if vm.overlay
        ],
    }
