"""Asking guests for what runs in them, and what they lack of the recipe: of declared VMs whose agent has answered."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor

import config
from components.services import files
from config.plan import VirtualMachine
from provider.connection import errors
from provider.errors import OperatorError
from provider.guest import store as guest_store
from provider.guest.addresses import Inside
from provider.guest.agent import Agent
from provider.guest.store import Told
from provider.host.clock import SystemClock
from provider.host.host import Host


def told(host: Host, plan: config.Plan, guests: Mapping[str, Inside], pool: Executor) -> dict[str, Told]:
    """By domain, as ``guests`` are; what could not be asked is not in it."""
    declared = (vm for vm in plan.vms if vm.services is not None or vm.recipe.software.packages)
    vms = [vm for vm in declared if guests.get(vm.domain, Inside()).agent]
    said = zip(vms, pool.map(lambda vm: _ask(host, vm), vms), strict=True)
    return {vm.domain: each for vm, each in said if each is not None}


def _ask(host: Host, vm: VirtualMachine) -> Told | None:
    try:
        domain = host.domain_by_name(vm.domain)
        if domain is None:
            return None
        return guest_store.read(Agent(domain, SystemClock()), files.reading(vm.recipe))
    except (OperatorError, errors.VirtError):
        return None
