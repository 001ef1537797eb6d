"""Whose each MAC, address, name and tap is on the hosts as they are.  `gather` is pure: surveys in, sightings out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from lxml import etree

from cli import live, rack
from cli.whois.declared import Owner
from config.plan import Plan
from provider.errors import OperatorError
from provider.host.macs import same_mac
from provider.survey.survey import HostSeen, Kind, NetworkSeen, Unread

TOLD = ("domain", "network", "leases")  # what an answer may hang on


@dataclass(frozen=True)
class Sighting:
    """One thing seen on a host.  ``name`` is a guest's hostname in a lease, a reservation's name, or a network's.

    ``tap`` is the host's end of a NIC that runs; ``state`` virsh's word for the domain.
    """

    how: Literal["NIC", "lease", "reservation", "network"]
    hypervisor: str
    domain: str | None = None
    network: str | None = None
    bridge: str | None = None
    mac: str | None = None
    address: str | None = None
    name: str | None = None
    tap: str | None = None
    link: str | None = None
    state: str | None = None

    @property
    def place(self) -> str:
        """Where a NIC is plugged in."""
        if self.network is not None:
            return f"network {self.network}"
        return f"bridge {self.bridge}" if self.bridge is not None else "no network"

    def __str__(self) -> str:
        if self.how == "NIC":
            wire = f"{self.tap}, link {self.link}" if self.tap is not None else f"link {self.link}"
            if self.tap is None and self.state == "running":
                wire = "only in its definition"
            return f"{self.mac} in {self.domain} on {self.hypervisor} ({self.state}), {self.place}, {wire}"
        if self.how == "lease":
            who = f" as {self.name}" if self.name else ""
            return f"lease of {self.address} to {self.mac}{who}, network {self.network} on {self.hypervisor}"
        if self.how == "reservation":
            who = f" for {self.name}" if self.name else ""
            return f"{self.address} reserved for {self.mac}{who}, network {self.network} on {self.hypervisor}"
        facts = [f"bridge {self.bridge}" if self.bridge else None, self.mac, self.address, self.state]
        return f"network {self.network} on {self.hypervisor}, {', '.join(f for f in facts if f)}"


@dataclass(frozen=True)
class Seen:
    """``silent`` says, by hypervisor, why it could not be asked; ``asked`` are the others.

    ``unread``: what one that was asked did not tell, a line each; ``hidden``, by hypervisor: its domains and networks
    that could not be read.  ``twins``: a line for each two that give one UUID.
    """

    asked: frozenset[str]
    silent: Mapping[str, str]
    sightings: tuple[Sighting, ...]
    unread: tuple[str, ...] = ()
    hidden: Mapping[str, tuple[Unread, ...]] = field(default_factory=dict)
    twins: tuple[str, ...] = ()

    def of(self, macs: Iterable[str], addresses: Iterable[str] = ()) -> tuple[Sighting, ...]:
        keys, places = set(macs), set(addresses)
        return tuple(s for s in self.sightings if s.mac in keys or s.address in places)

    def named(self, word: str) -> tuple[Sighting, ...]:
        """NICs of a domain, networks and bridges of that name, whatever its letter case."""
        word = word.lower()
        named = ((s, (s.network, s.bridge) if s.how == "network" else (s.domain,)) for s in self.sightings)
        return tuple(s for s, names in named if any(name and name.lower() == word for name in names))

    def tap(self, tap: str) -> tuple[Sighting, ...]:
        return tuple(s for s in self.sightings if s.tap == tap)


def ask(root: Path, stacks: Iterable[str], *, lab: bool, plans: Mapping[str, Plan] | None = None) -> Seen:
    """Asks the hosts of these stacks at the same time; what cannot be asked is in ``silent``."""
    uris, refused = live.known(root, stacks, lab=lab)
    return gather(live.look(uris), refused, plans)


def gather(looks: rack.Hosts, refused: Mapping[str, str], plans: Mapping[str, Plan] | None = None) -> Seen:
    """All that was seen.  A host to which two stacks lead is that of one, by `rack.owners`."""
    silent = dict(refused)
    owners = rack.owners(plans or {}, looks)
    sightings: list[Sighting] = []
    unread: list[str] = []
    hidden: dict[str, tuple[Unread, ...]] = {}
    for stack, look in looks.items():
        if isinstance(look, OperatorError):
            silent[stack] = str(look)
        elif owners[stack] != stack:
            silent[stack] = f"{look.uri} leads to the same host as the URI of {owners[stack]}"
        else:
            sightings += _of_host(stack, look)
            unread += [f"{stack}: {each.line}" for each in look.unread if each.kind in TOLD]
            hidden[stack] = tuple(each for each in look.unread if each.kind in ("domain", "network"))
    asked = frozenset(stack for stack, owner in owners.items() if stack == owner)
    twins = tuple(f"{each.what}: {each.mend}" for each in rack.twins(looks))
    return Seen(asked, silent, tuple(sightings), tuple(unread), hidden, twins)


def verdict(owner: Owner, seen: Seen) -> str:
    """Whether what is seen agrees with one declaration."""
    if owner.kind == "network":
        return _of_network(owner, seen)
    if owner.kind not in ("VM", "reservation", "float"):
        return "declared"
    at = seen.of([owner.mac or ""], [owner.address or ""])
    nics = [s for s in at if s.how == "NIC"]
    wrong = [f"on {s.domain} ({s.hypervisor}, {s.place})" for s in nics if not _as_declared(owner, s)]
    wrong += [str(s) for s in at if s.how != "NIC" and (s.mac, s.address) != (owner.mac, owner.address)]
    if wrong:
        declared = (
            f"on {owner.domain} ({owner.hypervisor}, network {owner.network})" if owner.domain else "free"
        )
        return f"differs: declared {declared}, seen {'; '.join(dict.fromkeys(wrong))}"
    if not nics:
        idle = owner.domain is None or owner.kind == "reservation"
        return "declared" if idle else _unseen(owner, seen, "domain")
    return "declared and seen" if len(nics) == 1 else f"differs: declared once, seen {len(nics)} times"


def _of_network(owner: Owner, seen: Seen) -> str:
    wanted = ("network", owner.hypervisor, owner.name)
    found = next((s for s in seen.sightings if (s.how, s.hypervisor, s.network) == wanted), None)
    if found is None:
        return _unseen(owner, seen, "network")
    pairs = ((owner.bridge, found.bridge), (owner.mac, found.mac), (owner.address, found.address))
    apart = [(one, other) for one, other in pairs if one != other]
    if not apart:
        return "declared and seen"
    return "differs: " + "; ".join(
        f"declared {one or 'none'}, seen {other or 'none'}" for one, other in apart
    )


def _unseen(owner: Owner, seen: Seen, kind: Kind) -> str:
    """A domain that could not be read may have any NIC, also one that is declared elsewhere."""
    home = owner.hypervisor
    if home is not None and home not in seen.asked:
        return (
            f"declared; {home} could not be asked"
            if home in seen.silent
            else f"declared; {home} was not asked"
        )
    hidden = [
        f"{each.name or f'the {kind}s'} on {where}"
        for where, those in seen.hidden.items()
        for each in those
        if each.kind == kind and (kind == "domain" or (where == home and each.name in (owner.name, None)))
    ]
    return f"declared, not seen; {', '.join(hidden)} could not be read" if hidden else "declared, not seen"


def _as_declared(owner: Owner, nic: Sighting) -> bool:
    """A NIC that is plugged right into the bridge under the network is on the same wire."""
    on_it = nic.network == owner.network or (nic.network is None and nic.bridge == owner.bridge)
    return (nic.domain, nic.hypervisor) == (owner.domain, owner.hypervisor) and on_it


def _of_host(stack: str, host: HostSeen) -> Iterator[Sighting]:
    for domain in host.domains:
        for nic in domain.nics:
            yield Sighting(
                "NIC",
                stack,
                domain=domain.name,
                network=nic.network,
                bridge=nic.bridge,
                mac=nic.mac,
                tap=nic.target,
                link=nic.link,
                state=domain.state,
            )
    for network in host.networks:
        yield from _network(stack, network)
    for lease in host.leases:
        yield Sighting(
            "lease", stack, network=lease.network, mac=lease.mac, address=lease.address, name=lease.hostname
        )


def _network(stack: str, network: NetworkSeen) -> Iterator[Sighting]:
    root: Any = etree.fromstring((network.live_xml or network.config_xml or "<network/>").encode())
    address = next((ip.get("address") for ip in root.iterfind("ip") if ip.get("family") != "ipv6"), None)
    yield Sighting(
        "network",
        stack,
        network=network.name,
        bridge=network.bridge,
        mac=network.mac,
        address=address,
        state="active" if network.active else "inactive",
    )
    for host in root.iterfind("ip/dhcp/host"):
        mac = None if host.get("mac") is None else same_mac(host.get("mac"))
        address, name = host.get("ip"), host.get("name")
        yield Sighting("reservation", stack, network=network.name, mac=mac, address=address, name=name)
