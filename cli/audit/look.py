"""What an audit looks at: the hypervisors, all at the same time, and the guests of each."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import config
from cli import live, rack
from cli.audit import docker
from cli.audit.world import World
from cli.rack import Rack
from cli.stacks import UsageError
from provider.errors import OperatorError
from provider.virt import errors, guest_addresses, survey
from provider.virt.guest_addresses import Inside
from provider.virt.guest_agent import Agent
from provider.virt.guest_store import Told
from provider.virt.host import Host
from provider.virt.nic_apply import SystemClock
from provider.virt.survey import DomainSeen, HostSeen

Asked = tuple[dict[str, Inside], dict[str, Told]]  # both by domain
AT_ONCE = 8  # guests of one hypervisor: one that is silent takes 2 s


def world(root: Path, stacks: Sequence[str], *, lab: bool) -> World:
    """Everything, of these stacks or of all that have a URI.  Raises `UsageError`, `ConfigError`."""
    declared = rack.load(root)
    chosen = list(dict.fromkeys(stacks)) or every(root, declared, lab=lab)
    unknown = [stack for stack in chosen if stack not in declared.plans]
    if unknown:
        known = ", ".join(declared.plans)
        raise UsageError(f"there is no stack {', '.join(unknown)}; the stacks are {known}")
    if lab:
        declared = _of_labs(declared, chosen)
    hosts = live.look(live.uris(root, chosen, lab=lab))
    asked = _guests(declared, hosts)
    guests = {stack: inside for stack, (inside, _) in asked.items()}
    told = {stack: said for stack, (_, said) in asked.items()}
    return World(declared, hosts, guests, time.time(), lab, told)


def every(root: Path, declared: Rack, *, lab: bool) -> list[str]:
    """The stacks whose file has a URI; of labs those that were started.  Raises `UsageError` when there is none."""
    if lab:
        from cli.labhost import existing  # only for --lab: the lab's modules take time to load

        found = [stack for stack in existing() if stack in declared.plans]
        if not found:
            raise UsageError("there is no lab on this machine; start one with: ./trop lab up trop02")
        return found
    found = [stack for stack in declared.plans if _has_uri(root, stack)]
    if not found:
        raise UsageError(
            f"no stack's file has a {live.URI}; set it with ./trop config STACK set {live.URI} qemu+ssh://…"
        )
    return found


def _has_uri(root: Path, stack: str) -> bool:
    try:
        return bool(live.uris(root, [stack], lab=False))
    except UsageError:
        return False


def _of_labs(declared: Rack, stacks: Iterable[str]) -> Rack:
    """With the plans by which the labs were brought up: an operator may have changed their copies of the files."""
    from cli.labhost import plan_of

    return replace(declared, plans={**declared.plans, **{stack: plan_of(stack) for stack in stacks}})


def _guests(declared: Rack, hosts: Mapping[str, HostSeen | OperatorError]) -> dict[str, Asked]:
    seen = {stack: host for stack, host in hosts.items() if isinstance(host, HostSeen)}
    if not seen:
        return {}
    with ThreadPoolExecutor(max_workers=len(seen)) as pool:
        asked = pool.map(lambda item: _ask(declared.plans[item[0]], item[1]), seen.items())
        return dict(zip(seen, asked, strict=True))


def _ask(plan: config.Plan, seen: HostSeen) -> Asked:
    """The running guests of one hypervisor, and what is told of services.

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
            host = survey.read_only(seen.uri)
        except OperatorError:
            return {}, {}
    try:
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            said = pool.map(lambda d: _inside(host, d, agent=d.name in ours and not silence), running)
            found = dict(zip((domain.name for domain in running), said, strict=True))
            told = docker.told(host, plan, found, pool)
    finally:
        host.close()
    inside = {n: replace(i, silence=silence or i.silence) if n in ours else i for n, i in found.items()}
    return inside, told


def _inside(host: Host, seen: DomainSeen, *, agent: bool) -> Inside:
    try:
        domain = host.domain_by_uuid(seen.uuid)
        if domain is None:
            return Inside(silence="it went away while it was looked at")
        return guest_addresses.look(domain, Agent(domain, SystemClock()) if agent else None)
    except (OperatorError, errors.VirtError) as error:
        return Inside(silence=errors.said(error))
