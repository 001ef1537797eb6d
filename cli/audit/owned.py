"""Whose a declared object is: the stack's, where its state has it or it was made by this stack, or nobody's yet.

A float's NIC has no mark of its own: whether an `up` moves one that is in the wrong VM, the state alone tells.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from cli import live
from cli.adopt import declared, export
from cli.words.command_line import choose_engine
from config.plan import Plan
from provider.errors import OperatorError
from provider.resource.mark import uuid_of
from provider.resource.names import UUID
from provider.survey.survey import HostSeen

PROJECT = "trop"


def mark(stack: str, parent: str, key: declared.Key) -> str:
    """The UUID with which the stack makes the object, below its component."""
    return uuid_of(f"urn:pulumi:{stack}::{PROJECT}::{parent}${key[0]}::{key[1]}")


def pool_mark(plan: Plan) -> str:
    return mark(plan.stack, declared.STORAGE, declared.pool_key(plan))


def objects(plan: Plan, seen: HostSeen) -> Iterator[tuple[str, str, str]]:
    """Each declared object that is there by its name: what it is, its UUID, and the one that the stack would give."""
    for name in (plan.networks.bridged.name, plan.networks.default.name):
        if network := seen.network(name):
            key = declared.network_key(plan, name)
            yield f"network {name}", network.uuid, mark(plan.stack, declared.NETWORKS, key)
    if pool := seen.pool(plan.storage.name):
        yield f"pool {pool.name}", pool.uuid, pool_mark(plan)
    for vm in plan.vms:
        if domain := seen.domain(vm.domain):
            made = mark(plan.stack, declared.VM, (declared.DOMAIN, vm.name))
            yield f"VM {vm.domain}", domain.uuid, made


def foreign(plan: Plan, seen: HostSeen, held: Collection[str]) -> dict[str, str]:
    """Those that the stack has neither made nor in its state (``held``: the UUIDs there), by UUID."""
    return {uuid: what for what, uuid, made in objects(plan, seen) if uuid not in held and uuid != made}


def held(
    plans: Mapping[str, Plan], hosts: Mapping[str, HostSeen | OperatorError], *, lab: bool
) -> dict[str, frozenset[str]]:
    """What the states have, of the stacks on whose hosts something is that they have not made, or that have to do with
    a float in the wrong VM; all asked at once."""
    seen = {stack: host for stack, host in hosts.items() if isinstance(host, HostSeen)}
    astray = set(_astray(plans, seen))
    stacks = [s for s, h in seen.items() if s in astray or foreign(plans[s], h, ())]
    if lab:  # those that have a state: to ask for one would make it
        from cli.lab.stack import bare_lab, has_stack  # the lab's modules take time to load

        stacks = [stack for stack in stacks if has_stack(bare_lab(stack).state, stack)]
    engine = choose_engine("")
    known = live.at_once(lambda stack: export.known(stack, engine, lab=lab)[0], stacks)
    return {stack: frozenset(_of_libvirt(each.ids)) for stack, each in known.items()}


def _of_libvirt(ids: Mapping[str, str]) -> Iterator[str]:
    """Without those of providers, which are UUIDs of nothing that a host has."""
    yield from (id for place, id in ids.items() if not place.startswith("pulumi:"))


def _astray(plans: Mapping[str, Plan], seen: Mapping[str, HostSeen]) -> Iterator[str]:
    """The stacks on whose host a VM has a float's NIC that is not its own, and those that declare these floats."""
    for home, plan in plans.items():
        names = {vm.name: vm.domain for vm in plan.vms}
        for each in plan.floats:
            for stack, host in seen.items():
                for domain in host.domains:
                    right = stack == home and domain.name == names.get(each.holder, each.holder)
                    if not right and any(nic.mac == each.mac for nic in domain.nics):
                        yield from (stack, home)


def gone(seen: HostSeen, held: Collection[str]) -> bool:
    """Whether a state has a domain, network or pool that the host has not; ``held``: the IDs there."""
    there = {each.uuid for each in seen.domains} | {each.uuid for each in seen.networks}
    there = {uuid.lower() for uuid in there | {each.uuid for each in seen.pools}}
    return any(UUID.fullmatch(id) and id.lower() not in there for id in held)


def plugs(held: Collection[str], mac: str) -> bool:
    """Whether a state has the NIC of this MAC; ``held``: the IDs there."""
    return any(id.lower().endswith(f"/{mac}") for id in held)
