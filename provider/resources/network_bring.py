"""An existing network and the declared properties: how they differ, and how they are brought together."""

from __future__ import annotations

from typing import Any

from provider.errors import OperatorError, Refused
from provider.resources import shape
from provider.resources.base import Props
from provider.resources.compare import as_declared
from provider.virt import api, xslt
from provider.virt.host import Host
from provider.virt.network_host import Sides, check_host, sides
from provider.virt.network_plan import dns_calls, reservation_calls
from provider.virt.network_replug import replug
from provider.virt.network_xml import render, skeleton, view

Reservation = dict[str, str]


def fresh(inputs: Props, uuid: str) -> str:
    """The XML of a new network."""
    return _styled(render(inputs, skeleton(uuid)), inputs)


def bring(host: Host, network: api.Network, inputs: Props, restyled: bool, preview: bool) -> None:
    """Bring an existing network to the declared properties; `Refused` for what would take it down.

    ``restyled``: the stylesheet is not the one that the network was last defined with.
    """
    both = sides(network)
    wanted_xml = _wanted(both, inputs)
    wanted = view(wanted_xml)
    declared = [key for key in inputs if key in wanted and key != "dhcpHosts"]
    _refuse(network.name(), both, wanted, declared, restyled)
    check_host(host, {**wanted, **inputs}, network.UUIDString())
    if preview:
        return
    stale = both.persistent is None or not _equal(wanted, view(both.persistent), declared)
    if restyled or stale:
        network = host.conn.networkDefineXML(wanted_xml)
        both = sides(network)
    _update_live(network, both, inputs)
    if not network.isActive():
        network.create()
    if wanted["mode"] != "bridge":
        replug(host, network)
    if "autostart" in inputs and bool(network.autostart()) != inputs["autostart"]:
        network.setAutostart(int(inputs["autostart"]))
    verify(network, inputs)


def _refuse(name: str, both: Sides, wanted: Props, declared: list[str], restyled: bool) -> None:
    seen = view(both.base)
    if wanted["name"] != seen["name"]:
        raise Refused(
            f"network {seen['name']}: name can't be changed to {wanted['name']}: guests are plugged in by name; "
            "declare a new network, and move them"
        )
    if both.live is None:
        return
    outage = "while it runs: libvirt would have to restart it, which unplugs every guest (network outage)"
    if restyled:
        raise Refused(f"network {name}: xml.xslt can't be changed {outage}")
    running = view(both.live)
    for key in declared:
        before, after = _lasting(key, running.get(key)), _lasting(key, wanted[key])
        if not _same(before, after):
            path = next(iter(shape.changed(before, after, key)))
            was, will = shape.at({key: before}, path), shape.at({key: after}, path)
            raise Refused(f"network {name}: {path} can't be changed from {was!r} to {will!r} {outage}")


def _update_live(network: api.Network, both: Sides, inputs: Props) -> None:
    calls = []
    if "dhcpHosts" in inputs:
        calls += reservation_calls(inputs["dhcpHosts"], both.live, both.persistent)
    if "hosts" in inputs.get("dns", {}):
        calls += dns_calls(inputs["dns"]["hosts"], both.live, both.persistent)
    for one in calls:
        network.update(one.command, one.section, -1, one.xml, one.flags)


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
    """The declared properties as the host has them.  A difference in either definition is a difference."""
    both = sides(network)
    wanted = view(_wanted(both, inputs))
    known = [view(xml) for xml in (both.persistent, both.live) if xml is not None]
    seen = {key: _differing(key, wanted[key], known) for key in wanted if any(key in side for side in known)}
    result = as_declared(inputs, wanted, seen, _same)
    if "autostart" in inputs:
        result["autostart"] = bool(network.autostart())
    if "dhcpHosts" in inputs:
        result["dhcpHosts"] = _hosts_as_declared(inputs["dhcpHosts"], [side["dhcpHosts"] for side in known])
    return result


def _differing(key: str, wanted: Any, sides: list[Props]) -> Any:
    """What the first side says that differs from what is wanted; all of them agree when none does."""
    values = [side[key] for side in sides if key in side]
    return next((value for value in values if not _same(value, wanted)), values[0])


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


def _wanted(both: Sides, inputs: Props) -> str:
    """The definition with the declared properties.  A stylesheet is applied once, so to a definition that has not
    been through it: of the existing one, only what libvirt itself chose is kept there."""
    if "xml" not in inputs:
        return render(inputs, both.base)
    seen = view(both.base)
    kept: Props = {key: seen[key] for key in ("mode", "bridge", "mac") if key in seen}
    return fresh({**kept, **inputs, "name": inputs.get("name", seen["name"])}, both.uuid)


def _styled(xml: str, inputs: Props) -> str:
    stylesheet = inputs.get("xml", {}).get("xslt")
    return xslt.apply(xml, stylesheet) if stylesheet else xml


def _equal(one: Props, other: Props, keys: list[str]) -> bool:
    return all(_same(one.get(key), other.get(key)) for key in keys)


def _same(one: Any, other: Any) -> bool:
    """Equal, the order of lists aside: libvirt keeps an order of its own after updates."""
    if isinstance(one, list) and isinstance(other, list):
        return sorted(one, key=repr) == sorted(other, key=repr)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return bool(one == other)


def _lasting(key: str, value: Any) -> Any:
    """The part of a property that can't be changed while the network runs."""
    return {k: v for k, v in value.items() if k != "hosts"} if key == "dns" and value else value
