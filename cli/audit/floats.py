"""Faults of MACs and floats: who has which, and with which address inside."""

from __future__ import annotations

from collections.abc import Iterator

from cli.audit import unplug
from cli.audit.finding import Finding
from cli.audit.world import AGENT, LOOPBACK, Seat, World, plugged_into
from cli.rack import FloatFact
from config.plan import Float, VirtualMachine
from provider.guest.addresses import Address
from provider.guest.config import Setup, file_for
from provider.guest.files import Setting
from provider.survey.survey import DomainSeen

LINK_DOWN = "has its link down"
NOT_LIVE = "is not in the running guest"


def mac_repeated(world: World) -> Iterator[Finding]:
    for seat in world.seats:
        if max(seat.live, seat.config) > 1:
            sides = [
                f"{count} times in {place}"
                for count, place in ((seat.live, "the running guest"), (seat.config, "its definition"))
                if count > 1
            ]
            what = f"the same NIC {seat.mac}{_called(world, seat.mac)} is plugged in {' and '.join(sides)}"
            mend, floats = unplug.mend(world, seat, keep=1), _labels(world, seat.mac)
            yield Finding(seat.stack, seat.domain.name, what, mend, floats=floats)


def mac_shared(world: World) -> Iterator[Finding]:
    by_mac: dict[str, list[Seat]] = {}
    for seat in world.seats:
        by_mac.setdefault(seat.mac, []).append(seat)
    for mac, seats in by_mac.items():
        wrong = [seat for seat in seats if not _is_right(world, seat)]
        if len(seats) > 1:
            first = (wrong or seats)[0]
            what = f"the same MAC {mac}{_called(world, mac)} is in {', '.join(s.where for s in seats)}"
            mend = _mend_shared(world, seats, wrong)
            yield Finding(first.stack, first.domain.name, what, mend, floats=_labels(world, mac))


def _mend_shared(world: World, seats: list[Seat], wrong: list[Seat]) -> str:
    if held := world.float_of_mac(seats[0].mac):
        return _mend_float(world, held)
    if len(wrong) < len(seats):
        return "; ".join(dict.fromkeys(unplug.mend(world, seat) for seat in wrong))
    # Nobody's own: of one that is planned for a VM which does not have it, none may keep it.
    given = wrong if seats[0].mac in world.owners else wrong[1:]
    return "; ".join(unplug.another_mac(world, seat) for seat in given)


def float_mac(world: World) -> Iterator[Finding]:
    for seat in world.seats:
        held = world.float_of_mac(seat.mac)
        if held is not None and not _is_right(world, seat):
            astray = held.holder is not None and not unplug.works(world, held)
            alone = "; it works here, and not where it belongs" if astray and unplug.is_up(seat) else ""
            what = f"it has a NIC with {held.label}'s MAC {held.mac}, but {held.whose}{alone}"
            mend = _mend_float(world, held)
            yield Finding(seat.stack, seat.domain.name, what, mend, floats=(held.label,))


def _mend_float(world: World, held: FloatFact) -> str:
    """The same for all that have it and are not to: it is one round."""
    wrong = [seat for seat in world.seats if seat.mac == held.mac and not _is_right(world, seat)]
    if held.holder is not None and not unplug.works(world, held):
        return unplug.room_first(world, held) or unplug.bring(world, wrong, held)
    return "; ".join(dict.fromkeys(unplug.mend(world, seat) for seat in wrong))


def float_unplugged(world: World) -> Iterator[Finding]:
    for stack, held, _, domain in _held(world):
        if what := _unplugged(world, stack, held, domain):
            text = f"{held.label}'s NIC {held.mac} {what}"
            waits = unplug.waits(domain, held.mac)
            told = f"{text}: {waits}" if waits and what == NOT_LIVE else text
            mend = _plugged(world, Seat(stack, domain, held.mac, 1, 1), what, waits)
            yield Finding(stack, domain.name, told, mend, floats=(held.label,))


def _plugged(world: World, seat: Seat, what: str, waits: str) -> str:
    """``waits``: why the running guest can't be given it; its definition can."""
    if what == LINK_DOWN:
        return _link_up(world, seat)
    up = world.up(seat.stack)
    if not waits:
        return up
    again = unplug.restarted(world, seat.stack, seat.domain)
    return again if what == NOT_LIVE else f"{up}, which leaves it to the next start ({waits}), and {again}"


