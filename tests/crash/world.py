"""A whole hypervisor in memory, made of the fakes of networks, storage, domains and guests; it outlives its callers.

It is kept by a process that does not end; the one that does works on it from `far`.
"""

from __future__ import annotations

import copyreg
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from lxml import etree

from provider.domain.resource import Domain as DomainHandler
from provider.guest.tools import Tools
from provider.host.host import Host
from provider.nic.resource import Interface as InterfaceHandler
from provider.protocol.plugin import Servicer
from tests.provider.fakes import domain as fake_domain
from tests.provider.fakes import domain_connection, libvirt
from tests.provider.fakes import guest as fake_guest
from tests.provider.fakes import network as fake_network
from tests.provider.fakes.basics import Clock

BASE_FOLDER = "/var/lib/libvirt/images/base"
BASE = "fedora-28-32G-docker-base-20181016.qcow"
GIB32 = 34359738368

copyreg.pickle(etree._Element, lambda root: (etree.fromstring, (etree.tostring(root),)))


class Network(fake_network.Network):
    """Its ports are those of the NICs of running guests, until it is stopped."""

    conn: World

    @property
    def bridge(self) -> str:
        return str((self.live if self.live is not None else self.config).find("bridge").get("name"))

    @property
    def bridged(self) -> bool:
        return self.config.find("forward[@mode='bridge']") is not None

    def listAllPorts(self, flags: int = 0) -> list[fake_network.Port]:
        held = [f".//source[@network='{self.name()}'][@portid]"]
        running = [d.live for d in list(self.conn.domains.values()) if d.live is not None]
        return [
            fake_network.Port(s.get("portid"))
            for live in running
            for path in held
            for s in live.iterfind(path)
        ]


class Domain(fake_domain.Domain):
    """A guest with an agent, that writes to its disks as soon as it runs."""

    def create(self) -> int:
        super().create()
        for _, path in self.disks():
            if path.endswith(".qcow"):
                volume = self.conn.storageVolLookupByPath(path)
                volume.data = used(volume.data)
        return 0

    def agent(self, question: str, seconds: int) -> str:
        return str(self.conn.guests.send(self, question, seconds))

    def _plug_into(self, nic: Any) -> None:
        super()._plug_into(nic)
        source, mac = nic.find("source"), nic.find("mac").get("address")
        if source.get("network") is not None:
            source.set("portid", str(uuid5(NAMESPACE_OID, f"{self.uuid} {mac} {source.get('network')}")))

    def _stop(self) -> None:
        super()._stop()
        if self.live is None:
            for key in [k for k in self.conn.guests.addresses if k[0] == self.name()]:
                del self.conn.guests.addresses[key]


class World(libvirt.Connection, domain_connection.Connection):
    def __init__(self) -> None:
        libvirt.Connection.__init__(self)
        self.clock, self.kvm, self.calls = Clock(), False, []
        self.domains: dict[str, Any] = {}
        self.guests = fake_guest.Guests()
        pool = self.storagePoolDefineXML(
            f"<pool type='dir'><name>base</name><uuid>b</uuid><target><path>{BASE_FOLDER}</path></target></pool>"
        )
        pool.build()
        pool.create()
        pool.createXML(
            f"<volume><name>{BASE}</name><capacity>{GIB32}</capacity><target><format type='qcow2'/></target></volume>"
        )

    def add_volume(
        self,
        path: str,
        format: str = "qcow2",
        known: bool = True,
        backing: str | None = None,
        backing_format: str | None = "qcow2",
    ) -> str:
        """A file that another hand has put into the pool of its folder."""
        folder, _, name = path.rpartition("/")
        pool = next(pool for pool in self.pools if pool.folder == folder)
        below = f"<backingStore><path>{backing}</path><format type='{backing_format}'/></backingStore>"
        xml = (
            f"<volume><name>{name}</name><capacity>{GIB32}</capacity><target><format type='{format}'/></target>"
            f"{below if backing else ''}</volume>"
        )
        (pool.volumes if known else pool.unseen)[name] = libvirt.Volume(pool, xml)
        self.files.add(path)
        return path

    def lookupByName(self, name: str) -> Any:
        return domain_connection.Connection.lookupByName(self, name)

    def lookupByUUIDString(self, uuid: str) -> Any:
        return domain_connection.Connection.lookupByUUIDString(self, uuid)

    def listAllDomains(self, flags: int = 0) -> Any:
        return domain_connection.Connection.listAllDomains(self, flags)

    def getCapabilities(self) -> str:
        return domain_connection.Connection.getCapabilities(self)

    def getDomainCapabilities(
        self, emulatorbin: Any, arch: Any, machine: Any, virttype: str, flags: int = 0
    ) -> str:
        return domain_connection.Connection.getDomainCapabilities(
            self, emulatorbin, arch, machine, virttype, flags
        )

    def new_network(self, xml: str) -> Network:
        return Network(self, xml)

    def new_domain(self, uuid: str) -> Domain:
        return Domain(self, uuid)

    def seen(self) -> list[str]:
        """All that is on the hypervisor, without what differs from run to run, sorted."""
        lines = [
            f"network {n.autostart()} {n.isActive()} {_plain(n.config)} {_plain(n.live)}"
            for n in self.networks
        ]
        lines += [f"pool {p.active} {p.starts_with_host} {p.XMLDesc()}" for p in self.pools]
        lines += [
            f"volume {v.path()} {_plain(v.root)} {v.data[:64]!r} {len(v.data)}" for v in self._volumes()
        ]
        lines += [f"file {file}" for file in self.files]
        for domain in self.domains.values():
            lines.append(f"domain {domain.auto} {_plain(domain.config)} {_plain(domain.live)}")
            plugged = domain.plugged() if domain.live is not None else []
            at = {mac: self.guests.addresses.get((domain.name(), mac)) for mac in plugged}
            lines.append(f"in {domain.name()}: {at} {self.guests.files.get(domain.name())}")
        return sorted(lines)

    def _volumes(self) -> list[Any]:
        return [volume for pool in self.pools for volume in pool.listAllVolumes()]


def _plain(root: Any) -> str:
    """The XML without names that libvirt gives anew each time."""
    if root is None:
        return "-"
    root = etree.fromstring(etree.tostring(root))
    for target in root.iterfind("devices/interface/target"):
        target.getparent().remove(target)
    for alias in root.iterfind("devices/interface/alias"):
        if not alias.get("name").startswith("ua-"):
            alias.getparent().remove(alias)
    for nic in root.iterfind("devices/interface"):
        nic[:] = sorted(nic, key=lambda part: part.tag)
    return " ".join(etree.tostring(root, method="c14n").decode().split())


def used(head: bytes) -> bytes:
    """A qcow2 file's, once something was written into it."""
    return head[:-8] + b"\1" * 8


def servicer(conn: Any) -> Servicer:
    """The provider on this connection, with a clock that waits for nobody."""
    made = Servicer(lambda uri: Host(uri, opener=lambda _uri: conn))
    clock = Clock()
    tools = Tools(
        clock, send=lambda domain, text, seconds: str(domain.agent(text, seconds)), ask=lambda *_: [[], []]
    )
    handlers = (DomainHandler(clock), InterfaceHandler(clock, tools))
    made._handlers |= {handler.token: handler for handler in handlers}
    return made
