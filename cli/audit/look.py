"""What an audit looks at: the hypervisors, all at the same time, and the guests of each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import config
from cli import live, rack
from cli.audit import files, gateways, owned
from cli.audit.world import Asked, Gateway, World
from cli.rack import Rack
from cli.words.command_line import UsageError
from components.services import files as services
from provider.connection import errors
from provider.errors import OperatorError
from provider.guest import addresses as guest_addresses
from provider.guest import store as guest_store
from provider.guest.addresses import Inside
from provider.guest.agent import Agent
from provider.host.clock import SystemClock
from provider.host.host import Host
from provider.survey import sweep
from provider.survey.survey import DomainSeen, HostSeen, standing_on


@dataclass(frozen=True)
class Heard:
    """From one guest; ``told`` None where it is not asked for services, or could not be."""

    inside: Inside
    gateways: tuple[Gateway, ...] = ()
    told: guest_store.Told | None = None


def world(root: Path, stacks: Sequence[str], *, lab: bool) -> World:
    """Everything, of these stacks or of all that have a URI.  Raises `UsageError`, `ConfigError`."""
    declared = rack.load(root)
    chosen = list(dict.fromkeys(stacks)) or every(root, declared, lab=lab)
    if unknown := [stack for stack in chosen if stack not in declared.plans]:
        known = ", ".join(declared.plans)
        raise UsageError(f"there is no stack {', '.join(unknown)}; the stacks are {known}")
    if lab:
        # By the plans with which they were brought up: an operator may have changed their copies of the files.
        from cli.lab.host import fleet_of, plan_of

        plans = {**declared.plans, **{stack: plan_of(stack) for stack in chosen}}
        declared = replace(declared, plans=plans, fleet=fleet_of(chosen[0]))
    hosts = live.look(live.uris(root, chosen, lab=lab))
    with ThreadPoolExecutor(max_workers=1) as meanwhile:
        held = meanwhile.submit(owned.held, declared.plans, hosts, lab=lab)
        seen = {stack: host for stack, host in hosts.items() if isinstance(host, HostSeen)}
        asked = live.at_once(lambda stack: _ask(declared.plans[stack], seen[stack]), seen)
    hosts |= {stack: each.host for stack, each in asked.items()}
    return World(declared, hosts, asked, time.time(), lab, held.result())


def every(root: Path, declared: Rack, *, lab: bool) -> list[str]:
    """The stacks whose file has a URI; of labs those that were started.  Raises `UsageError` when there is none."""
    if lab:
        from cli.lab.host import existing  # only for --lab: the lab's modules take time to load

        found = [stack for stack in existing() if stack in declared.plans]
        if not found:
            raise UsageError("there is no lab on this machine; start one with: ./trop lab up trop02")
        return found
    found = list(live.known(root, declared.plans, lab=False)[0])
    if not found:
        raise UsageError(
            f"no stack's file has a {live.URI}; set it with ./trop config STACK set {live.URI} qemu+ssh://…"
        )
    return found


def _ask(plan: config.Plan, seen: HostSeen) -> Asked:
    """The running guests of one hypervisor, and what is told of services, gateways and files.

    The agents only of declared VMs are asked: others' are not ours to ask. An agent takes a connection that may write;
    where there is none, the rest is asked through one that may not.
    """
    running = [domain for domain in seen.domains if domain.live is not None]
    ours = {vm.domain for vm in plan.vms}
    silence = ""
    try:
        host = Host.open(seen.uri)
    except OperatorError as error:
        silence = f"its agent takes a connection that may write: {error}"
        try:
            host = sweep.read_only(seen.uri)
        except OperatorError:
            return Asked(seen)
    try:
        with ThreadPoolExecutor(max_workers=live.GUESTS_AT_ONCE) as pool, ThreadPoolExecutor() as beside:
            from_host = beside.submit(gateways.of_host, seen.uri, plan, beside)
            said = pool.map(lambda d: _inside(host, plan, d, agent=d.name in ours and not silence), running)
            gone = tuple(files.gone(host, seen, (d for d in seen.domains if d.name in ours)))
            own = [d for d in seen.domains if d.name in ours]
            links = {} if silence else {d.name: files.links(host, d) for d in own}
            found = dict(zip((domain.name for domain in running), said, strict=True))
            room = files.room(host, running)
            asked = (*from_host.result(), *(each for heard in found.values() for each in heard.gateways))
    finally:
        host.close()
    inside = {name: heard.inside for name, heard in found.items()}
    inside |= {n: replace(i, silence=silence or i.silence) for n, i in inside.items() if n in ours}
    told = {name: heard.told for name, heard in found.items() if heard.told is not None}
    volumes = standing_on(seen.volumes, files.bases(links.values()))
    there = replace(seen, gone=(*seen.gone, *gone), volumes=volumes)
    return Asked(there, inside, told, asked, links, room)


def _inside(host: Host, plan: config.Plan, seen: DomainSeen, *, agent: bool) -> Heard:
    try:
        domain = host.domain_by_uuid(seen.uuid)
        if domain is None:
            return Heard(Inside(silence="it went away while it was looked at"))
        if not agent:
            return Heard(guest_addresses.look(domain, None))
        asked = Agent(domain, SystemClock())
        inside = guest_addresses.look(domain, asked)
        if not inside.agent:
            return Heard(inside)
        return Heard(
            inside, tuple(gateways.of_guest(asked, plan, seen.name, inside)), _told(asked, plan, seen)
        )
    except (OperatorError, errors.VirtError) as error:
        return Heard(Inside(silence=errors.said(error)))


def _told(agent: Agent, plan: config.Plan, seen: DomainSeen) -> guest_store.Told | None:
    """What runs in a Docker host, and what it lacks of the recipe."""
    vm = next(vm for vm in plan.vms if vm.domain == seen.name)
    if vm.services is None and not vm.recipe.software.packages:
        return None
    try:
        return guest_store.read(agent, services.reading(vm.recipe, vm.services))
    except (OperatorError, errors.VirtError):
        return None
