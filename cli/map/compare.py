"""The rack as it is declared and what is seen, put beside each other into one picture's content.

Pure: declarations and surveys in.  How it is drawn, others decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import config
from cli.fleet.plugged import Plugged, Sight, plugged
from cli.map.model import NOWHERE, Bar, Box, Card, Float, Mark, Picture, Plug
from cli.rack import FloatFact, floats_of, owners
from config.fleet import Fleet
from engine.display.words import plural
from provider.errors import OperatorError
from provider.nic.nic import Link, Nic
from provider.survey.survey import DomainSeen, HostSeen, NetworkSeen

Known = Mapping[str, FloatFact]  # by MAC


def picture(fleet: Fleet, plans: Mapping[str, config.Plan], sight: Sight | None = None) -> Picture:
    """``plans`` by hypervisor in the order of the rack; ``sight`` None: nobody was asked."""
    known = {fact.mac: fact for fact in floats_of(fleet)}
    sight = None if sight is None else _each_once(plans, sight)
    cards = [_card(plan, known, None if sight is None else sight.get(name)) for name, plan in plans.items()]
    floats = [_float(fact, sight) for fact in known.values()]
    return Picture(sight is not None, fleet, tuple(cards), tuple(floats))


def _each_once(plans: Mapping[str, config.Plan], sight: Sight) -> Sight:
    """A host to which several stacks lead is that of one; to the others it says nothing."""
    of = owners(plans, sight)
    return {
        stack: OperatorError(f"its libvirt:uri leads to the host of {of[stack]}")
        if of.get(stack, stack) != stack
        else seen
        for stack, seen in sight.items()
    }


def _card(plan: config.Plan, known: Known, seen: HostSeen | OperatorError | None) -> Card:
    net = plan.networks.default
    vms = plural(len(plan.vms), "VM") if plan.vms else "no VMs"
    declared = Card(
        name=plan.hypervisor.name,
        words=f"{vms} · MACs {net.mac.rsplit(':', 1)[0]}:xx · addresses {net.network}",
        bars=(_bridged_bar(plan), _default_bar(plan)),
        boxes=tuple(_declared_box(plan, slot) for slot in net.reservations),
        bridges=tuple(b for b in plan.hypervisor.bridges if b.name != plan.networks.bridged.bridge),
    )
    if seen is None:
        return declared
    if isinstance(seen, OperatorError):
        return _greyed(declared, str(seen))
    boxes = (*(_seen_box(plan, known, box, seen) for box in declared.boxes), *_strangers(plan, known, seen))
    bars = [*(_seen_bar(plan, bar, seen) for bar in declared.bars)]
    names = {bar.name for bar in bars}
    bars += [_stranger_bar(n) for n in seen.networks if n.name not in names]
    bars += _places_beside(plan, boxes, {bar.name for bar in bars})
    unread = tuple(each.line for each in seen.unread if each.kind in ("domain", "network", "leases"))
    return replace(declared, boxes=boxes, bars=tuple(bars), unread=unread)


def _greyed(card: Card, reason: str) -> Card:
    unknown = Mark.UNKNOWN
    return replace(
        card,
        reason=reason,
        bars=tuple(replace(bar, mark=unknown) for bar in card.bars),
        boxes=tuple(map(_unknown, card.boxes)),
    )


def _unknown(box: Box) -> Box:
    plugs = tuple(replace(plug, mark=Mark.UNKNOWN) for plug in box.plugs)
    return replace(box, mark=Mark.UNKNOWN, plugs=plugs)


def _bridged_bar(plan: config.Plan) -> Bar:
    net = plan.networks.bridged
    found = next((b for b in plan.hypervisor.bridges if b.name == net.bridge), None)
    if found is None:
        words = f"{net.bridge} · address, MAC and port of this hypervisor are not declared"
        return Bar(net.name, words, known=False)
    return Bar(net.name, f"{found.name} · {found.address}/{found.prefix} · {found.mac} · port {found.port}")


def _default_bar(plan: config.Plan) -> Bar:
    net = plan.networks.default
    first, last = net.dhcp_range
    ports = f"NAT ports {net.nat_ports[0]}–{net.nat_ports[1]}"
    dhcp = f"DHCP {first}–{last.rsplit('.', 1)[1]}"
    return Bar(net.name, f"{net.bridge} · {net.gateway} · {net.mac} · {dhcp} · {ports}")


def _declared_box(plan: config.Plan, slot: config.Reservation) -> Box:
    """A slot; where a VM is declared on it, with that one's own NIC, and those of its floats."""
    if all(vm.name != slot.name for vm in plan.vms):
        return Box(slot.name, slot.address, slot.mac, False)
    own = Plug("", slot.mac, slot.address, plan.networks.default.name)
    bridged = plan.networks.bridged.name
    floats = (Plug(f.label, f.mac, f.address, bridged) for f in plan.floats_of(slot.name))
    return Box(slot.name, slot.address, slot.mac, True, plugs=(own, *floats))


