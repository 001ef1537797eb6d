"""The rack as it is declared: the fleet's facts, and the plan of every hypervisor that has a stack file.

And whose hypervisor a host is that was looked at, which is one rule for all that look.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import config
from cli.words.command_line import stack_files
from config.addresses import mac_text
from config.errors import ConfigError, Problem
from config.fleet import Fleet
from config.read import fleet_file, stack_file
from config.settings import DEFAULT_FLEET
from provider.errors import OperatorError
from provider.host import identity
from provider.network import seen as network_seen
from provider.survey.survey import HostSeen


@dataclass(frozen=True)
class Rack:
    """``plans`` by hypervisor, in the order of the fleet's file."""

    fleet: Fleet
    plans: Mapping[str, config.Plan]


@dataclass(frozen=True)
class FloatFact:
    """A float of the fleet; ``home`` is the hypervisor of the VM that holds it."""

    label: str
    index: int
    mac: str
    address: str
    holder: str | None
    home: str | None

    @property
    def whose(self) -> str:
        return f"{self.holder} on {self.home} holds it" if self.holder else "nobody holds it"


def floats_of(fleet: Fleet) -> tuple[FloatFact, ...]:
    return tuple(
        FloatFact(
            label,
            member.index,
            mac_text(fleet.floats.macs.mac(0, member.index)),
            str(member.address),
            member.holder,
            fleet.home_of(member.holder) if member.holder else None,
        )
        for label, member in fleet.floats.members.items()
    )


Hosts = Mapping[
    str, HostSeen | OperatorError
]  # by stack: what its libvirt:uri leads to, or why it was not seen


def owners(plans: Mapping[str, config.Plan], hosts: Hosts) -> dict[str, str]:
    """Of each stack whose host was seen, the one whose hypervisor that host is: itself, but where several lead there.

    Then it is the one whose MACs its networks have, or else the one whose guests are there, or else the first.
    """
    seen = {stack: host for stack, host in hosts.items() if isinstance(host, HostSeen)}
    return {
        stack: max(
            (o for o in seen if o == stack or identity.same_host(host.identity, seen[o].identity)),
            key=lambda other: _claims(plans[other], host) if other in plans else (0, 0),
        )
        for stack, host in seen.items()
    }


def owned_by_another(plans: Mapping[str, config.Plan], stack: str, host: HostSeen) -> str | None:
    """The stack by whose rule the networks of the host have their MACs, where this one's rule gave fewer."""
    claims = {name: _claims(plan, host)[0] for name, plan in plans.items()}
    most = max(claims, key=lambda name: claims[name], default=stack)
    return most if claims.get(most, 0) > claims.get(stack, 0) else None


def is_marked(plans: Mapping[str, config.Plan], stack: str, host: HostSeen) -> bool:
    """Whether the networks of the host have MACs by the stack's rule."""
    return stack in plans and _claims(plans[stack], host)[0] > 0


def _claims(plan: config.Plan, host: HostSeen) -> tuple[int, int]:
    """How many MACs of the plan the networks have, for themselves or reserved; how many guests are the plan's."""
    default = plan.networks.default
    macs = {default.mac, *(slot.mac for slot in default.reservations)}
    there = {network.mac for network in host.networks}
    for network in host.networks:
        for xml in filter(None, (network.live_xml, network.config_xml)):
            there |= {each.get("mac") for each in network_seen.view(xml)["dhcpHosts"]}
    names = {vm.domain for vm in plan.vms}
    guests = [d for d in host.domains if d.name in names or any(nic.mac in macs for nic in d.nics)]
    return len(macs & there), len(guests)


@dataclass(frozen=True)
class Twins:
    """Two stacks whose hosts give one UUID and say two names."""

    one: str
    other: str
    what: str
    mend: str


def twins(hosts: Hosts) -> Iterator[Twins]:
    seen = [(stack, host) for stack, host in hosts.items() if isinstance(host, HostSeen)]
    for number, (stack, host) in enumerate(seen):
        for other, found in seen[:number]:
            one, two = found.identity, host.identity
            if identity.same_uuid(one.uuid, two.uuid) and not identity.same_host(one, two):
                what = f"two hosts, {one.name} ({other}) and {two.name} ({stack}), give one UUID, {two.uuid}"
                yield Twins(other, stack, what, identity.unlike(two.name or stack))


def load(root: Path) -> Rack:
    """The declarations of the project in ``root``.  Raises `config.ConfigError` with all that is wrong."""
    files = stack_files(root)
    settings = {name: stack_file(path) for name, path in files.items()}
    fleet = fleet_file(root, _fleet_of(settings))
    stacks = [name for name in fleet.hypervisors if name in files]
    return Rack(fleet, {n: config.load(n, settings[n], root, files[n].name) for n in stacks})


def known(root: Path) -> dict[str, config.Plan]:
    """The plans of the stacks whose declarations are right."""
    found = {}
    for stack, file in stack_files(root).items():
        with contextlib.suppress(ConfigError):
            found[stack] = config.load(stack, stack_file(file), root, file.name)
    return found


def _fleet_of(settings: Mapping[str, Mapping[str, Any]]) -> str:
    """The fleet's file that the stacks name; a rack has one."""
    named = {str(own.get("fleet", DEFAULT_FLEET)): name for name, own in settings.items()}
    if len(named) > 1:
        (one, first), (other, second) = list(named.items())[:2]
        why = f"is {other}, and {first}'s is {one}"
        raise ConfigError(
            [Problem(f"Pulumi.{second}.yaml", "trop:fleet", why, "one fleet file for the whole rack")]
        )
    return next(iter(named), DEFAULT_FLEET)
