"""An existing network and the declared properties: how they differ, and how they are brought together."""

from __future__ import annotations

from functools import partial
from typing import Any

from provider.connection import api, errors
from provider.errors import OperatorError, Refused, Unfinished
from provider.host import kernel, optional
from provider.impact import allow
from provider.network import foreign, leases, startable, tell
from provider.network.change import Sides, at_once, plan, same, waits_now, wanted
from provider.network.host import check_host, sides
from provider.network.replug import left_aside, plugged_now, replug, restart, unplugged
from provider.network.seen import Seen, view
from provider.network.startable import Start
from provider.resource import shape
from provider.resource.base import Call, Props
from provider.resource.shape import as_declared

Reservation = dict[str, str]


def bring(
    call: Call, network: api.Network, inputs: Props, restyled: bool, preview: bool, look: kernel.Look
) -> tuple[str, ...]:
    """Bring an existing network to the declared properties; what then waits for its restart.

    The network is restarted only when the operator has allowed its outage in this run, and something waits for it.
    ``restyled``: the stylesheet is not the one that the network was last defined with.
    """
    host, both = call.host, sides(network)
    after = view(wanted(both, inputs))
    before = view(both.base)["name"]
    if after["name"] != before:
        raise Refused(
            f"network {before}: name can't be changed to {after['name']}: guests are plugged in by name; "
            "declare a new network, and move them"
        )
    check_host(host, {**after, **inputs}, network.UUIDString(), call.tell)
    change = plan(inputs, both, restyled)
    restarts = bool(change.waits) and allow.allowed(network.name(), "network outage")
    if restarts or both.live is None:
        startable.check(call, look, Start.of(change.define or both.base, both.live))
    seen, live = as_seen(network, inputs), at_once(both, after)
    told = tell.Told(network.name(), inputs, seen, both, change, live, restyled, restarts)
    tell.tell(call, told)
    _tell_more(call, network, told, look)
    if preview:
        if restarts:
            tell.foretell(call, both, change, _running(call, network))
        return () if restarts else change.waits
    return _make(call, network, told)


def _tell_more(call: Call, network: api.Network, told: tell.Told, look: kernel.Look) -> None:
    """What is mended by the way, what a new definition can't keep, and who has the addresses that are planned."""
    name, change = network.name(), told.change
    cut_off = {domain.name() for domain, _ in unplugged(call.host, network, call.tell)}
    if cut_off:
        call.note("live", "unplugged", f"{', '.join(sorted(cut_off))} plugged in again")
    if left := left_aside(call.host, network, call.tell):
        what = f"empty network {left.name()} is removed: guests wait in it while {name} is restarted"
        call.note("live", "leftOver", what)
    if change.define is not None and (gone := foreign.lost(told.both.base, change.define)):
        call.tell(f"network {name}: its new definition does not have what no property says: {gone}")
    if "dhcpHosts" in told.served:
        leases.tell(call, network, told.inputs, told.seen, look)


def _make(call: Call, network: api.Network, told: tell.Told) -> tuple[str, ...]:
    done: list[str] = []
    try:
        network = _do(call, network, told, done)
    except errors.VirtError as error:
        if not done or errors.lost(error):
            raise
        raise Unfinished(
            f"network {network.name()}: {errors.said(error)}; done before it: {', '.join(done)}"
        ) from error
    verify(network, told.inputs)
    return waits_now(told.inputs, sides(network))


def _do(call: Call, network: api.Network, told: tell.Told, done: list[str]) -> api.Network:
    """The steps; each that is done is told in ``done``."""
    host, change, inputs = call.host, told.change, told.inputs
    if change.define is not None:
        network = host.conn.networkDefineXML(change.define)
        done.append("its definition")
    for one in change.updates:
        network.update(one.command, one.section, -1, one.xml, one.flags)
        done.append(tell.update_done(one))
    if not network.isActive():
        network.create()
        done.append("its start")
    elif told.restarts and told.both.live is not None:
        _restart(call, network, told.both, told.both.live)
        done.append("its restart")
    replug(host, network, call.tell)
    if "autostart" in inputs and bool(network.autostart()) != inputs["autostart"]:
        network.setAutostart(int(inputs["autostart"]))
    return network


def _restart(call: Call, network: api.Network, former: Sides, live: str) -> None:
    now, then = view(live), view(sides(network).base)
    keeps_ports = now["mode"] == then["mode"] == "bridge" and now["bridge"] == then["bridge"]
    outage = restart(call.host, network, former, call.tell, keeps_ports)
    tell.measured(call, now, then, outage)


def _running(call: Call, network: api.Network) -> set[str] | None:
    """The guests that a restart cuts off; None where that can't be told."""
    what, ask = f"the guests of {call.host.uri}", partial(plugged_now, call.host, network)
    unknown = f"which of them are plugged into network {network.name()} is not known"
    plugged = optional.look(call.tell, what, ask, None, unknown)
    return None if plugged is None else {domain.name() for domain, _ in plugged}


def verify(network: api.Network, inputs: Props) -> None:
    """Success is what libvirt says afterwards."""
    seen = as_seen(network, inputs)
    wrong = shape.changed(seen, inputs)
    if wrong:
        path = next(iter(wrong))
        raise OperatorError(
            f"network {network.name()}: libvirt took the change, but {path} is {shape.at(seen, path)!r} and not "
            f"{shape.at(inputs, path)!r}"
        )


def as_seen(network: api.Network, inputs: Props) -> Props:
    """The declared properties as the host has them.  What a running network can take is as declared when both
    definitions have it so; what waits for its restart, when the persistent one has."""
    return seen_in(sides(network), bool(network.autostart()), inputs)


def seen_in(both: Sides, autostart: bool, inputs: Props) -> Props:
    """`as_seen`, pure."""
    after = view(wanted(both, inputs))
    known = [view(xml) for xml in (both.persistent, both.live) if xml is not None]
    live = at_once(both, after)
    seen = {key: _differing(key, after[key], _judges(key, known, live)) for key in after}
    seen = {key: value for key, value in seen.items() if value is not None}
    names = _differing("hosts", after["dns"]["hosts"], [side["dns"] for side in known])
    seen["dns"] = {**known[0]["dns"], "hosts": names}
    result = as_declared(inputs, after, seen, same)
    if "autostart" in inputs:
        result["autostart"] = autostart
    if "dhcpHosts" in inputs:
        judges = [side["dhcpHosts"] for side in _judges("dhcpHosts", known, live)]
        result["dhcpHosts"] = _hosts_as_declared(inputs["dhcpHosts"], judges)
    return result


def _judges(key: str, known: list[Seen], live: frozenset[str]) -> list[Seen]:
    """The definitions that tell whether a property is as declared."""
    return known if key in live else known[:1]


def _differing(key: str, after: Any, sides: list[Seen]) -> Any:
    """What the first side says that differs from what is wanted; all of them agree when none does."""
    values = [side[key] for side in sides if key in side]
    return next((value for value in values if not same(value, after)), values[0] if values else None)


def _hosts_as_declared(declared: list[Reservation], sides: list[list[Reservation]]) -> list[Reservation]:
    """The reservations that are there: declared ones in declared order and spelling, then strangers.

    One that either side lacks is not there; one that differs in either is as it is there.
    """
    there = [{host.get("mac", host.get("name", "")): host for host in side} for side in sides]
    result = []
    for host in declared:
        mac = host["mac"].lower()
        found = [side.pop(mac, None) for side in there]
        if None not in found:
            result.append(next((one for one in found if one and one != {**host, "mac": mac}), host))
    strangers = {key: host for side in there for key, host in side.items()}
    return [*result, *strangers.values()]