def _seen_box(plan: config.Plan, known: Known, box: Box, seen: HostSeen) -> Box:
    name = _domains(plan)[box.name]
    domain = seen.domain(name)
    if domain is None and seen.unread_of("domain", name):
        return _unknown(box)
    if domain is None:
        gone = tuple(replace(p, mark=Mark.MISSING) for p in box.plugs)
        return replace(box, mark=Mark.MISSING, plugs=gone) if box.vm else box
    state, plugs = _state(domain), _plugs(plan, known, domain, box.plugs)
    mark = Mark.EXTRA if not box.vm else Mark.STOPPED if state else Mark.SAME
    return replace(box, vm=True, mark=mark, state=state, plugs=plugs)


def _domains(plan: config.Plan) -> dict[str, str]:
    """The domain of each slot's VM, by the slot's name: it is called otherwise where it was taken over so."""
    names = {slot.name: slot.name for slot in plan.networks.default.reservations}
    return names | {vm.name: vm.domain for vm in plan.vms}


def _strangers(plan: config.Plan, known: Known, seen: HostSeen) -> Iterator[Box]:
    """The domains that are no slot's on this hypervisor."""
    names = set(_domains(plan).values())
    leases = {lease.mac: lease.address for lease in seen.leases}
    for domain in seen.domains:
        if domain.name not in names:
            mac = next((nic.mac for nic in _plugged(domain)), "no NIC")
            plugs = _plugs(plan, known, domain, ())
            yield Box(domain.name, leases.get(mac, ""), mac, True, Mark.EXTRA, _state(domain), plugs)
    for each in seen.unread_of("domain"):
        if each.name is not None and each.name not in names:
            yield Box(each.name, "", "not read", True, Mark.UNKNOWN)


def _state(domain: DomainSeen) -> str:
    return "" if domain.state == "running" else domain.state


def _plugged(domain: DomainSeen) -> tuple[Nic, ...]:
    """What is plugged in now; in a VM that does not run, what it would start or come back with."""
    return (domain.live or domain.saved or domain.seen).nics


def _plugs(plan: config.Plan, known: Known, domain: DomainSeen, wanted: Iterable[Plug]) -> tuple[Plug, ...]:
    """The wanted NICs as they are seen, then all others."""
    groups = Counter((nic.mac, *_place(plan, nic), nic.link) for nic in _plugged(domain))
    plugs = []
    for plug in wanted:
        mine = {key: count for key, count in groups.items() if key[0] == plug.mac}
        plugs += _compared(plug, mine) or [replace(plug, mark=Mark.MISSING)]
    macs = {plug.mac for plug in wanted}
    for (mac, bar, direct, link), count in groups.items():
        if mac not in macs:
            held = known.get(mac)
            label, address = (held.label, held.address) if held else ("", "")
            notes = tuple(_notes(direct, link))
            plugs.append(Plug(label, mac, address, bar, Mark.EXTRA, count, notes))
    return tuple(plugs)


