"""What an Interface is now, read from libvirt: its outputs, and its inputs as they are."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial

from provider.connection import api, errors
from provider.guest import config as guest_config
from provider.guest.agent import RUNNING
from provider.guest.config import Setup
from provider.host import optional
from provider.host.definitions import both_xmls, saved_xml
from provider.host.macs import alias_for, same_mac
from provider.nic import nic, plan
from provider.nic import seat as nic_seat
from provider.nic.nic import Nic, Wanted
from provider.resource.base import COMPUTED, Call, Props


def wanted(inputs: Props) -> Wanted:
    return Wanted(
        mac=inputs["mac"],
        network=inputs["network"],
        model=inputs.get("model", nic.DEFAULT_MODEL),
        link=inputs.get("link"),
    )


def setup(inputs: Props, model: str | None = None) -> Setup | None:
    """What the guest is told; None when no addresses are declared.  ``model``: of the NIC that is there."""
    if not inputs.get("addresses"):
        return None
    metric = inputs.get("metric", guest_config.DEFAULT_METRIC)
    driver = guest_config.DRIVERS.get(model or "")
    return Setup(inputs["mac"], tuple(inputs["addresses"]), inputs.get("gateway"), int(metric), driver)


def others(call: Call, mac: str, but: str) -> Iterator[api.Domain]:
    """The other domains of the host that have a NIC with this MAC, live, persistent or saved.

    One that can't be read is told: whoever answers at the NIC's addresses is asked for before its link goes up.
    """
    for domain in call.host.conn.listAllDomains():
        if domain.UUIDString().lower() == but.lower():
            continue
        ask = partial(errors.unless, errors.NO_DOMAIN, has, domain, mac)
        unknown = f"whether it has {mac} is not known"
        if optional.look(call.tell, f"domain {domain.name()}", ask, False, unknown):
            yield domain  # one that went away while it was looked at has nothing


def has(domain: api.Domain, mac: str) -> bool:
    """Whether it has it, or comes back with it."""
    return bool(seen(domain, mac))


def comes_back(domain: api.Domain, mac: str) -> bool:
    """Whether the domain is saved with this NIC: its next start brings it back, whatever its definition says."""
    return bool(nic.of_mac(saved_xml(domain), mac))


def fenced(domain: api.Domain, mac: str) -> bool:
    """Whether the running guest's link is down: left over from a move.  What it would start with does not count."""
    return nic_seat.look(domain, mac).live == "down"


def seen(domain: api.Domain, mac: str) -> list[Nic]:
    """The NICs with this MAC: of the persistent definition, then of the running guest; else of its saved image."""
    found = [n for xml in reversed(both_xmls(domain)) for n in nic.of_mac(xml, mac)]
    return found or list(nic.of_mac(saved_xml(domain), mac))


def as_read(inputs: Props, mine: list[Nic], domain: str) -> Props:
    """The declared keys with what the NIC has; where running guest and definition differ, what is not as declared."""
    read = dict(inputs)
    if inputs["domain"].lower() != domain.lower():
        read["domain"] = domain
    read["network"] = next(
        (n.network or n.place for n in mine if n.network != inputs["network"]), inputs["network"]
    )
    for key in ("model", "link"):
        if key in inputs:
            there = [getattr(n, key) for n in mine]
            read[key] = next((value for value in there if value != inputs[key]), inputs[key])
    return read


def imported(mine: list[Nic], domain: str) -> Props:
    """What can be declared of a NIC that nobody has declared yet."""
    first = mine[0]
    model = {} if first.model is None else {"model": first.model}
    return {"domain": domain, "network": first.network or first.place, "mac": first.mac, **model}


def outputs(call: Call, domain: api.Domain, inputs: Props, inside: bool | None, waits: str = "") -> Props:
    """``inside``: whether the agent has set it up; None when that is not its task.

    ``waits``: why the running guest has it from its next start on.
    """
    live, config = both_xmls(domain)
    mac = same_mac(inputs["mac"])
    here = [nic.of_mac(xml, mac) for xml in (live, config)]
    mine = [n for side in here for n in side]
    said = {
        "alias": next((n.alias for n in mine if n.alias is not None), None),
        "target": next((n.target for n in here[0] if n.target is not None), None),
        "inGuest": inside,
        "guestFile": _guest_file(inputs),
        "pendingRestart": waits or None,
    }
    return {
        **inputs,
        **{key: value for key, value in said.items() if value is not None},
        "holder": domain.name(),
        "live": bool(here[0]),
        "persistent": bool(here[1]),
        "extra": [
            *plan.drift(
                [wanted(inputs)], inputs.get("forbiddenMacs", ()), live, config, (mac,) if waits else ()
            ),
            *_saved(domain, inputs.get("forbiddenMacs", ())),
            *_elsewhere(call, mac, domain),
            *(() if waits else _not_inside(domain, mac, inside)),
        ],
    }


def _saved(domain: api.Domain, forbidden: Collection[str]) -> Iterator[str]:
    """Forbidden MACs that only the saved image has."""
    both = [mac for xml in both_xmls(domain) for mac in nic.macs(xml)]
    for mac in nic.macs(saved_xml(domain)):
        if mac in map(same_mac, forbidden) and mac not in both:
            yield f"{mac} must not be in the saved image"


def _elsewhere(call: Call, mac: str, domain: api.Domain) -> Iterator[str]:
    for other in others(call, mac, domain.UUIDString()):
        seat = nic_seat.look(other, mac)
        where = " and ".join(
            place
            for place, link in (("the running guest", seat.live), ("the definition of", seat.config))
            if link is not None
        ).removesuffix(" of")
        if where:
            yield f"{mac} is still in {where} {other.name()}, its link is {seat.link}"
        if comes_back(other, mac):
            yield f"{mac} is still in the saved image of {other.name()}, and comes back with it"


def _not_inside(domain: api.Domain, mac: str, inside: bool | None) -> Iterator[str]:
    """A guest that was shut off when it got the NIC is told of it once it runs."""
    if inside is False and domain.isActive() and domain.state()[0] == RUNNING:
        yield f"{mac} is not set up inside the guest"


def _guest_file(inputs: Props) -> Props | None:
    made = setup(inputs) if inputs.get("guest") == "none" else None
    if made is None:
        return None
    file = guest_config.file_for("ifcfg", made)
    return {"path": file.path, "content": file.content}


def unknown(call: Call, inputs: Props) -> Props:
    """The outputs of one that is not there yet."""
    known = {"alias": alias_for(inputs["mac"]), "extra": []}
    return {**inputs, **known, "target": COMPUTED, "holder": COMPUTED, "live": COMPUTED, "persistent": True}
