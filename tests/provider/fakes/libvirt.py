"""libvirt's networks, pools and volumes in memory: the calls that the provider makes, as a real 9.0 answers them.

What a real one does and this one does too: a network has two definitions; a reservation that repeats a MAC, an address
or a name is refused (55), "modify" takes the first entry with the MAC or the name, an update of a network that does not
run is refused; a file made behind its back is seen after a refresh only; any volume is deleted without a question.
"""

from __future__ import annotations

import copy
import posixpath
from typing import Any

import libvirt
from lxml import etree

HOST_UUID = "11111111-2222-4333-8444-555555555555"
HOST_NAME = "trop02.example.org"
LIVE, CONFIG = 1, 2


def error(code: int, message: str, domain: int = 0) -> libvirt.libvirtError:
    raised = libvirt.libvirtError(message)
    raised.err = (code, domain, message, 2, "", "", "", 0, 0)
    return raised


def written(root: Any) -> str:
    return str(etree.tostring(root, encoding="unicode"))


class Port:
    def __init__(self, uuid: str) -> None:
        self.uuid = uuid

    def UUIDString(self) -> str:
        return self.uuid


class Network:
    def __init__(self, conn: Connection, xml: str) -> None:
        self.conn = conn
        self.config: Any = etree.fromstring(xml.encode())
        self.live: Any = None
        self.starts_with_host = 0
        self.fails_to_start = False
        self.log: list[tuple[int, int, str, int]] = []
        self.ports: set[str] = set()

    def _any(self) -> Any:
        return self.config if self.config is not None else self.live

    def name(self) -> str:
        return str(self._any().findtext("name"))

    def UUIDString(self) -> str:
        return str(self._any().findtext("uuid"))

    def DHCPLeases(self) -> list[dict[str, Any]]:
        return []

    def listAllPorts(self, flags: int = 0) -> list[Port]:
        return [Port(port) for port in self.ports]

    def XMLDesc(self, flags: int = 0) -> str:
        if flags & 1 or self.live is None:
            return written(self.config)
        root = copy.deepcopy(self.live)
        forward = root.find("forward")
        if forward is not None and forward.get("mode") == "nat" and forward.find("nat") is None:
            etree.SubElement(etree.SubElement(forward, "nat"), "port", start="1024", end="65535")
        root.set("connections", "1")
        return written(root)

    def isActive(self) -> int:
        return int(self.live is not None)

    def isPersistent(self) -> int:
        return int(self.config is not None)

    def autostart(self) -> int:
        return self.starts_with_host

    def setAutostart(self, autostart: int) -> int:
        if self.config is None:
            raise error(55, "cannot set autostart for transient network")
        self.starts_with_host = autostart
        return 0

    def create(self) -> int:
        if self.fails_to_start or self.conn.networks_fail_to_start:
            raise error(1, "internal error: Network is already in use by interface eth0")
        self.live = copy.deepcopy(self.config)
        return 0

    def destroy(self) -> int:
        self.live = None
        self.ports = set()
        self.conn.forget(self)
        return 0

    def undefine(self) -> int:
        self.config, self.starts_with_host = None, 0
        self.conn.forget(self)
        return 0

    def update(self, command: int, section: int, parentIndex: int, xml: str, flags: int = 0) -> int:  # noqa: N803
        self.log.append((command, section, xml, flags))
        if flags & LIVE and self.live is None:
            raise error(55, "Requested operation is not valid: network is not running")
        sides = [side for side, flag in ((self.live, LIVE), (self.config, CONFIG)) if flags & flag]
        changed = [copy.deepcopy(side) for side in sides]
        for side in changed:
            _UPDATES[section](side, command, etree.fromstring(xml))
        for side, new in zip(sides, changed, strict=True):
            for dhcp in new.findall("ip/dhcp"):
                if not len(dhcp):
                    dhcp.getparent().remove(dhcp)
            side[:] = new[:]
        return 0