def _compared(wanted: Plug, groups: Mapping[tuple[str, str, str, Link], int]) -> list[Plug]:
    """One plug for each place in which the wanted NIC is; several copies are one too many in each of them."""
    plugs = []
    for (_, bar, direct, link), count in groups.items():
        notes = [*([f"not {wanted.bar}"] if bar != wanted.bar else []), *_notes(direct, link)]
        mark = Mark.OTHER if notes or count > 1 or len(groups) > 1 else Mark.SAME
        plugs.append(replace(wanted, bar=bar, mark=mark, copies=count, notes=tuple(notes)))
    return plugs


def _notes(direct: str, link: Link) -> list[str]:
    return [*([direct] if direct else []), *(["link down"] if link == "down" else [])]


def _place(plan: config.Plan, nic: Nic) -> tuple[str, str]:
    """The bar into which a NIC is plugged, and a note where that is the bridge and not the network on it."""
    if nic.network is not None:
        return nic.network, ""
    if nic.bridge is None:
        return NOWHERE, ""
    for net in (plan.networks.bridged, plan.networks.default):
        if nic.bridge == net.bridge:
            return net.name, f"on {nic.bridge} itself"
    return nic.bridge, ""


def _seen_bar(plan: config.Plan, bar: Bar, host: HostSeen) -> Bar:
    seen = host.network(bar.name)
    if seen is None and host.unread_of("network", bar.name):
        return replace(bar, mark=Mark.UNKNOWN, note="not read")
    if seen is None:
        return replace(bar, mark=Mark.MISSING, note="not there")
    if not seen.active:
        return replace(bar, mark=Mark.STOPPED, note="not active")
    nat = plan.networks.default
    wanted = nat if bar.name == nat.name else plan.networks.bridged
    notes = [f"on {seen.bridge}"] if seen.bridge != wanted.bridge else []
    if wanted is nat and seen.mac != nat.mac:
        notes.append(f"MAC {seen.mac}")
    return replace(
        bar, mark=Mark.OTHER if notes else Mark.SAME, note="seen " + ", ".join(notes) if notes else ""
    )


def _stranger_bar(seen: NetworkSeen) -> Bar:
    parts = [seen.mode if seen.mode != "none" else "isolated", seen.bridge, seen.mac]
    parts += [] if seen.active else ["not active"]
    return Bar(seen.name, " · ".join(p for p in parts if p), mark=Mark.EXTRA)


def _places_beside(plan: config.Plan, boxes: Iterable[Box], known: set[str]) -> Iterator[Bar]:
    """Where NICs are plugged that is no network of libvirt's."""
    declared = {bridge.name for bridge in plan.hypervisor.bridges}
    for name in sorted({plug.bar for box in boxes for plug in box.plugs} - known - {NOWHERE}):
        words = "a bridge of the hypervisor" if name in declared else "no network of libvirt's has this name"
        yield Bar(name, words, mark=Mark.EXTRA)


def _float(fact: FloatFact, sight: Sight | None) -> Float:
    float_ = Float(fact)
    if sight is None:
        return float_
    home, found = fact.home, plugged(fact.mac, sight)
    if home and isinstance(sight.get(home), OperatorError):
        return replace(float_, mark=Mark.UNKNOWN, seen=_words(found) or f"{home} not reached")
    if not home:
        return replace(float_, mark=Mark.EXTRA, seen=_words(found)) if found else float_
    hidden = [
        f"{each.name or 'the domains'} on {where} not read"
        for where, host in sight.items()
        for each in (host.unread_of("domain") if isinstance(host, HostSeen) else ())
    ]
    if not found and hidden:
        return replace(float_, mark=Mark.UNKNOWN, seen=", ".join(hidden))
    if not found:
        return replace(float_, mark=Mark.MISSING, seen="plugged nowhere")
    right = [(p.hypervisor, p.vm, p.copies) for p in found] == [(home, fact.holder, 1)]
    return float_ if right else replace(float_, mark=Mark.OTHER, seen=_words(found))


def _words(found: Iterable[Plugged]) -> str:
    return ", ".join(map(str, found))
