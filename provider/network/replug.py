"""Restarting a network under running guests, and plugging in again those that a restart has cut off.

When a network is stopped, by hand for example, every guest's tap leaves its bridge and stays out when the network is
started again, though the guest's XML still looks plugged in: what tells is that the network has no port of the NIC's
``portid``.  An update of the NIC that changes nothing does nothing, so each is moved to an empty network and back:
a few milliseconds, and the guest sees no change of its carrier.

The empty network is named after the UUID of the one it is for, so that what was left in it when somebody was killed is
found, and brought back, by the next update.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from lxml import etree

from provider.connection import api, errors
from provider.errors import Unfinished
from provider.host import optional
from provider.host.definitions import live_xml
from provider.host.elements import written
from provider.host.host import Host
from provider.network import ports
from provider.network.change import Sides
from provider.network.seen import view
from provider.network.xml import render
from provider.nic import nic

_LIVE = 1
_GUESTS: Final = "which guests are cut off is not known"
_LEFT: Final = "the empty network that a restart may have left stays if it is there"
Plugged = tuple[api.Domain, str]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Outage:
    """From the network's stop to the last tap back on its bridge, and the names of the guests on it."""

    seconds: float
    guests: tuple[str, ...]


def aside_name(network: api.Network) -> str:
    return ports.aside_name(network.UUIDString())


def left_aside(host: Host, network: api.Network, tell: optional.Tell) -> api.Network | None:
    """The empty network if a restart has left it."""
    name = aside_name(network)
    return optional.look(tell, f"network {name}", partial(host.network_by_name, name), None, _LEFT)


def plugged_now(host: Host, network: api.Network) -> list[Plugged]:
    """Each NIC of a running domain, declared or not, that belongs on this network: its XML as a definition has it."""
    found, names = [], (network.name(), aside_name(network))
    for domain in host.conn.listAllDomains():
        found += [(domain, one.xml) for one in nic.nics(live_xml(domain)) if one.network in names]
    return found


def unplugged(host: Host, network: api.Network, tell: optional.Tell) -> list[Plugged]:
    """Those of them that look plugged in and are not, or are still in the empty network."""
    if not network.isActive() or view(network.XMLDesc())["mode"] == "bridge":
        return []  # the host's own bridge keeps its ports
    what = f"the ports of network {network.name()}"
    found = optional.look(tell, what, network.listAllPorts, None, _GUESTS)
    if found is None:
        return []
    uuids = {port.UUIDString() for port in found}
    return [(domain, xml) for domain, xmls in _running(host, network, uuids, tell) for xml in xmls]


def _running(
    host: Host, network: api.Network, uuids: Collection[str], tell: optional.Tell
) -> Iterator[tuple[api.Domain, list[str]]]:
    """The running domains with their NICs that are cut off, but for those that have gone and those that can't be
    looked at."""
    name, uuid = network.name(), network.UUIDString()

    def look(domain: api.Domain) -> list[str]:
        live = live_xml(domain)
        return [] if live is None else [one.xml for one in ports.cut_off(live, name, uuid, uuids)]

    for domain in optional.look(tell, f"the guests of {host.uri}", host.conn.listAllDomains, (), _GUESTS):
        unknown = "whether it is cut off is not known"
        yield domain, optional.look(tell, f"guest {domain.name()}", partial(look, domain), [], unknown)


def replug(host: Host, network: api.Network, tell: optional.Tell) -> tuple[str, ...]:
    """Plug in every guest that is cut off, and name them; `Unfinished` names those that still are."""
    cut_off = unplugged(host, network, tell)
    trouble = _move(host, network, _aside(host, network), cut_off, tell) if cut_off else ""
    _tidy(host, network, tell)
    if trouble:
        raise Unfinished(f"network {network.name()} runs, but {trouble}; the next update tries it again")
    return _names(cut_off)