def _update_host(root: Any, command: int, host: Any) -> None:
    ip = root.find("ip")
    if ip is None:
        raise error(55, "no <ip> element found")
    dhcp = ip.find("dhcp")
    if dhcp is None:
        dhcp = etree.SubElement(ip, "dhcp")
    hosts = dhcp.findall("host")
    if command == 1:
        for old in hosts:
            if old.get("mac", "").lower() == host.get("mac").lower() or (
                host.get("name") and old.get("name") == host.get("name")
            ):
                dhcp.replace(old, host)
                return
        raise error(55, "couldn't locate an existing dhcp host entry")
    if command == 2:
        for old in hosts:
            if all(old.get(key, "").lower() == value.lower() for key, value in host.attrib.items()):
                dhcp.remove(old)
                return
        raise error(55, "couldn't locate a matching dhcp host entry")
    for old in hosts:
        if any(old.get(key, "").lower() == value.lower() for key, value in host.attrib.items()):
            raise error(55, "there is an existing dhcp host entry that matches")
    dhcp.append(host)


def _update_dns(root: Any, command: int, host: Any) -> None:
    dns = root.find("dns")
    if dns is None:
        dns = etree.SubElement(root, "dns")
    there = [old for old in dns.findall("host") if old.get("ip") == host.get("ip")]
    if command == 1:
        raise error(84, "dns hosts cannot be modified, only added or deleted")
    if command == 2:
        if not there:
            raise error(55, "couldn't locate a matching DNS HOST record")
        dns.remove(there[0])
    elif there:
        raise error(55, "there is already at least one DNS HOST record with a matching field")
    else:
        dns.append(host)


def _update_range(root: Any, command: int, limits: Any) -> None:
    ip = root.find("ip")
    if ip is None:
        raise error(55, "no <ip> element found")
    dhcp = ip.find("dhcp")
    if dhcp is None:
        dhcp = etree.SubElement(ip, "dhcp")
    there = [old for old in dhcp.findall("range") if dict(old.attrib) == dict(limits.attrib)]
    if command == 1:
        raise error(84, "dhcp ranges cannot be modified, only added or deleted")
    if command == 2:
        if not there:
            raise error(55, "couldn't locate a matching dhcp range entry")
        dhcp.remove(there[0])
    elif there:
        raise error(55, "there is an existing dhcp range entry that matches")
    else:
        dhcp.append(limits)


_UPDATES = {4: _update_host, 5: _update_range, 10: _update_dns}


class Volume:
    def __init__(self, pool: Pool, xml: str) -> None:
        self.pool, self.root = pool, etree.fromstring(xml.encode())
        self.data = b""

    def name(self) -> str:
        return str(self.root.findtext("name"))

    def path(self) -> str:
        return posixpath.join(self.pool.folder, self.name())

    def key(self) -> str:
        return self.path()

    def XMLDesc(self, flags: int = 0) -> str:
        if self.path() not in self.pool.conn.files:
            raise error(38, f"cannot open volume '{self.path()}': No such file or directory")
        root = copy.deepcopy(self.root)
        target = root.find("target")
        etree.SubElement(target, "path").text = self.path()
        if root.find("allocation") is None:
            etree.SubElement(root, "allocation").text = "200704"
        return written(root)

    def delete(self, flags: int = 0) -> int:
        self.pool.conn.files.discard(self.path())
        self.pool.volumes.pop(self.name(), None)
        return 0

    def resize(self, capacity: int, flags: int = 0) -> int:
        if any(self.path() in str(domain.live) for domain in self.pool.conn.listAllDomains()):
            raise error(1, 'internal error: Failed to get "write" lock')
        self.root.find("capacity").text = str(capacity)
        return 0

    def download(self, stream: Stream, offset: int, length: int, flags: int = 0) -> int:
        stream.left = self.data[offset : offset + length]
        return 0

    def upload(self, stream: Stream, offset: int, length: int, flags: int = 0) -> int:
        stream.into = self
        self.data = b""
        return 0


class Stream:
    left: bytes = b""
    into: Volume | None = None

    def __init__(self, conn: Connection) -> None:
        self.conn = conn

    def recv(self, nbytes: int) -> bytes:
        chunk, self.left = self.left[:nbytes], self.left[nbytes:]
        return chunk

    def send(self, data: bytes) -> int:
        if self.into is None or self.conn.uploads_fail:
            raise error(38, "Cannot write data: No space left on device")
        self.into.data += data
        return len(data)

    def finish(self) -> int:
        return 0

    def abort(self) -> int:
        return 0


