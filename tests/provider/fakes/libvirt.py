"""A connection to libvirt in memory with networks, pools and volumes; its domains only stand there."""

from __future__ import annotations

from typing import Any

from lxml import etree

from tests.provider.fakes.basics import HOST_NAME, HOST_UUID, error, written
from tests.provider.fakes.network import Network
from tests.provider.fakes.storage import Pool, Stream, Volume


class HostInterface:
    """As the udev driver has it, which tells no addresses; ``address`` as netcf tells it, with its prefix."""

    def __init__(self, name: str, address: str = "") -> None:
        self._name, self.address = name, address

    def name(self) -> str:
        return self._name

    def XMLDesc(self, flags: int = 0) -> str:
        ip, _, prefix = self.address.partition("/")
        told = f"<protocol family='ipv4'><ip address='{ip}' prefix='{prefix}'/></protocol>" if ip else ""
        return f"<interface type='bridge' name='{self._name}'>{told}<bridge/></interface>"


class Domain:
    """A domain that only stands there, for others to be refused because of it."""

    def __init__(self, live: str | None, persistent: str | None, conn: Any = None) -> None:
        self.live, self.persistent, self.conn = live, persistent, conn
        self.image: str | None = None  # of its managed save image

    def _of_handle(self, tag: str) -> str:
        """A handle has its name and UUID without asking for the XML."""
        return str(etree.fromstring((self.persistent or self.live or "").encode()).findtext(tag))

    def name(self) -> str:
        return self._of_handle("name")

    def UUIDString(self) -> str:
        return self._of_handle("uuid")

    def isActive(self) -> int:
        return int(self.live is not None)

    def isPersistent(self) -> int:
        return int(self.persistent is not None)

    def hasManagedSaveImage(self, flags: int = 0) -> int:
        return int(self.image is not None)

    def managedSaveGetXMLDesc(self, flags: int = 0) -> str:
        return str(self.image)

    def autostart(self) -> int:
        return 0

    def state(self, flags: int = 0) -> list[int]:
        return [5, 0] if self.live is None else [1, 1]

    def XMLDesc(self, flags: int = 0) -> str:
        return self.persistent if flags & 2 or self.live is None else self.live  # type: ignore[return-value]

    def blockResize(self, disk: str, size: int, flags: int = 0) -> int:
        root = etree.fromstring(str(self.live).encode())
        path = root.find(f"devices/disk/target[@dev='{disk}']/../source").get("file")
        self.conn.storageVolLookupByPath(path).grow(size)
        return 0

    def updateDeviceFlags(self, xml: str, flags: int = 0) -> int:
        """A change of network gives the NIC a port there; the same network again changes nothing."""
        element = etree.fromstring(xml)
        root = etree.fromstring(str(self.live).encode())
        mac = element.find("mac").get("address")
        source = root.find(f"devices/interface/mac[@address='{mac}']/../source")
        name = element.find("source").get("network")
        if source.get("network") != name:
            port = f"{name}-{mac}"
            self.conn.networkLookupByName(name).ports.add(port)
            source.set("network", name)
            source.set("portid", port)
            self.live = written(root)
        return 0


