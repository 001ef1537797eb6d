"""Making an Interface what it is declared to be: moved where it has to be, set up in the guest, drift mended."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from provider.connection import api
from provider.guest.tools import Tools
from provider.host import definitions, optional
from provider.host.elements import attribute
from provider.host.xml_in import parsed
from provider.nic import apply, mover, nic, seen
from provider.nic import forbidden_macs as nic_forbidden
from provider.nic import seat as nic_seat
from provider.nic.forbidden_macs import Place
from provider.nic.task import AGENT_SECONDS, FIRST_BOOT_SECONDS, Outcome, Task
from provider.resource.base import Call, Props

UNASKED: Final = (
    "nobody could be asked whether another host answers there, which takes root on the hypervisor itself"
)
INSIDE: Final = ("mac", "guest", "addresses", "gateway", "metric")  # what a guest is told


def bring(
    call: Call,
    tools: Tools,
    domain: api.Domain,
    source: api.Domain | None,
    inputs: Props,
    olds: Props,
    forbidden: list[Place],
    waits: str = "",
) -> tuple[bool | None, str]:
    """Bring it about; whether the guest's agent has set it up, None when that is not its task; and ``waits``.

    ``source`` is the domain that had it before; none when it is new, or stays.  ``waits``: why the running guest has it
    from its next start on; so too where libvirt refuses what there seemed to be a place for.
    """
    try:
        return _brought(call, tools, domain, source, inputs, olds, forbidden, waits), waits
    except apply.NoRoom as error:
        if source is not None:
            raise
        call.note("next boot", "domain", at_next_start(inputs["mac"], domain.name(), error.why))
        late = [replace(place, waiting=(inputs["mac"],)) if place.wanted else place for place in forbidden]
        return _brought(call, tools, domain, source, inputs, olds, late, error.why), error.why


def at_next_start(mac: str, name: str, why: str) -> str:
    return (
        f"NIC {mac} goes into the definition of {name}; the running guest has it once it was shut down and started: "
        f"{why}"
    )


def _brought(
    call: Call,
    tools: Tools,
    domain: api.Domain,
    source: api.Domain | None,
    inputs: Props,
    olds: Props,
    forbidden: list[Place],
    waits: str,
) -> bool | None:
    mac = inputs["mac"]
    left = [d for d in seen.others(call, mac, domain.UUIDString()) if seen.fenced(d, mac)]
    sources = [source] if source is not None and seen.has(source, mac) else []
    sources += [d for d in left if source is None or d.UUIDString() != source.UUIDString()]
    told = inputs.get("guest") in ("agent", "cloud-init") or bool(inputs.get("addresses"))
    seat = nic_seat.look(domain, mac)
    copies = len(nic.of_mac(definitions.live_xml(domain), mac)) > 1
    stays = not olds or source is not None or seat.link is None
    outcome = None
    task = _task(call, domain, tuple(sources), inputs, None if stays else seat.link)
    task = replace(task, waits=bool(waits), written=olds.get("guest", inputs.get("guest")) == "agent")
    if sources or (told and not seat.stands(task.wanted.link or "up")):
        outcome = mover.Mover(tools, task).run()
        _tell(call, source, domain, mac, outcome)
    nic_forbidden.settle(call, tools.clock, forbidden)
    if inputs.get("guest") != "agent":
        return None
    if outcome is not None and outcome.inside and not copies:
        return True
    if waits or not domain.isActive():
        return False
    # A guest may have had the addresses and its default route on a copy: with that they have gone.
    if copies or tells_anew(olds, inputs):
        _tell_gateway(call, domain, mac, mover.Mover(tools, task).set_up_again())
    return True


def tells_anew(olds: Props, inputs: Props) -> bool:
    """Whether the guest was not told of the NIC yet, or otherwise."""
    return olds.get("inGuest") is not True or any(olds.get(k) != inputs.get(k) for k in INSIDE)


def _task(
    call: Call, domain: api.Domain, sources: tuple[api.Domain, ...], inputs: Props, link: nic.Link | None
) -> Task:
    """``link``: what an undeclared one is to be; None: up."""
    wanted = seen.wanted({**inputs, "link": inputs.get("link") or link or "up"})
    mine = seen.seen(domain, inputs["mac"])
    setup = seen.setup(inputs, mine[0].model if mine else wanted.model)
    booting = domain.UUIDString() in call.host.started
    return Task(
        uri=call.host.uri,
        wanted=wanted,
        target=domain,
        sources=sources,
        guest=inputs.get("guest"),
        setup=setup,
        bridge=None if setup is None else _bridge(call, inputs["network"]),
        seconds=call.timeout,
        agent_seconds=call.timeout or (FIRST_BOOT_SECONDS if booting else AGENT_SECONDS),
    )


def _bridge(call: Call, name: str) -> str | None:
    """The bridge of a network, from which is asked whether another host answers at an address."""

    def read() -> str | None:
        network = call.host.network_by_name(name)
        return None if network is None else attribute(parsed(network.XMLDesc(0)), "bridge", "name")

    so = "nobody is asked whether another host answers there"
    return optional.look(call.tell, f"network {name}", read, None, so)


def _tell(call: Call, source: api.Domain | None, domain: api.Domain, mac: str, outcome: Outcome) -> None:
    parts = ", ".join(
        f"{name} {seconds:.3f} s" for name, seconds in outcome.parts.items() if seconds >= 0.0005
    )
    asked = outcome.probed or "probe" not in outcome.parts
    if source is not None:
        moved = f"NIC {mac} moved from {source.name()} to {domain.name()}: {parts}"
        call.note("live", "domain", moved if asked else f"{moved}; {UNASKED}")
    elif not asked:
        call.note("live", "domain", f"NIC {mac} of {domain.name()}: {UNASKED}")
    for name in outcome.held:
        call.note(
            "live",
            "domain",
            f"guest {name} holds on to NIC {mac}: its link is down there; it is paused, booting or without an "
            "operating system, and is asked again by the next up",
        )
    for name in outcome.left:
        call.note(
            "live", "guest", f"the agent of guest {name} does not answer: its own file for NIC {mac} stays"
        )
    _tell_gateway(call, domain, mac, outcome)


def _tell_gateway(call: Call, domain: api.Domain, mac: str, outcome: Outcome) -> None:
    if outcome.silent is not None:
        call.tell(
            f"the gateway {outcome.silent} of NIC {mac} does not answer (asked: guest {domain.name()}); the NIC is set "
            "up all the same"
        )
