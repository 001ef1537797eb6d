"""Asking for gateways: by the agents of guests that have a float, and by ARP from the hypervisor where that can be."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor

from cli.audit.finding import Finding
from cli.audit.world import Gateway, World
from config.plan import Plan
from provider.connection import errors
from provider.errors import OperatorError
from provider.guest import gateway_probe
from provider.guest.addresses import Inside
from provider.guest.agent import Agent
from provider.host import arp_probe

BRIDGE = "bridge "


def of_guest(agent: Agent, plan: Plan, domain: str, inside: Inside) -> Iterator[Gateway]:
    """Of each float that is set up in this guest; one that is not has a finding of its own."""
    has = {(each.mac, each.address) for each in inside.addresses}
    holders = [vm.name for vm in plan.vms if vm.domain == domain]
    for held in (each for name in holders for each in plan.floats_of(name)):
        if held.gateway is None or (held.mac, held.address) not in has:
            continue
        try:
            nic = agent.nic(held.mac)
            if nic is None:
                continue
            said = gateway_probe.ask(agent, nic.name, held.gateway)
        except (OperatorError, errors.VirtError):
            continue
        answered = None if said == "unknown" else said == "answers"
        asker = f"{domain}'s agent, by ping and ARP on {nic.name}"
        yield Gateway(held.gateway, domain, asker, answered, (held.label,))


def of_host(uri: str, plan: Plan, pool: Executor) -> list[Gateway]:
    """Of each bridge of the hypervisor; asked at once, and of nobody where the network can't be reached from here."""
    bridges = {(plan.networks.bridged.bridge, held.gateway) for held in plan.floats if held.gateway}
    bridges |= {(each.name, each.gateway) for each in plan.hypervisor.bridges if each.gateway}
    asked = sorted(bridges - {(each.name, each.address) for each in plan.hypervisor.bridges})
    answers = pool.map(lambda each: arp_probe.ask(uri, *each), asked)
    return [
        Gateway(gateway, f"{BRIDGE}{bridge}", f"the hypervisor, by ARP on {bridge}", any(said))
        for (bridge, gateway), said in zip(asked, answers, strict=True)
        if said is not None
    ]


def gateway_silent(world: World) -> Iterator[Finding]:
    """One that the hypervisor does not hear is silent for its guests, too: told once."""
    for stack, asked in world.asked.items():
        for address in dict.fromkeys(each.address for each in asked.gateways):
            silent = [each for each in asked.gateways if each.address == address and each.answered is False]
            bridges = [each for each in silent if each.where.startswith(BRIDGE)]
            for where, askers in (
                ((bridges[0].where, silent),) if bridges else ((s.where, [s]) for s in silent)
            ):
                yield _finding(world, stack, address, where, askers)


def _finding(world: World, stack: str, address: str, where: str, askers: list[Gateway]) -> Finding:
    what = f"the gateway {address} does not answer (asked: {'; '.join(each.asker for each in askers)})"
    heard = [each.asker for each in world.asked[stack].gateways if each.address == address and each.answered]
    if heard:
        mend = f"find what keeps {where} from it (it answers {'; '.join(heard)}): a filter, a VLAN, a switch's port"
    else:
        mend = f"bring up the router that has {address}, or name the right one: gateway in config/fleet.yaml"
    return Finding(stack, where, what, mend, floats=tuple(label for each in askers for label in each.floats))