def _unplugged(world: World, stack: str, held: Float, domain: DomainSeen) -> str:
    sides = [
        [nic for nic in side.nics if nic.mac == held.mac]
        for side in (domain.live, domain.config, domain.saved)
        if side is not None
    ]
    if not any(sides):
        elsewhere = any(seat.mac == held.mac for seat in world.seats)
        unread = ", ".join(world.unread_domains())
        beside = f", but for {unread}, of which it is not known" if unread else ""
        return "" if elsewhere else f"is plugged in nowhere{beside}"  # who else has it is told by float-mac
    if not all(sides):
        if domain.saved is not None and not sides[-1]:
            return "is not in its saved image, with which it comes back"
        return NOT_LIVE if domain.live is not None and not sides[0] else "is not in its definition"
    bridged = world.rack.plans[stack].networks.bridged
    wrong = [nic for side in sides for nic in side if not plugged_into(nic, bridged)]
    if wrong:
        return f"is plugged into {wrong[0].place}, not into network {bridged.name}"
    if domain.live is not None and all(nic.link == "down" for nic in sides[0]):
        return LINK_DOWN
    return ""


def _link_up(world: World, seat: Seat) -> str:
    """virsh hands libvirt the NIC as it runs, which takes one off a network that is forwarded by a bridge and plugs it
    into that bridge: an `up` puts it back, and interrupts nothing."""
    return " && ".join((*unplug.links_up(world, seat), world.up(seat.stack)))


def float_address(world: World) -> Iterator[Finding]:
    """An address of a float on another MAC than that float's."""
    for stack, (_, host) in world.seen.items():
        for domain in host.domains:
            macs = {nic.mac for nic in domain.nics}
            pairs = world.addresses(stack, domain)
            for setting in world.inside(stack, domain.name).settings:
                for address in setting.addresses if setting.mac in macs else ():
                    asked = pairs.get((setting.mac, address))
                    file = f"its file {setting.path}"
                    pairs[setting.mac, address] = f"{asked} and {file}" if asked else file
            for (mac, address), said in pairs.items():
                right = world.float_of_address(address)
                if right is not None and mac not in (right.mac, LOOPBACK):
                    yield _misplaced(world, stack, domain, mac, right, said)


def _misplaced(
    world: World, stack: str, domain: DomainSeen, mac: str, right: FloatFact, said: str
) -> Finding:
    wrong = world.float_of_mac(mac)
    whose = f"{wrong.label}'s MAC {mac}" if wrong else f"MAC {mac}"
    what = f"{whose} has {right.label}'s address {right.address}, whose MAC is {right.mac} (asked: {said})"
    floats = (right.label, *((wrong.label,) if wrong else ()))
    name = world.name_of(stack, domain)
    if wrong is not None and wrong.holder != name and unplug.up_unplugs(world, stack, domain, mac):
        return Finding(stack, domain.name, what, world.up(stack), floats=floats)
    mend = f"in {domain.name}: take {right.address} off that NIC, and out of the file that gives it"
    return Finding(stack, domain.name, what, mend, floats=floats)


def float_not_set_up(world: World) -> Iterator[Finding]:
    for stack, held, vm, domain in _held(world):
        live = [nic for nic in (domain.live.nics if domain.live else ()) if nic.mac == held.mac]
        has = _interfaces(world, stack, domain, held)
        if world.inside(stack, domain.name).agent and live and all(each.beside for each in has):
            what = f"{held.label}'s NIC {held.mac} does not have its address {held.address} inside"
            but = f", but {_names(has)} does, which has its MAC" if has else ""
            mend = "; ".join((*_taken_off(domain, held, has), _set_up(world, stack, held, vm, domain)))
            yield Finding(stack, domain.name, f"{what}{but} (asked: {AGENT})", mend, floats=(held.label,))


def float_twice(world: World) -> Iterator[Finding]:
    """One address on two interfaces of a guest that have one MAC: what leaves takes either."""
    for stack, held, _, domain in _held(world):
        has = _interfaces(world, stack, domain, held)
        if len(has) > 1 and not all(each.beside for each in has):
            what = f"{held.label}'s address {held.address} is on {_names(has)}, which have one MAC {held.mac}"
            mend = "; ".join(_taken_off(domain, held, has)) or (
                f"in {domain.name}: ip addr del {held.address}/{held.prefix} dev … on all but the NIC itself"
            )
            yield Finding(stack, domain.name, f"{what} (asked: {AGENT})", mend, floats=(held.label,))


