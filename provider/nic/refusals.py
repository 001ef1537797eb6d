"""Why a NIC is not plugged in, moved or changed: its network, a MAC that another has, what is not done in place.

That somebody else answers at its address is asked as it moves: see probe.py.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from provider.connection import api, errors, states
from provider.errors import NotThere, Refused
from provider.guest.agent import Agent
from provider.guest.allowed import AgentError, Blocked
from provider.host import optional, ports
from provider.host.clock import Clock, until
from provider.host.definitions import INACTIVE, SECURE
from provider.host.host import Host
from provider.host.macs import same_mac
from provider.nic import nic, seen
from provider.nic.nic import Wanted
from provider.resource import remedy, saved
from provider.resource.base import COMPUTED, Call, Props

PREVIEW_SECONDS: Final = 2.0  # for a saved domain's own resource to say that it starts it
START_SECONDS: Final = 15.0  # for it to have done so
POLL_SECONDS: Final = 0.2
SAVED: Final = ", which is saved with it"  # behind a domain's name


def require_networks(host: Host, who: str, nics: tuple[Wanted, ...], tell: optional.Tell) -> None:
    """Each network exists and is active: a guest cannot start on one that is not, and libvirt says so only then.

    One that a preview was asked to make or to start is there by then.
    """
    for name in sorted({n.network for n in nics if n.network is not None} - host.made.networks):
        unknown = "whether it is active is not known before a guest is started"
        active = optional.look(tell, f"network {name}", partial(_is_active, host, name), True, unknown)
        if active is None:
            advice = "define it there; where this program declares it, take its name from there, so that it comes first"
            raise NotThere(who, f"there is no network {name} on {host.uri}", advice)
        if not active:
            start = remedy.virsh(host.uri, f"net-start {remedy.word(name)}")
            raise NotThere(who, f"network {name} on {host.uri} is not active", f"start it: {start}")


def refuse_taken(uri: str, who: str, taken: list[tuple[str, str]]) -> None:
    """`Refused` where another domain has a MAC; ``taken``: each with the name of that domain, and if it is saved so."""
    if taken:
        which = ", ".join(f"{mac} (domain {name})" for mac, name in taken)
        saved = next((name.removesuffix(SAVED) for _, name in taken if name.endswith(SAVED)), "")
        drop = f", or give up what was saved: {remedy.memory_dropped(uri, saved)}" if saved else ""
        raise Refused(
            f"{who}: another domain of this host has this MAC already: {which}; unplug it there first{drop}"
        )


def refuse_saved(
    call: Call, clock: Clock, source: api.Domain | None, target: api.Domain | None, mac: str, preview: bool
) -> None:
    """`Refused` where the NIC would come back with a saved ``source``, or be missing in a saved ``target``.

    But not where this run starts that domain, which may be done at the same time.
    """
    for domain in (d for d in (source, target) if d is not None):
        if _in_the_way(domain, mac, domain is source) and not _is_started(call, clock, domain, preview):
            why = f"its image {'still has' if domain is source else 'does not have'} NIC {mac}"
            raise saved.refusal(call.host.uri, domain.name(), why)
    if source is not None and preview:
        saved.file_told(call.tell, source, f"it comes back with NIC {mac}, which moves away now")


def halted(uri: str, domain: api.Domain, state: states.State) -> Refused:
    """Of a guest that can't be asked by its agent, and will not be by itself."""
    name = domain.name()
    way_out = remedy.goes_on(uri, name, state)
    return Refused(f"guest {name} is {state.said}, and its agent cannot answer; {way_out}")


def refuse_halted(uri: str, domain: api.Domain, inputs: Props) -> None:
    """At once, and at preview already, where a NIC is to be set up by the agent of a guest that does not go on."""
    state = states.halted(domain) if inputs.get("guest") == "agent" and inputs.get("addresses") else None
    if state is not None:
        raise halted(uri, domain, state)


def refuse_blocked(call: Call, agent: Agent, inputs: Props) -> None:
    """At once, and at preview already, where a NIC is to be set up by an agent that may run no programs."""
    if inputs.get("guest") != "agent" or not inputs.get("addresses") or not call.host.agents.answers(agent):
        return
    with suppress(AgentError, errors.VirtError):  # told by what has to ask it
        require_allowed(agent)


def require_allowed(agent: Agent) -> None:
    """`Refused`, with the ways out, where an agent may not do what a NIC is set up by."""
    try:
        agent.require()
    except Blocked as error:
        raise Refused(
            f'{error}; or declare guest "none", and write the file of the NIC in the guest by hand (guestFile has it), '
            'or "cloud-init" where its seed disk has it'
        ) from error


