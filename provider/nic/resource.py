"""``libvirt:index/interface:Interface``: a NIC with a life of its own, plugged into a domain while it runs.

Matched by MAC.  It is plugged in exactly once, in the running guest and in the persistent definition; copies of it and
forbidden MACs on its domain are drift.  Every other NIC of the domain is somebody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from provider.connection import api, states
from provider.guest.tools import Tools
from provider.host.clock import Clock, SystemClock
from provider.host.macs import same_mac
from provider.impact.allow import allowed
from provider.nic import bring, forbidden_macs, imported, mover, refusals, seat, seen
from provider.nic import schema as interface_schema
from provider.nic.forbidden_macs import Homes
from provider.resource import saved, shape
from provider.resource.base import Call, Checked, Diff, Found, Props, Resource
from provider.resource.own import domain_of, to_be_made


class Interface(Resource):
    token: ClassVar[str] = "libvirt:index/interface:Interface"
    schema = interface_schema.SCHEMA
    in_id = ("domain", "mac")
    made_of: ClassVar[Mapping[str, tuple[str, ...]]] = {"guestFile": ("addresses", "gateway", "metric")}

    def __init__(self, clock: Clock | None = None, tools: Tools | None = None) -> None:
        self._tools = tools or Tools(clock or SystemClock())
        self._homes = Homes()

    def check(self, call: Call, olds: Props, news: Props) -> Checked:
        return Checked(news, list(interface_schema.failures(news)))

    def diff(self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props) -> Diff:
        if {"mac", "domain"} <= olds.keys():
            self._homes.note(call, olds["mac"], olds["domain"])
        old, new = interface_schema.comparable(old_inputs), interface_schema.comparable(news)
        # What is not declared any more is left as it is, but for what says something by its absence.
        compared = {k: v for k, v in old.items() if k in new or k in ("forbiddenMacs", "gateway", "metric")}
        changes = imported.left(call, self._tools, shape.changed(compared, new), old_inputs, news)
        if olds.get("extra"):
            return Diff({**changes, "extra": "update"}, output_paths=("extra",))
        return Diff(changes)

    def create(self, call: Call, inputs: Props, preview: bool) -> tuple[str, Props]:
        if preview and to_be_made(call, inputs["domain"]):
            refusals.refuse_third(call, inputs, "")
            refusals.require_network(call, inputs)
            return "", seen.unknown(call, inputs)
        domain = domain_of(call, inputs["domain"])
        refusals.refuse_third(call, inputs, "")
        refusals.refuse_saved(call, self._tools.clock, None, domain, inputs["mac"], preview)
        refusals.refuse_halted(call.host.uri, domain, inputs)
        refusals.refuse_blocked(call, self._tools.agent(domain), inputs)
        refusals.require_network(call, inputs)
        waits = seat.waits(domain, seen.wanted(inputs))
        if waits:
            call.note("next boot", "", bring.at_next_start(inputs["mac"], domain.name(), waits))
        else:
            call.note("live", "", f"NIC {inputs['mac']} is plugged into {domain.name()}")
        forbidden = forbidden_macs.forbidden(domain, None, inputs, {}, self._homes, waits=bool(waits))
        for line in forbidden_macs.foretold(call, forbidden):
            call.note("live", "forbiddenMacs", line)
        if preview:
            return "", seen.unknown(call, inputs)
        inside, waits = bring.bring(call, self._tools, domain, None, inputs, {}, forbidden, waits)
        return f"{inputs['domain']}/{same_mac(inputs['mac'])}", seen.outputs(
            call, domain, inputs, inside, waits
        )

    def read(self, call: Call, id: str, inputs: Props, outputs: Props) -> Found | None:
        """``outputs`` tell where it was last: a move keeps the ID that it was created with."""
        uuid, _, mac = id.partition("/")
        mac = inputs.get("mac", mac)
        domain = _where(call, str(outputs.get("domain", inputs.get("domain", uuid))), mac, bool(inputs))
        if domain is None:
            return None
        mine = seen.seen(domain, mac)
        self._homes.note(call, mac, domain.UUIDString())
        if not inputs:
            read = seen.imported(mine, domain.UUIDString())
            found = seen.outputs(call, domain, read, None)
            return Found(f"{read['domain']}/{read['mac']}", read, found)
        read = seen.as_read(inputs, mine, domain.UUIDString())
        inside = outputs.get("inGuest")
        if inside and inputs.get("guest") == "agent":
            inside = self._still_inside(call, domain, inputs)
        waits = seat.waits(domain, seen.wanted(inputs), outputs.get("pendingRestart", ""))
        if waits:
            inside = False if inputs.get("guest") == "agent" else None
            call.tell(f"NIC {mac} waits for the next start of guest {domain.name()}: {waits}")
        now = seen.outputs(call, domain, inputs, inside, waits)
        return Found(id, read, {**now, **read})

    def _still_inside(self, call: Call, domain: api.Domain, inputs: Props) -> bool:
        """Taken for so where the guest does not tell, and told."""
        mac, addresses = inputs["mac"], inputs.get("addresses", ())
        inside = mover.still_inside(domain, mac, addresses, self._tools, call.host.agents)
        if isinstance(inside, bool):
            return inside
        if inside:
            call.tell(f"{inside}; whether NIC {mac} is set up in it was not looked at")
        return True

    def update(
        self, call: Call, id: str, olds: Props, old_inputs: Props, news: Props, preview: bool
    ) -> Props:
        if preview and to_be_made(call, news["domain"]):
            refusals.require_network(call, news)
            return {**olds, **seen.unknown(call, news)}
        before = str(olds.get("domain", old_inputs["domain"]))
        domain = domain_of(call, news["domain"])
        refusals.refuse_changed(old_inputs, news)
        refusals.refuse_third(call, news, before)
        refusals.require_network(call, news)
        moved = before.lower() != str(news["domain"]).lower()
        source = call.host.domain_by_uuid(before) if moved else None
        if moved:
            refusals.refuse_saved(call, self._tools.clock, source, domain, news["mac"], preview)
            refusals.refuse_halted(call.host.uri, domain, news)
        if moved or bring.tells_anew(olds, news):
            refusals.refuse_blocked(call, self._tools.agent(domain), news)
        waits = seat.waits(domain, seen.wanted(news), "" if moved else olds.get("pendingRestart", ""))
        if waits and source is not None:
            refusals.refuse_waiting(call, source, domain, seen.wanted(news), waits)
        forbidden = forbidden_macs.forbidden(domain, source, news, old_inputs, self._homes, waits=bool(waits))
        _foretell(call, source if preview else None, domain, old_inputs, news)
        if waits and not seat.look(domain, news["mac"]).config:
            call.note("next boot", "domain", bring.at_next_start(news["mac"], domain.name(), waits))
        drift = [
            f"{domain.name()}: {line}" for line in olds.get("extra", ()) if not _missing(line, waits, news)
        ]
        for line in forbidden_macs.foretold(call, forbidden) if moved else drift:
            call.note("live", "extra", line)
        if preview:
            return {**olds, **news, "extra": [], **({"pendingRestart": waits} if waits else {})}
        inside, waits = bring.bring(call, self._tools, domain, source, news, olds, forbidden, waits)
        return seen.outputs(call, domain, news, inside, waits)

    def refuse_delete(self, call: Call, id: str, outputs: Props) -> None:
        domain, mac = _leaving(call, id, outputs)
        if domain is not None:
            _refuse_coming_back(call, domain, mac)

    def delete(self, call: Call, id: str, outputs: Props) -> None:
        domain, mac = _leaving(call, id, outputs)
        if domain is None:
            return
        if _refuse_coming_back(call, domain, mac):
            domain.managedSaveRemove()
        if outputs.get("guest") == "agent" and domain.isActive():
            mover.remove_file(domain, mac, self._tools)
        seat.unplug(domain, mac, self._tools.clock, call.timeout)


def _refuse_coming_back(call: Call, domain: api.Domain, mac: str) -> bool:
    """Whether the domain is saved with the NIC, and its memory may be lost; `Refused` where it may not."""
    if not seen.comes_back(domain, mac):
        return False
    if not allowed(domain.name(), "restart"):
        raise saved.refusal(call.host.uri, domain.name(), f"its image still has NIC {mac}")
    what = f"{domain.name()}, which is saved with NIC {mac}, loses what it had in memory (allowed)"
    call.note("restart", "", what)
    return True


def _missing(line: str, waits: str, news: Props) -> bool:
    """Whether this line of drift says no more than that a NIC which waits is not plugged in."""
    return bool(waits) and line.startswith(f"{same_mac(news['mac'])} is not in the ")


def _leaving(call: Call, id: str, outputs: Props) -> tuple[api.Domain | None, str]:
    """The domain that the NIC is unplugged from, noted; None when it is gone, and the NIC with it."""
    uuid, _, mac = id.partition("/")
    mac = outputs.get("mac", mac)
    domain = call.host.domain_by_uuid(outputs.get("domain", uuid))
    if domain is not None and seen.has(domain, mac):
        call.note("live", "", f"NIC {mac} is unplugged from {domain.name()}")
    return domain, mac


def _where(call: Call, uuid: str, mac: str, anywhere: bool) -> api.Domain | None:
    """The domain that has the NIC: the one that had it, or else (``anywhere``) one that it is found in."""
    domain = call.host.domain_by_uuid(uuid)
    if domain is not None and seen.has(domain, mac):
        return domain
    elsewhere = list(seen.others(call, mac, uuid)) if anywhere else []
    return min(elsewhere, key=lambda other: seat.look(other, mac).link != "up", default=None)


def _foretell(
    call: Call, source: api.Domain | None, domain: api.Domain, old_inputs: Props, news: Props
) -> None:
    mac, name = news["mac"], domain.name()
    if source is not None:
        call.note("live", "domain", f"NIC {mac} moves from {source.name()} to {name}, {_how(source, domain)}")
    if old_inputs.get("network", news["network"]) != news["network"]:
        call.note("live", "network", f"NIC {mac} of {name} goes to network {news['network']}")
    if "link" in news and old_inputs.get("link") != news["link"]:
        call.note("live", "link", f"the link of NIC {mac} of {name} goes {news['link']}")
    told = [k for k in bring.INSIDE if k != "mac" and old_inputs.get(k) != news.get(k)]
    if told and news.get("guest") == "agent" and seat.waits(domain, seen.wanted(news)):
        call.note("live", told[0], f"{name} is told of {', '.join(told)} of NIC {mac} once it runs with it")
    elif told and news.get("guest") == "agent":
        call.note("live", told[0], f"{name} is told of {', '.join(told)} of NIC {mac} through its agent")
    elif told:
        call.note("live", told[0], f"{', '.join(told)} of NIC {mac}: nothing is done in {name}")
    if old_inputs.get("forbiddenMacs") != news.get("forbiddenMacs"):
        call.note("live", "forbiddenMacs", f"other MACs are forbidden beside NIC {mac} of {name}")


def _how(source: api.Domain, domain: api.Domain) -> str:
    back = [d.name() for d in (source, domain) if states.is_saved(d)]
    if back:
        return f"once {' and '.join(back)} came back from being saved"
    running = source.isActive() and domain.isActive()
    return "make before break" if running else "its link comes up with the boot of what is shut off"