class Connection:
    def __init__(
        self, bridges: tuple[str, ...] = ("br0",), uuid: str = HOST_UUID, hostname: str = HOST_NAME
    ) -> None:
        self.networks: list[Network] = []
        self.pools: list[Pool] = []
        self.domains: list[Domain] = []
        self.bridges, self.uuid, self.hostname = bridges, uuid, hostname
        self.files: set[str] = set()
        self.folders: set[str] = set()
        self.left: dict[str, dict[str, Volume]] = {}  # by folder, files whose pool is gone
        self.alive = 1
        self.networks_fail_to_start = self.uploads_fail = False
        self.downloads_fail: Exception | None = None
        self.full = False  # its file systems
        self.keeps: int | None = None  # bytes of the next upload, of which the rest is lost without a word
        self.host_addresses: dict[str, str] = {}  # of the host's interfaces, where libvirt tells them

    def new_network(self, xml: str) -> Network:
        return Network(self, xml)

    def new_pool(self, xml: str) -> Pool:
        return Pool(self, xml)

    def getCapabilities(self) -> str:
        return f"<capabilities><host><uuid>{self.uuid}</uuid></host></capabilities>"

    def getHostname(self) -> str:
        return self.hostname

    def isAlive(self) -> int:
        return self.alive

    def close(self) -> int:
        self.alive = 0
        return 0

    def forget(self, network: Network) -> None:
        if network.live is None and network.config is None and network in self.networks:
            self.networks.remove(network)

    def listAllNetworks(self, flags: int = 0) -> list[Network]:
        return list(self.networks)

    def networkLookupByName(self, name: str) -> Network:
        return _only(self.networks, lambda n: n.name() == name, 43, "Network not found")

    def networkLookupByUUIDString(self, uuidstr: str) -> Network:
        return _only(self.networks, lambda n: n.UUIDString() == uuidstr, 43, "Network not found")

    def networkCreateXML(self, xmlDesc: str) -> Network:  # noqa: N803
        network = self.new_network(xmlDesc)
        network.create()
        network.config = None
        self.networks.append(network)
        return network

    def networkDefineXML(self, xml: str) -> Network:
        root = etree.fromstring(xml.encode())
        for network in self.networks:
            same = (network.name() == root.findtext("name"), network.UUIDString() == root.findtext("uuid"))
            if all(same):
                network.config = root
                return network
            if any(same):
                raise error(9, f"operation failed: network '{network.name()}' already exists")
        if root.find("bridge") is None:
            etree.SubElement(root, "bridge", name="virbr9", stp="on", delay="0")
        if root.find("mac") is None and root.find("forward[@mode='bridge']") is None:
            etree.SubElement(root, "mac", address="52:54:00:aa:bb:cc")
        self.networks.append(self.new_network(written(root)))
        return self.networks[-1]

    def getLibVersion(self) -> int:
        return 9_000_000

    def interfaceLookupByName(self, name: str) -> HostInterface:
        if name not in self.bridges:
            raise error(57, f"Interface not found: couldn't find interface named '{name}'")
        return HostInterface(name)

    def listAllInterfaces(self, flags: int = 0) -> list[HostInterface]:
        return [HostInterface(name, self.host_addresses.get(name, "")) for name in self.bridges]

    def listAllStoragePools(self, flags: int = 0) -> list[Pool]:
        return list(self.pools)

    def storagePoolLookupByName(self, name: str) -> Pool:
        return _only(self.pools, lambda p: p.name() == name, 49, "Storage pool not found")

    def storagePoolLookupByUUIDString(self, uuidstr: str) -> Pool:
        return _only(self.pools, lambda p: p.UUIDString() == uuidstr, 49, "Storage pool not found")

    def storagePoolDefineXML(self, xml: str, flags: int = 0) -> Pool:
        pool = self.new_pool(xml)
        for other in self.pools:
            if other.UUIDString() == pool.UUIDString():
                other.persistent = 1
                return other
        self.pools.append(pool)
        return pool

    def storageVolLookupByPath(self, path: str) -> Volume:
        volumes = [v for pool in self.pools if pool.active for v in pool.volumes.values()]
        return _only(volumes, lambda v: v.path() == path, 50, "Storage volume not found")

    def newStream(self, flags: int = 0) -> Stream:
        return Stream(self)

    def lookupByName(self, name: str) -> Domain:
        return _only(self.domains, lambda d: d.name() == name, 42, "Domain not found")

    def listAllDomains(self, flags: int = 0) -> list[Domain]:
        """Active, persistent, running and shut off ones may be asked for."""
        fits = {
            1: lambda d: d.live,
            4: lambda d: d.persistent,
            16: lambda d: d.live,
            64: lambda d: not d.live,
            256: lambda d: d.image,
        }
        return [d for d in self.domains if all(fit(d) for flag, fit in fits.items() if flags & flag)]


def _only(members: list[Any], fits: Any, code: int, message: str) -> Any:
    for member in members:
        if fits(member):
            return member
    raise error(code, message)