def _in_the_way(domain: api.Domain, mac: str, is_source: bool) -> bool:
    if not states.is_saved(domain):
        return False
    return seen.comes_back(domain, mac) == is_source


def _is_started(call: Call, clock: Clock, domain: api.Domain, preview: bool) -> bool:
    """A preview is content with hearing that the run starts it."""

    def started() -> bool:
        return not states.is_saved(domain) or (preview and domain.UUIDString() in call.host.starting)

    return until(started, clock, PREVIEW_SECONDS if preview else START_SECONDS, POLL_SECONDS)


def refuse_third(call: Call, inputs: Props, before: str) -> None:
    """No third domain may have the MAC; ``before`` had it, and what a move has left over with its link down goes."""
    mac = inputs["mac"]
    if mac is COMPUTED:
        return
    own = {before.lower(), str(inputs["domain"]).lower()}
    taken = [
        (mac, other.name() + (SAVED if seen.comes_back(other, mac) else ""))
        for other in seen.others(call, mac, "")
        if other.UUIDString().lower() not in own and not seen.fenced(other, mac)
    ]
    refuse_taken(call.host.uri, f"NIC {mac}", taken)


def refuse_waiting(call: Call, source: api.Domain, target: api.Domain, wanted: Wanted, waits: str) -> None:
    """`Refused`: nobody would have a NIC that left ``source`` before the next start of ``target``."""
    if not seen.has(source, wanted.mac):
        return
    name, uri = target.name(), call.host.uri
    edited = place_made(uri, name, target.XMLDesc(SECURE | INACTIVE), wanted.model)
    off = f"shut it down ({remedy.virsh(uri, f'shutdown {remedy.word(name)}')})"
    steps = [f"give its definition a place ({edited})"] if edited else []
    steps.append("shut it down from inside" if waits == ports.NO_ACPI else off)
    steps.append(f"start it ({remedy.virsh(uri, f'start {remedy.word(name)}')})")
    raise Refused(
        f"NIC {same_mac(wanted.mac)} stays in {source.name()}, and nothing was changed: guest {name} could have it "
        f"from its next start only: {waits}; to move it: {', '.join(steps)}, and run this again"
    )


def place_made(uri: str, name: str, xml: str, model: str = nic.DEFAULT_MODEL) -> str:
    """The line that gives a domain's definition ``xml`` a place for another NIC; empty where it has one."""
    edits = _edits(xml, model)
    if not edits:
        return ""
    dump = remedy.virsh(uri, f"dumpxml --inactive --security-info {remedy.word(name)}")
    sed = " ".join(["sed", *(f"-e '{each}'" for each in edits)])
    return f"{dump} | {sed} | {remedy.virsh(uri, 'define /dev/stdin')}"


def _edits(xml: str, model: str) -> list[str]:
    """sed's expressions that give a definition what it lacks for another NIC of this model."""
    room, edits = ports.room(xml), []
    if not room.acpi:
        if "<features>" in xml:
            edits.append("s|^  <features>|<features><acpi/>|")
        else:
            edits.append("s|^  <devices>|<features><acpi/></features><devices>|")
    if replace(room, acpi=True).why_not(model):
        added = "".join(f'<controller type="pci" model="{each}"/>' for each in ports.controllers(xml, model))
        edits.append(f"s|^  </devices>|{added}</devices>|")
    return edits


def require_network(call: Call, inputs: Props) -> None:
    if inputs["network"] is not COMPUTED:
        wanted = (seen.wanted(inputs),)
        require_networks(call.host, f"NIC {inputs['mac']}", wanted, call.tell)


def refuse_changed(old: Props, new: Props) -> None:
    if same_mac(old["mac"]) != same_mac(new["mac"]):
        raise Refused(
            f"NIC {old['mac']}: mac {old['mac']} -> {new['mac']} is another NIC, and is not done in place; "
            "give it a resource of its own, and remove this one"
        )
    model = old.get("model", nic.DEFAULT_MODEL)
    if "model" in new and model != new["model"]:
        raise Refused(
            f"NIC {new['mac']}: model {model} -> {new['model']} is not done in place, and nothing was changed; it "
            "takes the guest off its network: move the addresses to a NIC with another MAC instead"
        )


def _is_active(host: Host, name: str) -> bool | None:
    """None when there is no such network."""
    network = host.network_by_name(name)
    return None if network is None else bool(network.isActive())
