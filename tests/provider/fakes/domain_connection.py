"""A connection to libvirt in memory with domains, and with the networks, volumes and pool that they stand on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lxml import etree

from tests.provider.fakes import qcow2
from tests.provider.fakes.basics import HOST_UUID, Clock, error
from tests.provider.fakes.domain import Domain
from tests.provider.fakes.domain_xml import as_libvirt_writes


class Network:
    def __init__(self, name: str, uuid: str, bridge: str, bridged: bool = False, active: bool = True) -> None:
        self._name, self._uuid, self.bridge, self.bridged, self.active = name, uuid, bridge, bridged, active

    def name(self) -> str:
        return self._name

    def UUIDString(self) -> str:
        return self._uuid

    def isActive(self) -> int:
        return int(self.active)

    def create(self) -> int:
        self.active = True
        return 0

    def XMLDesc(self, flags: int = 0) -> str:
        mode = "<forward mode='bridge'/>" if self.bridged else ""
        return f"<network><name>{self._name}</name>{mode}<bridge name='{self.bridge}'/></network>"


class Volume:
    def __init__(
        self, path: str, format: str, backing: str | None = None, backing_format: str | None = "qcow2"
    ) -> None:
        self._path, self._format = path, format
        self.data = qcow2.head(1 << 30, backing, backing_format) if format == "qcow2" else b""

    def name(self) -> str:
        return self._path.rsplit("/", 1)[1]

    def path(self) -> str:
        return self._path

    def key(self) -> str:
        return self._path

    def XMLDesc(self, flags: int = 0) -> str:
        return (
            f"<volume><name>{self.name()}</name><capacity>1073741824</capacity><target><path>{self._path}</path>"
            f"<format type='{self._format}'/></target></volume>"
        )

    def download(self, stream: Stream, offset: int, length: int, flags: int = 0) -> int:
        stream.left = self.data[offset : offset + length]
        return 0


class Stream:
    left = b""

    def recv(self, nbytes: int) -> bytes:
        chunk, self.left = self.left[:nbytes], self.left[nbytes:]
        return chunk

    def finish(self) -> int:
        return 0

    def abort(self) -> int:
        return 0


class Pool:
    def __init__(self, conn: Connection) -> None:
        self.conn = conn

    def name(self) -> str:
        return "live"

    def UUIDString(self) -> str:
        return "bbbbbbbb-0000-4000-8000-000000000001"

    def XMLDesc(self, flags: int = 0) -> str:
        return "<pool type='dir'><name>live</name><target><path>/libvirt/storage/live</path></target></pool>"

    def isActive(self) -> int:
        return 1

    def refresh(self, flags: int = 0) -> int:
        self.conn.volumes |= self.conn.unknown
        return 0

    def storageVolLookupByName(self, name: str) -> Volume:
        for path, volume in self.conn.volumes.items():
            if path.endswith(f"/{name}"):
                return volume
        raise error(50, f"Storage volume not found: {name}")


class Connection:
    old = False  # libvirt before 7.1, which has no mode `maximum`
    unbuilt = ""  # why libvirt could not put a guest's command line together

    def __init__(self) -> None:
        self.clock = Clock()
        self.kvm = True
        self.domains: dict[str, Domain] = {}
        self.networks = {
            n.name(): n
            for n in (
                Network("default", "aaaaaaaa-0000-4000-8000-000000000001", "virbr0"),
                Network("bridged", "aaaaaaaa-0000-4000-8000-000000000002", "br0", bridged=True),
                Network("off", "aaaaaaaa-0000-4000-8000-000000000003", "virbr9", active=False),
            )
        }
        self.volumes: dict[str, Volume] = {}
        self.unknown: dict[str, Volume] = {}  # files that a pool knows only once it was refreshed
        self.calls: list[str] = []  # calls that change something
        self.devices = {"br0", "virbr0", "br1"}

    def interfaceLookupByName(self, name: str) -> str:
        if name not in self.devices:
            raise error(57, f"Interface not found: couldn't find interface named '{name}'")
        return name

    def add_volume(
        self,
        path: str,
        format: str = "qcow2",
        known: bool = True,
        backing: str | None = None,
        backing_format: str | None = "qcow2",
    ) -> str:
        made = Volume(path, format, backing, backing_format)
        (self.volumes if known else self.unknown)[path] = made
        return path

    def newStream(self, flags: int = 0) -> Stream:
        return Stream()

    def new_domain(self, uuid: str) -> Domain:
        return Domain(self, uuid)

    def isAlive(self) -> int:
        return 1

    def close(self) -> int:
        return 0

    def getInfo(self) -> list[Any]:
        return ["x86_64", 16384, 8, 2000, 1, 1, 4, 2]

    def domainXMLToNative(self, nativeFormat: str, domainXml: str, flags: int = 0) -> str:  # noqa: N803
        if self.unbuilt:
            raise error(1, self.unbuilt)
        return "qemu-system-x86_64"

    def getHostname(self) -> str:
        return "trop02.example.org"

    def getCapabilities(self) -> str:
        kvm = "<domain type='kvm'/>" if self.kvm else ""
        return (
            f"<capabilities><host><uuid>{HOST_UUID}</uuid></host><guest><arch name='x86_64'><domain type='qemu'/>"
            f"{kvm}</arch></guest></capabilities>"
        )

    def getDomainCapabilities(
        self, emulatorbin: Any, arch: Any, machine: Any, virttype: str, flags: int = 0
    ) -> str:
        modes = {
            "host-passthrough": virttype == "kvm",
            "maximum": not self.old,
            "host-model": True,
            "custom": True,
        }
        told = "".join(f"<mode name='{m}' supported='{'yes' if s else 'no'}'/>" for m, s in modes.items())
        return f"<domainCapabilities><cpu>{told}</cpu></domainCapabilities>"

    def listAllNetworks(self, flags: int = 0) -> list[Network]:
        return list(self.networks.values())

    def networkLookupByName(self, name: str) -> Network:
        if name not in self.networks:
            raise error(43, f"Network not found: no network with matching name '{name}'")
        return self.networks[name]

    def networkLookupByUUIDString(self, uuid: str) -> Network:
        for network in self.networks.values():
            if network.UUIDString() == uuid:
                return network
        raise error(43, f"Network not found: no network with matching uuid '{uuid}'")

    def storageVolLookupByPath(self, path: str) -> Volume:
        if path not in self.volumes:
            raise error(50, f"Storage volume not found: no storage vol with matching path '{path}'")
        return self.volumes[path]

    def storagePoolLookupByName(self, name: str) -> Pool:
        return Pool(self)

    def listAllStoragePools(self, flags: int = 0) -> list[Pool]:
        return [Pool(self)]

    def listAllDomains(self, flags: int = 0) -> list[Domain]:
        return listed(list(self.domains.values()), flags)

    def lookupByName(self, name: str) -> Domain:
        for domain in list(self.domains.values()):
            if domain.name() == name:
                return domain
        raise error(42, f"Domain not found: no domain with matching name '{name}'")

    def lookupByUUIDString(self, uuid: str) -> Domain:
        if uuid.lower() not in self.domains:
            raise error(42, f"Domain not found: no domain with matching uuid '{uuid}'")
        return self.domains[uuid.lower()]

    def defineXML(self, xml: str) -> Domain:
        self.calls.append("defineXML")
        root = etree.fromstring(xml.encode())
        uuid, name = root.findtext("uuid"), root.findtext("name")
        for domain in list(self.domains.values()):
            if (domain.name() == name) != (domain.UUIDString() == uuid):
                raise error(
                    9, f"operation failed: domain '{name}' already exists with uuid {domain.UUIDString()}"
                )
        domain = self.domains.get(uuid) or self.new_domain(uuid)
        domain.config = as_libvirt_writes(root)
        domain.persistent = True
        self.domains[uuid] = domain  # only now: another thread may list them at any time
        return domain


def listed(domains: Iterable[Any], flags: int) -> list[Any]:
    """Those for which each group of virConnectListAllDomains' filters holds."""
    return [
        domain for domain in domains if all(any(fits(domain) for fits in group) for group in _groups(flags))
    ]


def _groups(flags: int) -> list[list[Callable[[Any], Any]]]:
    return [
        chosen for group in _FILTERS if (chosen := [fits for flag, fits in group.items() if flags & flag])
    ]


_FILTERS: tuple[dict[int, Callable[[Any], Any]], ...] = (
    {1: lambda d: d.isActive(), 2: lambda d: not d.isActive()},
    {4: lambda d: d.isPersistent(), 8: lambda d: not d.isPersistent()},
    {
        16: lambda d: d.state()[0] == 1,
        32: lambda d: d.state()[0] == 3,
        64: lambda d: d.state()[0] == 5,
        128: lambda d: d.state()[0] not in (1, 3, 5),
    },
    {256: lambda d: d.hasManagedSaveImage(), 512: lambda d: not d.hasManagedSaveImage()},
    {1024: lambda d: d.autostart(), 2048: lambda d: not d.autostart()},
)
