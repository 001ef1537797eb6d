"""What would keep a network from starting: looked for before it is started, or stopped to be started again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network, ip_interface
from typing import Final

from lxml import etree

from provider.connection import api, errors
from provider.errors import Refused
from provider.host import kernel, optional
from provider.host.host import Host
from provider.host.kernel import Kernel, Route
from provider.network.seen import Seen, subnets, view
from provider.resource.base import Call

_ACTIVE: Final = 2  # VIR_CONNECT_LIST_INTERFACES_ACTIVE
_NFT: Final = 10_004_000  # the libvirt that has it
_UNKNOWN: Final = "whether an interface of the host has its subnet is not known"


@dataclass(frozen=True)
class Hindrance:
    """``mend``: what to type on the hypervisor, or what to see to."""

    what: str
    mend: str


@dataclass(frozen=True)
class Start:
    """A network that is to start: its definition, its bridge while it runs (None: it does not), its IPv4 subnets."""

    seen: Seen
    running: str | None
    subnets: tuple[IPv4Network, ...]

    @classmethod
    def of(cls, definition: str, live: str | None = None) -> Start:
        own = None if live is None else view(live).get("bridge")
        found = [one.network for one in subnets(definition)]
        return cls(view(definition), own, tuple(one for one in found if isinstance(one, IPv4Network)))

    @property
    def bridge(self) -> str | None:
        """The one that libvirt will make; None where it goes on with the one that is there."""
        named = self.seen.get("bridge")
        return None if self.seen["mode"] == "bridge" or named == self.running else named


def check(call: Call, look: kernel.Look, start: Start) -> None:
    """`Refused` where it could not start; what can't be known is told."""
    if start.seen["mode"] == "bridge":
        return
    there = look(call.host.uri)
    found = hindrances(call.host, there, start, call.tell)
    name = start.seen["name"]
    if found:
        what = "is not restarted, for it could not start again" if start.running else "can't be started"
        said = "; ".join(f"{one.what}: {one.mend}" for one in found)
        raise Refused(f"network {name} {what}: {said}")
    for line in doubts(there, start):
        call.tell(f"network {name}: {line}")


def hindrances(host: Host, there: Kernel | None, start: Start, tell: optional.Tell) -> list[Hindrance]:
    """All that are known; ``there`` None: the host's kernel can't be looked at, and libvirt is asked."""
    if start.seen["mode"] == "bridge":
        return []
    if there is None:
        there = _by_libvirt(host, start, tell)
    return [
        *_subnet(there, start),
        *_device(there, start),
        *_ports(there, start),
        *_firewall(host, there, start),
    ]


def doubts(there: Kernel | None, start: Start) -> Iterator[str]:
    """What can't be known, and what does not keep it from starting and is felt afterwards."""
    if there is None:
        for network in start.subnets:
            yield (
                f"whether {network} is free on the host can't be told from here; where an interface or a route of the "
                "host has it, libvirt does not start the network"
            )
        return
    for route in there.routes:
        for network in start.subnets:
            if route.to != network and route.to.subnet_of(network) and route.device != start.running:
                yield f"the host reaches {route.to} by {route.device}, so guests with such addresses hear nothing of it"


def _subnet(there: Kernel, start: Start) -> Iterator[Hindrance]:
    """libvirt refuses a subnet to which the host has a route: the very same one, and no wider or narrower."""
    for route in there.routes:
        if route.to in start.subnets and route.device != start.running:
            by = f"interface {route.device}" if route.device != "*" else "a route that leads nowhere"
            yield Hindrance(f"{route.to} is in use on the host by {by}", _free(route))


def _free(route: Route) -> str:
    if route.direct:
        return f"ip -4 addr flush dev {route.device} to {route.to}"
    return f"ip route del {route.to}" + (f" dev {route.device}" if route.device != "*" else "")


def _device(there: Kernel, start: Start) -> Iterator[Hindrance]:
    if start.bridge is not None and start.bridge in there.devices:
        inside = ", ".join(there.ports(start.bridge))
        what = f"the host has a device {start.bridge} already, which is no running network's bridge"
        what += f" and has {inside} in it, which lose their network with it" if inside else ""
        yield Hindrance(what, f"ip link delete {start.bridge}")


def _ports(there: Kernel, start: Start) -> Iterator[Hindrance]:
    """dnsmasq serves DNS on each subnet unless that is off, and DHCP where it has any."""
    wanted = {
        "DNS": start.seen["dns"]["enabled"] and bool(start.seen["addresses"]),
        "DHCP": start.seen["dhcp"]["enabled"],
    }
    for server in ("DNS", "DHCP"):
        ports = [taken.port for taken in there.taken or () if taken.server == server]
        if wanted[server] and ports:
            what = f"another {server} server of the host has {' and '.join(ports)} on all addresses"
            yield Hindrance(what, "have it listen on its own addresses alone")


def _firewall(host: Host, there: Kernel, start: Start) -> Iterator[Hindrance]:
    """libvirt adds rules for each network but an open one; by iptables, and since 10.4 by nft too."""
    if start.seen["mode"] == "open":
        return
    programs = ("iptables", "nft") if host.conn.getLibVersion() >= _NFT else ("iptables",)
    if said := there.firewall(programs):
        yield Hindrance(
            f"the host's firewall can't be read, to which libvirt adds rules ({said})", "see to that first"
        )


def _by_libvirt(host: Host, start: Start, tell: optional.Tell) -> Kernel:
    """Of its two drivers of interfaces, netcf tells addresses, and udev knows all devices."""
    devices = frozenset[str]()
    if start.bridge is not None:
        ask = partial(host.interface_by_name, start.bridge)
        found = optional.look(
            tell, f"device {start.bridge} of {host.uri}", ask, None, "whether it is there is not known"
        )
        devices = frozenset([start.bridge] if found is not None else [])
    routes: list[Route] = []
    if start.subnets:
        ask_all = partial(host.conn.listAllInterfaces, _ACTIVE)
        for each in optional.look(tell, f"the interfaces of {host.uri}", ask_all, (), _UNKNOWN):
            xml = optional.look(tell, f"interface {each.name()}", partial(_xml, each), None, _UNKNOWN)
            routes += [] if xml is None else _addresses(each.name(), xml)
    return Kernel(tuple(routes), devices)


def _xml(interface: api.HostInterface) -> str | None:
    return errors.unless(errors.NO_INTERFACE, interface.XMLDesc)


def _addresses(name: str, xml: str) -> list[Route]:
    found = etree.fromstring(xml.encode()).iterfind("protocol[@family='ipv4']/ip")
    networks = [ip_interface(f"{ip.get('address')}/{ip.get('prefix', '32')}").network for ip in found]
    return [Route(network, name) for network in networks if isinstance(network, IPv4Network)]
