"""Which addresses a guest has, what its files say of its NICs, and what tells it from its clones: asked of its agent,
else of the host's neighbours.

Nothing is changed: of the agent's commands only those are used that read, and a script that prints lines of files.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from provider.connection import errors
from provider.guest import files as guest_files
from provider.guest import identity
from provider.guest.agent import Agent
from provider.guest.allowed import AgentError, Blocked, Frozen
from provider.guest.files import Setting
from provider.guest.identity import Identity
from provider.host import optional
from provider.host.macs import same_mac

NOBODY: Final = Identity()
FROM_NEIGHBOURS: Final = 2  # VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP


@dataclass(frozen=True)
class Address:
    """``address`` without its prefix; ``name`` of the interface that has it, as far as the guest itself tells.

    ``beside``: the interface has the MAC of a NIC, and is another one made of it: a VLAN, a bridge.
    """

    mac: str
    address: str
    name: str = ""
    beside: bool = False


@dataclass(frozen=True)
class Inside:
    """What a guest says of itself; ``neighbours`` is what the host has heard of it, asked where its agent is silent.

    ``agent``: it answered; ``files``: they were read.  ``silence``: why one of the two is not so, in one line;
    ``blocked``: the commands that its agent would have to do for it; ``frozen``: it can't until it is thawed.
    ``identity``: what tells it from its clones.
    """

    agent: bool = False
    files: bool = False
    addresses: tuple[Address, ...] = ()
    settings: tuple[Setting, ...] = ()
    neighbours: tuple[Address, ...] = ()
    silence: str = ""
    blocked: tuple[str, ...] = ()
    frozen: bool = False
    identity: Identity = NOBODY


def look(domain: Any, agent: Agent | None) -> Inside:
    """``agent`` None: it is not to be asked.  A guest that goes away meanwhile has said nothing."""
    if agent is None:
        return _from_outside(domain)
    try:
        if not agent.answers():
            return _from_outside(domain, "its agent does not answer")
        addresses = _addresses(agent)
    except (AgentError, errors.VirtError) as error:
        return _with_cause(_from_outside(domain, _said(error)), error)
    try:
        said = agent.run(identity.READ + guest_files.READ)
    except AgentError as error:
        inside = Inside(
            agent=True, addresses=addresses, silence=f"its files could not be read: {_said(error)}"
        )
        return _with_cause(inside, error)
    settings = guest_files.settings(said)
    return Inside(
        agent=True, files=True, addresses=addresses, settings=settings, identity=identity.identity(said)
    )


def _said(error: Exception) -> str:
    return error.why if isinstance(error, Blocked | Frozen) else errors.said(error)


def _with_cause(inside: Inside, error: Exception) -> Inside:
    blocked = error.commands if isinstance(error, Blocked) else ()
    return replace(inside, blocked=blocked, frozen=isinstance(error, Frozen))


def _addresses(agent: Agent) -> tuple[Address, ...]:
    nics = agent.interfaces()
    macs = Counter(mac for mac, _ in nics)
    doubled = [(mac, nic.name) for mac, nic in nics if macs[mac] > 1]
    own: list[str] = []
    with suppress(AgentError):  # one that runs no programs does not tell
        own = agent.with_device(name for _, name in doubled)
    beside = {name for mac, name in doubled if name not in own and any((mac, n) in doubled for n in own)}
    return tuple(
        Address(mac, a.partition("/")[0], nic.name, nic.name in beside)
        for mac, nic in nics
        for a in nic.addresses
    )


def _from_outside(domain: Any, *silence: str) -> Inside:
    """What the host's neighbour table tells; ``silence``: why the guest has told nothing."""
    unheard = list(silence)
    found = neighbours(domain, unheard.append)
    return Inside(neighbours=found, silence="; ".join(unheard))


def neighbours(domain: Any, tell: optional.Tell) -> tuple[Address, ...]:
    """From the host's neighbour table; nothing where libvirt can't read it."""
    ask = partial(domain.interfaceAddresses, FROM_NEIGHBOURS)
    found: dict[str, Any] = optional.look(tell, "what the host has heard of it", ask, {})
    return tuple(
        Address(same_mac(nic["hwaddr"]), each["addr"])
        for nic in found.values()
        if nic.get("hwaddr")
        for each in nic.get("addrs") or ()
    )
