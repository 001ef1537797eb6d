"""Asking guests for what runs in them, and what they lack of the recipe: of declared VMs whose agent has answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import config
from cli.rack import Rack
from components.services import files
from config.plan import VirtualMachine
from provider.errors import OperatorError
from provider.virt import errors, guest_store
from provider.virt.guest_addresses import Inside
from provider.virt.guest_agent import Agent
from provider.virt.guest_store import Told
from provider.virt.host import Host
from provider.virt.nic_apply import SystemClock
from provider.virt.survey import HostSeen

AT_ONCE = 8  # guests of one hypervisor


def told(
    declared: Rack,
    hosts: Mapping[str, HostSeen | OperatorError],
    guests: Mapping[str, Mapping[str, Inside]],
) -> dict[str, dict[str, Told]]:
    """By hypervisor and domain; what could not be asked is not in it."""
    found = {}
    for stack, inside in guests.items():
        seen = hosts[stack]
        vms = [vm for vm in _asked(declared.plans[stack]) if inside.get(vm.domain, Inside()).agent]
        if isinstance(seen, HostSeen) and vms:
            found[stack] = dict(_of_host(seen, vms))
    return found


def _asked(plan: config.Plan) -> list[VirtualMachine]:
    """Those of which anything is declared: services, or packages."""
    return [vm for vm in plan.vms if vm.services is not None or vm.recipe.software.packages]


def _of_host(seen: HostSeen, vms: list[VirtualMachine]) -> Iterator[tuple[str, Told]]:
    try:
        host = Host.open(seen.uri)
    except OperatorError:
        return
    try:
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            for vm, said in zip(vms, pool.map(lambda vm: _ask(host, vm), vms), strict=True):
                if said is not None:
                    yield vm.domain, said
    finally:
        host.close()


def _ask(host: Host, vm: VirtualMachine) -> Told | None:
    try:
        domain = host.domain_by_name(vm.domain)
        if domain is None:
            return None
        return guest_store.read(Agent(domain, SystemClock()), files.reading(vm.recipe))
    except (OperatorError, errors.VirtError):
        return None
