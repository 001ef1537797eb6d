"""What trop02 declares, a host that has all of it, and what is found of one object."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import config
from cli.adopt.compare import Comparison
from config.plan import Plan, VirtualMachine
from provider.survey.survey import HostSeen
from tests.cli import hosts
from tests.config import fleets

FLOAT1, FLOAT2 = "52:54:00:00:01:00", "52:54:00:00:01:01"
STRANGER = "52:54:00:99:00:01"


def plan_of(**vms: dict[str, Any]) -> Plan:
    """trop02's fleet with these VMs, none with a seed disk."""
    own = {name: {"seedDisk": False, **said} for name, said in {"Acilamwen": {}, **vms}.items()}
    return config.load("trop02", {"vms": own}, fleets.ROOT, fleets.STACK_FILE)


def all_there(plan: Plan, **changes: Any) -> HostSeen:
    domains = []
    for vm in plan.vms:
        nics = [hosts.nic(held.mac, "bridged") for held in plan.floats_of(vm.name)]
        domains.append(hosts.whole(plan, vm, *nics))
    volumes = [hosts.overlay(plan, vm) for vm in plan.vms]
    return replace(hosts.host(domains, volumes), **changes)


def vm_of(plan: Plan, name: str) -> VirtualMachine:
    return next(vm for vm in plan.vms if vm.name == name)


def of(result: Comparison, what: str) -> list[tuple[str, str, str]]:
    return [(d.what, d.declared, d.found) for d in result.differs if d.object == what]