def restart(
    host: Host, network: api.Network, former: Sides, tell: optional.Tell, keeps_ports: bool = False
) -> Outage:
    """Stop and start the network, and plug every running guest in again.

    ``former``: its definitions before the change, with which it is started again when the new one fails.
    ``keeps_ports``: it is forwarded by a bridge of the host before and after, which keeps its ports.
    `Unfinished` says how it is, who is cut off, and since when.
    """
    name, everyone = network.name(), plugged_now(host, network)
    aside = None if keeps_ports or not everyone else _aside(host, network)
    began, since = time.monotonic(), time.strftime("%Y-%m-%d %H:%M:%S")
    network.destroy()
    failed = errors.refusal(network.create)
    again = None if failed is None else _with_former(host, network, former)
    trouble = ""
    if aside is not None and again is None:
        trouble = _move(host, network, aside, everyone, tell)
    outage = Outage(time.monotonic() - began, () if keeps_ports else _names(everyone))
    _tidy(host, network, tell)
    if failed is not None and again is not None:
        raise Unfinished(_down(name, outage, since, errors.said(failed), errors.said(again)))
    lines = [] if failed is None else [_as_before(name, outage, since, errors.said(failed))]
    lines += [f"network {name} runs, but {trouble}; they are cut off since {since}"] if trouble else []
    if lines:
        raise Unfinished("; ".join(lines))
    return outage


def _with_former(host: Host, network: api.Network, former: Sides) -> Exception | None:
    """Start it as it ran; libvirt's error where that can't be had.  It is defined as before in any case."""
    error = errors.refusal(host.conn.networkDefineXML, render({}, former.live or former.base))
    error = error or errors.refusal(network.create)
    if former.persistent is not None:
        host.conn.networkDefineXML(former.persistent)
    return error


def _as_before(name: str, outage: Outage, since: str, said: str) -> str:
    guests = f"; {_cut(outage.guests)} meanwhile" if outage.guests else ""
    return (
        f"network {name}: it could not be started with its new definition, so it runs with the old one again, after "
        f"{outage.seconds:.2f} s: {said}; stopped at {since}{guests}"
    )


def _down(name: str, outage: Outage, since: str, said: str, again: str) -> str:
    why = (
        f"{said}; with its former definition: {again}"
        if said != again
        else f"{said}; nor with its former one"
    )
    guests = f"{_cut(outage.guests)} since then" if outage.guests else "no guest is cut off by that"
    return (
        f"network {name} does not run since {since}: it was stopped to be restarted, and does not start with its new "
        f"definition: {why}; {guests}; when what keeps it from starting is gone, the next update starts it and plugs "
        "them in again"
    )


def _cut(guests: Collection[str]) -> str:
    return f"{'guest' if len(guests) == 1 else 'guests'} {', '.join(guests)} cut off"


def _aside(host: Host, network: api.Network) -> api.Network:
    """The empty network; one that was left is used again."""
    name = aside_name(network)
    empty = f"<network><name>{name}</name><bridge stp='off' delay='0'/></network>"
    return host.network_by_name(name) or host.conn.networkCreateXML(empty)


def _move(
    host: Host, network: api.Network, aside: api.Network, nics: list[Plugged], tell: optional.Tell
) -> str:
    """There and back, each NIC by itself: one guest that fails, or has gone, is not the others' loss.

    Who is still cut off, and why; "" if nobody is.
    """
    name = network.name()
    said = {}
    for domain, xml in nics:
        home = _on(xml, name)
        try:
            domain.updateDeviceFlags(_on(xml, aside.name()), _LIVE)
            domain.updateDeviceFlags(home, _LIVE)
        except errors.VirtError as error:
            said[domain.name()] = errors.said(error)
    failed = [plugged for plugged in nics if plugged[0].name() in said and plugged[0].isActive()]
    still = _names([*unplugged(host, network, tell), *failed])
    why = f": {next(iter(said.values()))}" if said else ""
    return f"{', '.join(still)} could not be plugged in again{why}" if still else ""


def _tidy(host: Host, network: api.Network, tell: optional.Tell) -> None:
    """Take the empty network away, unless a guest is still in it, or may be."""
    name = aside_name(network)
    aside = left_aside(host, network, tell)
    if aside is not None:
        networks = optional.look(tell, f"the guests of {host.uri}", partial(_networks, host), {name}, _LEFT)
        if name not in networks:
            aside.destroy()


def _networks(host: Host) -> set[str | None]:
    return {one.network for domain in host.conn.listAllDomains() for one in nic.nics(live_xml(domain))}


def _names(nics: list[Plugged]) -> tuple[str, ...]:
    return tuple(sorted({domain.name() for domain, _ in nics}))


def _on(nic_xml: str, network: str) -> str:
    """The NIC on another network; on its own, with all that it says of its source."""
    root = etree.fromstring(nic_xml)
    source = root.find("source")
    if source.get("network") != network:
        source.attrib.clear()
        source.set("network", network)
    return written(root)
