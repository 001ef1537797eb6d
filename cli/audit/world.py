"""All that an audit judges by: what is declared, what was seen on each hypervisor, what the guests say.  Pure."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import config
from cli.audit import owned
from cli.rack import FloatFact, Rack, floats_of, owners
from config.plan import Bridged, Nat, Reservation, VirtualMachine
from provider.domain.seen import Seen
from provider.errors import OperatorError
from provider.guest.addresses import Inside
from provider.guest.store import Told
from provider.nic.nic import Nic
from provider.storage.chain import Link
from provider.survey.survey import DomainSeen, HostSeen, NetworkSeen

Links = Mapping[str, tuple[Link, ...]]
AGENT, LEASE, NEIGHBOURS = "its agent", "its lease", "the host's neighbour table"
LOOPBACK = "00:00:00:00:00:00"
RUNNING = ("running", "idle")  # states of a guest that is at work


@dataclass(frozen=True)
class Gateway:
    """A gateway that was asked for: by ``asker``, at ``where`` (a domain, or a bridge of the hypervisor).

    ``answered`` None: nothing can be said.  ``floats`` are those that the asker has it for.
    """

    address: str
    where: str
    asker: str
    answered: bool | None
    floats: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seat:
    """A domain that has NICs with this MAC: how many in the running guest, in its definition, in its saved image."""

    stack: str
    domain: DomainSeen
    mac: str
    live: int
    config: int
    saved: int = 0

    @property
    def where(self) -> str:
        return f"{self.domain.name} on {self.stack} ({self.domain.state})"


@dataclass(frozen=True)
class Asked:
    """What was asked for on one hypervisor besides: ``inside``, and ``told`` of services, by domain.

    ``host``: its survey, and the files that are gone.  ``gateways``: who was asked for, from there and from its guests.
    ``links``: what the disks of declared VMs stand on by their headers, by domain and the disk's target.  ``room``:
    bytes that are left, of pools that were asked for it.
    """

    host: HostSeen
    inside: Mapping[str, Inside] = field(default_factory=dict)
    told: Mapping[str, Told] = field(default_factory=dict)
    gateways: Collection[Gateway] = ()
    links: Mapping[str, Links] = field(default_factory=dict)
    room: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class World:
    """``hosts`` and ``asked`` by hypervisor; ``now`` in seconds since 1970.

    ``held``: the UUIDs of libvirt's objects that the stack's state has.
    """

    rack: Rack
    hosts: Mapping[str, HostSeen | OperatorError]
    asked: Mapping[str, Asked] = field(default_factory=dict)
    now: float = 0.0
    lab: bool = False
    held: Mapping[str, Collection[str]] = field(default_factory=dict)

    @cached_property
    def owner(self) -> dict[str, str]:
        """Of each stack whose host answered, the one whose hypervisor that is; another where both lead there."""
        return owners(self.rack.plans, self.hosts)

    @cached_property
    def seen(self) -> dict[str, tuple[config.Plan, HostSeen]]:
        """The hypervisors that answered, each once."""
        return {
            stack: (self.rack.plans[stack], host)
            for stack, host in self.hosts.items()
            if isinstance(host, HostSeen) and self.owner[stack] == stack
        }

    def unread_domains(self, stack: str | None = None) -> tuple[str, ...]:
        """Those that could not be read, and may have any MAC; of one hypervisor, or of all."""
        return tuple(
            f"{each.name or 'the domains'} on {where}"
            for where, (_, host) in self.seen.items()
            for each in (host.unread_of("domain") if stack in (None, where) else ())
        )

    @cached_property
    def floats(self) -> tuple[FloatFact, ...]:
        return floats_of(self.rack.fleet)

    def float_of_mac(self, mac: str) -> FloatFact | None:
        return next((f for f in self.floats if f.mac == mac), None)

    def float_of_address(self, address: str) -> FloatFact | None:
        return next((f for f in self.floats if f.address == address), None)

    @cached_property
    def seats(self) -> tuple[Seat, ...]:
        return tuple(
            Seat(stack, domain, mac, live[mac], defined[mac], saved[mac])
            for stack, (_, host) in self.seen.items()
            for domain in host.domains
            for live, defined, saved in [tuple(map(_macs, (domain.live, domain.config, domain.saved)))]
            for mac in dict.fromkeys((*live, *defined, *saved))
        )

    def vms(self) -> Iterator[tuple[str, VirtualMachine, DomainSeen]]:
        """Each declared VM that is there."""
        for stack, (plan, host) in self.seen.items():
            for vm in plan.vms:
                if domain := host.domain(vm.domain):
                    yield stack, vm, domain

    def networks(self) -> Iterator[tuple[str, NetworkSeen]]:
        """Each declared network that is there."""
        for stack, (plan, host) in self.seen.items():
            for name in (plan.networks.bridged.name, plan.networks.default.name):
                if network := host.network(name):
                    yield stack, network

    def vm_of(self, stack: str, domain: DomainSeen) -> VirtualMachine | None:
        """Which declared VM the domain is; libvirt may call it otherwise."""
        return next((vm for vm in self.rack.plans[stack].vms if vm.domain == domain.name), None)

    def name_of(self, stack: str, domain: DomainSeen) -> str:
        """What the plan calls the domain; of one that nobody declares its own name."""
        vm = self.vm_of(stack, domain)
        return vm.name if vm else domain.name

    @cached_property
    def owners(self) -> dict[str, tuple[str, Reservation]]:
        """Planned MAC of a VM -> its hypervisor and slot."""
        return {
            slot.mac: (stack, slot)
            for stack, plan in self.rack.plans.items()
            for slot in plan.networks.default.reservations
        }

    def inside(self, stack: str, domain: str) -> Inside:
        return self.asked[stack].inside.get(domain, Inside()) if stack in self.asked else Inside()

    def addresses(self, stack: str, domain: DomainSeen) -> dict[tuple[str, str], str]:
        """(MAC, address) of the guest's NICs, and who was asked: its agent, else leases, else the neighbour table."""
        said = self.inside(stack, domain.name)
        if said.agent:
            return {(a.mac, a.address): AGENT for a in said.addresses}
        macs = {nic.mac for nic in domain.nics}
        found = self.hosts[stack]
        leases = found.leases if isinstance(found, HostSeen) else ()
        leased = {(each.mac, each.address): LEASE for each in leases if each.mac in macs}
        unleased = macs - {mac for mac, _ in leased}
        return {**{(a.mac, a.address): NEIGHBOURS for a in said.neighbours if a.mac in unleased}, **leased}

    @cached_property
    def foreign(self) -> dict[str, dict[str, str]]:
        """By hypervisor: what is declared and there, and not the stack's, by UUID."""
        return {
            stack: owned.foreign(plan, host, self.held.get(stack, ()))
            for stack, (plan, host) in self.seen.items()
        }

    def owns(self, stack: str, uuid: str) -> bool:
        return uuid not in self.foreign[stack]

    def up(self, stack: str) -> str:
        """The command; after the one that adopts, where there is something that an `up` would refuse."""
        adopt = f"{self.adopt(stack)} && " if self.foreign.get(stack) else ""
        return f"{adopt}./trop up {stack}{' --lab' if self.lab else ''}"

    def adopt(self, stack: str) -> str:
        """The command; after a refresh, where the state has what is gone from the host: nothing is put in its place."""
        on = f"{stack}{' --lab' if self.lab else ''}"
        host = self.hosts[stack]
        gone = isinstance(host, HostSeen) and owned.gone(host, self.held.get(stack, ()))
        refresh = f"./trop refresh {on} --yes && " if gone else ""
        return f"{refresh}./trop adopt {on} --write --yes"

    def whois(self, mac: str) -> str:
        """The command; the hypervisors are asked, since what is declared does not tell it."""
        return f"./trop whois {mac} {'--lab' if self.lab else '--live'}"

    def links(self, stack: str, domain: str) -> Links:
        """By the disk's target; none where the headers could not be read."""
        return self.asked[stack].links.get(domain, {}) if stack in self.asked else {}

    def virsh(self, stack: str, *words: str) -> str:
        found = self.hosts[stack]
        uri = found.uri if isinstance(found, HostSeen) else ""
        return shlex.join(["virsh", "-c", uri, *words])

    def edit(self, stack: str, domain: DomainSeen) -> str:
        return self.virsh(stack, "edit", domain.name)


def plugged_into(nic: Nic, network: Bridged | Nat) -> bool:
    """By the network's name, or straight into its bridge, which comes to the same."""
    return nic.network == network.name or (nic.network is None and nic.bridge == network.bridge)


def _macs(side: Seen | None) -> Counter[str]:
    return Counter(nic.mac for nic in (side.nics if side else ()) if nic.mac)