def _interfaces(world: World, stack: str, domain: DomainSeen, held: Float) -> list[Address]:
    """Of those with the float's MAC, the guest's interfaces that have its address."""
    found = world.inside(stack, domain.name).addresses
    return [each for each in found if (each.mac, each.address) == (held.mac, held.address)]


def _names(has: list[Address]) -> str:
    return " and ".join(each.name for each in has)


def _taken_off(domain: DomainSeen, held: Float, has: list[Address]) -> Iterator[str]:
    for each in has:
        if each.beside:
            yield (
                f"in {domain.name}: ip addr del {held.address}/{held.prefix} dev {each.name}, with the default route "
                "by it if there is one"
            )


def _set_up(world: World, stack: str, held: Float, vm: VirtualMachine, domain: DomainSeen) -> str:
    """An `up` looks for the file in the guest, and not whether the guest does as it says."""
    setup = Setup(held.mac, (f"{held.address}/{held.prefix}",), held.gateway, held.metric)
    route = (
        f" && ip route replace default via {held.gateway} dev … metric {held.metric}" if held.gateway else ""
    )
    for setting in world.inside(stack, domain.name).settings:
        if setting.mac == held.mac and held.address in setting.addresses:
            do = f"ip addr add {setup.addresses[0]} dev …{route}"
            return f"in {domain.name}: {setting.path} says so, and is not in force: {do}"
    if vm.guest == "agent":
        return world.up(stack)
    file = file_for("ifcfg", setup)
    lines = ", ".join(line for line in file.content.splitlines() if line and not line.startswith("#"))
    return f"in {domain.name}: a file like {file.path} with {lines}; then as it says"


def guest_file(world: World) -> Iterator[Finding]:
    for stack, domain, setting in _strays(world):
        for held in _spoilt(world, stack, domain, setting):
            what = (
                f"its file {setting.path} is for a NIC {setting.mac}, which it does not have, and gives it "
                f"{held.label}'s address {held.address}, whose MAC is {held.mac} (asked: {AGENT})"
            )
            mend = f"in {domain.name}, {setting.path}: {setting.mac} is to be {held.mac}"
            yield Finding(stack, domain.name, what, mend, floats=(held.label,))


def guest_file_left(world: World) -> Iterator[Finding]:
    for stack, domain, setting in _strays(world):
        if not _spoilt(world, stack, domain, setting):
            what = (
                f"its file {setting.path} is for a NIC {setting.mac}, which it does not have (asked: {AGENT})"
            )
            yield Finding(stack, domain.name, what, f"in {domain.name}: rm {setting.path}")


def _strays(world: World) -> Iterator[tuple[str, DomainSeen, Setting]]:
    """What files say of NICs that the guest does not have."""
    for stack, (_, host) in world.seen.items():
        for domain in host.domains:
            macs = {nic.mac for nic in domain.nics}
            for setting in world.inside(stack, domain.name).settings:
                if setting.mac not in macs:
                    yield stack, domain, setting


def _spoilt(world: World, stack: str, domain: DomainSeen, stray: Setting) -> list[FloatFact]:
    """The VM's own floats that are set up by nothing but this file, which is for another MAC than theirs."""
    fitting = {
        address
        for setting in world.inside(stack, domain.name).settings
        for address in setting.addresses
        if setting.mac in {nic.mac for nic in domain.nics}
    }
    return [
        held
        for held in world.floats
        if held.address in stray.addresses
        and held.mac != stray.mac
        and (held.home, held.holder) == (stack, world.name_of(stack, domain))
        and held.address not in fitting
    ]


def _held(world: World) -> Iterator[tuple[str, Float, VirtualMachine, DomainSeen]]:
    """Each float whose holder is there."""
    for stack, vm, domain in world.vms():
        for held in world.rack.plans[stack].floats_of(vm.name):
            yield stack, held, vm, domain


def _is_right(world: World, seat: Seat) -> bool:
    """Whether the plan gives this MAC to this domain."""
    here = (seat.stack, world.name_of(seat.stack, seat.domain))
    if held := world.float_of_mac(seat.mac):
        return (held.home, held.holder) == here
    owner = world.owners.get(seat.mac)
    return owner is not None and (owner[0], owner[1].name) == here


def _called(world: World, mac: str) -> str:
    labels = _labels(world, mac)
    return f" ({labels[0]}'s)" if labels else ""


def _labels(world: World, mac: str) -> tuple[str, ...]:
    held = world.float_of_mac(mac)
    return (held.label,) if held else ()