class Pool:
    def __init__(self, conn: Connection, xml: str) -> None:
        self.conn, self.root = conn, etree.fromstring(xml.encode())
        self.active = self.starts_with_host = 0
        self.persistent = 1
        self.volumes: dict[str, Volume] = {}
        self.unseen: dict[str, Volume] = {}  # files that libvirt has not looked at yet

    @property
    def folder(self) -> str:
        return str(self.root.findtext("target/path"))

    def name(self) -> str:
        return str(self.root.findtext("name"))

    def UUIDString(self) -> str:
        return str(self.root.findtext("uuid"))

    def XMLDesc(self, flags: int = 0) -> str:
        return written(self.root)

    def isActive(self) -> int:
        return self.active

    def isPersistent(self) -> int:
        return self.persistent

    def autostart(self) -> int:
        return self.starts_with_host

    def setAutostart(self, autostart: int) -> int:
        self.starts_with_host = autostart
        return 0

    def build(self, flags: int = 0) -> int:
        self.conn.folders.add(self.folder)
        return 0

    def create(self, flags: int = 0) -> int:
        if self.folder not in self.conn.folders:
            raise error(38, f"cannot open path '{self.folder}': No such file or directory")
        self.active = 1
        return 0

    def destroy(self) -> int:
        self.active = 0
        if not self.persistent:
            self.conn.pools.remove(self)
        return 0

    def undefine(self) -> int:
        if self.active:
            raise error(55, f"storage pool '{self.name()}' is still active")
        self.conn.pools.remove(self)
        return 0

    def refresh(self, flags: int = 0) -> int:
        if not self.active:
            raise error(55, f"storage pool '{self.name()}' is not active")
        self.volumes |= self.unseen
        self.unseen = {}
        for name, volume in list(self.volumes.items()):
            if volume.path() not in self.conn.files:
                del self.volumes[name]
        return 0

    def listAllVolumes(self, flags: int = 0) -> list[Volume]:
        return list(self.volumes.values())

    def storageVolLookupByName(self, name: str) -> Volume:
        if not self.active:
            raise error(55, f"storage pool '{self.name()}' is not active")
        if name not in self.volumes:
            raise error(50, f"Storage volume not found: no storage vol with matching name '{name}'")
        return self.volumes[name]

    def createXML(self, xmlDesc: str, flags: int = 0) -> Volume:  # noqa: N803
        volume = Volume(self, xmlDesc)
        if volume.name() in self.volumes:
            raise error(90, f"storage volume '{volume.name()}' exists already")
        self.volumes[volume.name()] = volume
        self.conn.files.add(volume.path())
        return volume


class HostInterface:
    def __init__(self, name: str) -> None:
        self._name = name

    def name(self) -> str:
        return self._name


class Domain:
    """A domain that only stands there, for others to be refused because of it."""

    def __init__(self, live: str | None, persistent: str | None, conn: Any = None) -> None:
        self.live, self.persistent, self.conn = live, persistent, conn

    def name(self) -> str:
        return str(etree.fromstring(self.XMLDesc().encode()).findtext("name"))

    def UUIDString(self) -> str:
        return str(etree.fromstring(self.XMLDesc().encode()).findtext("uuid"))

    def isActive(self) -> int:
        return int(self.live is not None)

    def isPersistent(self) -> int:
        return int(self.persistent is not None)

    def XMLDesc(self, flags: int = 0) -> str:
        return self.persistent if flags & 2 or self.live is None else self.live  # type: ignore[return-value]

    def blockResize(self, disk: str, size: int, flags: int = 0) -> int:
        root = etree.fromstring(str(self.live).encode())
        path = root.find(f"devices/disk/target[@dev='{disk}']/../source").get("file")
        self.conn.storageVolLookupByPath(path).root.find("capacity").text = str(size)
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
        self.alive = 1
        self.networks_fail_to_start = self.uploads_fail = False

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

    def interfaceLookupByName(self, name: str) -> HostInterface:
        if name not in self.bridges:
            raise error(57, f"Interface not found: couldn't find interface named '{name}'")
        return HostInterface(name)

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
        volumes = [v for pool in self.pools if pool.active for v in pool.listAllVolumes()]
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
        }
        return [d for d in self.domains if all(fit(d) for flag, fit in fits.items() if flags & flag)]


def _only(members: list[Any], fits: Any, code: int, message: str) -> Any:
    for member in members:
        if fits(member):
            return member
    raise error(code, message)
