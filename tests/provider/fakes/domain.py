"""libvirt's domains in memory: the calls that the provider makes, answering as a real libvirt 9.0 was measured to.

What a real one does and this one does too: a repeated user alias is 67 and changes nothing, an absent device is 99, one
MAC in many NICs is taken, two of them can't be told apart without alias or address (9), a detach answers 0 while a
guest holds on, an update of the definition replaces the whole element, a NIC on a bridged network shows live as a
bridge, a domain undefined while it runs becomes transient, ``host-model`` shows live as the host's own CPU.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

import libvirt
from lxml import etree

LIVE, CONFIG = 1, 2
SECURE, INACTIVE = 1, 2
HOST_UUID = "11111111-2222-4333-8444-555555555555"


def error(code: int, message: str) -> libvirt.libvirtError:
    raised = libvirt.libvirtError(message)
    raised.err = (code, 0, message, 2, "", "", "", 0, 0)
    return raised


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Network:
    def __init__(self, name: str, uuid: str, bridge: str, bridged: bool = False, active: bool = True) -> None:
        self._name, self._uuid, self.bridge, self.bridged, self.active = name, uuid, bridge, bridged, active

    def name(self) -> str:
        return self._name

    def UUIDString(self) -> str:
        return self._uuid

    def isActive(self) -> int:
        return int(self.active)

    def XMLDesc(self, flags: int = 0) -> str:
        return f"<network><name>{self._name}</name><bridge name='{self.bridge}'/></network>"


class Volume:
    def __init__(self, path: str, format: str) -> None:
        self._path, self._format = path, format

    def path(self) -> str:
        return self._path

    def XMLDesc(self, flags: int = 0) -> str:
        return f"<volume><target><path>{self._path}</path><format type='{self._format}'/></target></volume>"


class Pool:
    def __init__(self, conn: Connection) -> None:
        self.conn = conn

    def name(self) -> str:
        return "live"

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

    def add_volume(self, path: str, format: str = "qcow2", known: bool = True) -> str:
        (self.volumes if known else self.unknown)[path] = Volume(path, format)
        return path

    def new_domain(self, uuid: str) -> Domain:
        return Domain(self, uuid)

    def isAlive(self) -> int:
        return 1

    def close(self) -> int:
        return 0

    def getHostname(self) -> str:
        return "trop02.example.org"

    def getCapabilities(self) -> str:
        kvm = "<domain type='kvm'/>" if self.kvm else ""
        return (
            f"<capabilities><host><uuid>{HOST_UUID}</uuid></host><guest><arch name='x86_64'><domain type='qemu'/>"
            f"{kvm}</arch></guest></capabilities>"
        )

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
        domain.config = _as_libvirt_writes(root)
        domain.persistent = True
        self.domains[uuid] = domain  # only now: another thread may list them at any time
        return domain


class Domain:
    """``lets_go``: after how many requests the guest unplugs a device; None: never.  ``acpi``: if it powers off."""

    def __init__(self, conn: Connection, uuid: str) -> None:
        self.conn = conn
        self.uuid = uuid
        self.config: Any = None
        self.live: Any = None
        self.persistent = True
        self.auto = False
        self.paused = False
        self.saved = False
        self.acpi = True
        self.lets_go: int | None = 1
        self.asked: dict[str, int] = {}
        self.fails_to_start = ""
        self.balloon_follows = True
        self.vcpus_let_go = True
        self.starting_until = 0.0  # when libvirt has put the guest together

    def name(self) -> str:
        return str((self.config if self.config is not None else self.live).findtext("name"))

    def UUIDString(self) -> str:
        return self.uuid

    def XMLDesc(self, flags: int = 0) -> str:
        self._require()
        inactive = flags & INACTIVE or self.live is None
        return str(etree.tostring(self.config if inactive else self.live, encoding="unicode"))

    def isActive(self) -> int:
        self._require()
        return int(self.live is not None)

    def isPersistent(self) -> int:
        self._require()
        return int(self.persistent)

    def state(self, flags: int = 0) -> list[int]:
        if self.live is None:
            return [5, 0]
        if self.conn.clock.now < self.starting_until:
            return [3, 11]
        return [3, 1] if self.paused else [1, 1]

    def autostart(self) -> int:
        return int(self.auto)

    def setAutostart(self, autostart: int) -> int:
        self._call("setAutostart")
        self.auto = bool(autostart)
        return 0

    def hasManagedSaveImage(self, flags: int = 0) -> int:
        return int(self.saved)

    def create(self) -> int:
        self._call("create")
        if self.fails_to_start:
            raise error(1, self.fails_to_start)
        for network in self.config.iterfind("devices/interface/source[@network]"):
            if not self.conn.networkLookupByName(network.get("network")).isActive():
                raise error(55, f"network '{network.get('network')}' is not active")
        self.live = copy.deepcopy(self.config)
        cpu = self.live.find("cpu[@mode='host-model']")
        if cpu is not None:
            cpu.set("mode", "custom")
            etree.SubElement(cpu, "vendor").text = "AMD"
        for nic in self.live.iterfind("devices/interface"):
            self._go_live(nic)
        return 0

    def shutdown(self) -> int:
        self._call("shutdown")
        if self.live is None or self.paused:
            raise error(55, "Requested operation is not valid: domain is not running")
        if self.acpi:
            self._stop()
        return 0

    def destroy(self) -> int:
        self._call("destroy")
        self._stop()
        return 0

    def undefineFlags(self, flags: int = 0) -> int:
        self._call("undefineFlags")
        self.persistent = self.auto = False
        if self.live is None:
            del self.conn.domains[self.uuid]
        return 0

    def setMetadata(
        self, type: int, metadata: str | None, key: str | None, uri: str | None, flags: int
    ) -> int:
        self._call("setMetadata")
        for root in self._sides(flags):
            if type in (0, 1):
                tag = ("description", "title")[type]
                if metadata and tag == "title" and "\n" in metadata:
                    raise error(27, "XML error: Domain title can't contain newlines")
                _drop(root, tag)
                if metadata:
                    etree.SubElement(root, tag).text = metadata
                continue
            parent = root.find("metadata")
            parent = etree.SubElement(root, "metadata") if parent is None else parent
            for old in [e for e in parent if etree.QName(e).namespace == uri]:
                parent.remove(old)
            if metadata:
                parent.append(_in_namespace(etree.fromstring(metadata), key, uri))
        return 0

    def attachDeviceFlags(self, xml: str, flags: int = 0) -> int:
        self._call("attachDeviceFlags")
        new = etree.fromstring(xml)
        if new.tag == "disk":
            self._attach_disk(new, flags)
            return 0
        sides = self._sides(flags)
        for root in sides:
            if _get(new, "alias", "name") in [_get(n, "alias", "name") or "-" for n in _nics(root)]:
                raise error(67, f"non unique alias detected: {_get(new, 'alias', 'name')}")
        network = new.find("source").get("network")
        if network is not None and not self.conn.networkLookupByName(network).isActive() and flags & LIVE:
            raise error(55, f"network '{network}' is not active")
        for root in sides:
            nic = copy.deepcopy(new)
            if not (_get(nic, "alias", "name") or "").startswith("ua-"):
                _drop(nic, "alias")
            _give_address(root, nic)
            root.find("devices").append(nic)
            if root is self.live:
                self._go_live(nic)
        return 0

    def detachDeviceFlags(self, xml: str, flags: int = 0) -> int:
        self._call("detachDeviceFlags")
        asked = etree.fromstring(xml)
        if asked.tag == "disk":
            self._detach_disk(asked, flags)
            return 0
        if asked.find("source") is None:
            raise error(27, "interface type='network' requires a 'source' element")
        for root, nic in [(root, _match(root, asked)) for root in self._sides(flags)]:
            if root is self.live and not self._guest_lets_go(nic):
                self.conn.clock.sleep(5.0)
                continue
            root.find("devices").remove(nic)
        return 0

    def updateDeviceFlags(self, xml: str, flags: int = 0) -> int:
        self._call("updateDeviceFlags")
        new = etree.fromstring(xml)
        for root, nic in [(root, _match(root, new)) for root in self._sides(flags)]:
            if root is self.config:
                nic.getparent().replace(nic, copy.deepcopy(new))
                continue
            if _get(new, "model", "type") != _get(nic, "model", "type"):
                raise error(84, "cannot modify network device model")
            network = new.find("source").get("network")
            if network is not None and not self.conn.networkLookupByName(network).isActive():
                raise error(55, f"network '{network}' is not active")
            if (network or new.find("source").get("bridge")) != (
                nic.find("source").get("network") or nic.find("source").get("bridge")
            ):
                nic.replace(nic.find("source"), copy.deepcopy(new.find("source")))
                nic.set("type", new.get("type"))
                self._plug_into(nic)
            _drop(nic, "link")
            if new.find("link") is not None:
                nic.append(copy.deepcopy(new.find("link")))
        return 0

    def setMemoryFlags(self, memory: int, flags: int) -> int:
        self._call("setMemoryFlags")
        (side,) = self._sides(flags)
        if memory > int(side.findtext("memory")):
            raise error(8, "invalid argument: cannot set memory higher than max memory")
        if self.balloon_follows:
            side.find("currentMemory").text = str(memory)
        return 0

    def setVcpusFlags(self, nvcpus: int, flags: int) -> int:
        self._call("setVcpusFlags")
        (side,) = self._sides(flags)
        vcpu = side.find("vcpu")
        if nvcpus > int(vcpu.text):
            raise error(8, "invalid argument: requested vcpus is greater than max allowable vcpus")
        if nvcpus < int(vcpu.get("current", vcpu.text)) and not self.vcpus_let_go:
            self.conn.clock.sleep(5.0)
            raise error(68, "operation timed out: vcpu unplug request timed out")
        vcpu.set("current", str(nvcpus))
        return 0

    def disks(self, live: bool = True) -> list[tuple[str, str]]:
        """(target, file), for tests."""
        root = self.live if live else self.config
        return [(_get(d, "target", "dev"), _get(d, "source", "file")) for d in _disks(root)]

    def _attach_disk(self, new: Any, flags: int) -> None:
        sides = self._sides(flags)
        for root in sides:
            if _get(new, "target", "dev") in [_get(d, "target", "dev") for d in _disks(root)]:
                raise error(55, f"target {_get(new, 'target', 'dev')} already exists")
        for root in sides:
            root.find("devices").append(copy.deepcopy(new))

    def _detach_disk(self, asked: Any, flags: int) -> None:
        for root in self._sides(flags):
            found = [d for d in _disks(root) if _get(d, "target", "dev") == _get(asked, "target", "dev")]
            if not found:
                raise error(99, f"device not found: disk {_get(asked, 'target', 'dev')} not found")
            if root is self.live and not self._guest_lets_go(found[0]):
                self.conn.clock.sleep(5.0)
                continue
            root.find("devices").remove(found[0])

    def plugged(self, live: bool = True) -> list[str]:
        """MACs, for tests."""
        return [_get(n, "mac", "address") for n in _nics(self.live if live else self.config)]

    def _guest_lets_go(self, device: Any) -> bool:
        key = _get(device, "target", "dev") if device.tag == "disk" else str(_address(device))
        self.asked[key] = self.asked.get(key, 0) + 1
        return self.lets_go is not None and self.asked[key] >= self.lets_go and not self.paused

    def _sides(self, flags: int) -> list[Any]:
        if flags & LIVE and self.live is None:
            raise error(55, "Requested operation is not valid: domain is not running")
        if flags & CONFIG and not self.persistent:
            raise error(55, "transient domains do not have any persistent config")
        return [root for flag, root in ((CONFIG, self.config), (LIVE, self.live)) if flags & flag]

    def _go_live(self, nic: Any) -> None:
        number = len(self.conn.calls) * 100 + len(list(_nics(self.live)))
        etree.SubElement(nic, "target", dev=f"vnet{number}")
        if nic.find("alias") is None:
            etree.SubElement(nic, "alias", name=f"net{number}")
        self._plug_into(nic)

    def _plug_into(self, nic: Any) -> None:
        source = nic.find("source")
        network = source.get("network")
        if network is not None:
            held = self.conn.networkLookupByName(network)
            source.set("portid", "3568ba17-ec78-4c5d-974b-3d16529feea8")
            source.set("bridge", held.bridge)
            if held.bridged:
                nic.set("type", "bridge")

    def _stop(self) -> None:
        self.live = None
        if not self.persistent:
            del self.conn.domains[self.uuid]

    def _require(self) -> None:
        if self.uuid not in self.conn.domains:
            raise error(42, f"Domain not found: no domain with matching uuid '{self.uuid}'")

    def _call(self, name: str) -> None:
        self._require()
        self.conn.calls.append(name)


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
    {1024: lambda d: d.autostart(), 2048: lambda d: not d.autostart()},
)


def _as_libvirt_writes(root: Any) -> Any:
    root = copy.deepcopy(root)
    memory = root.find("memory")
    if memory.get("unit") == "MiB":
        memory.set("unit", "KiB")
        memory.text = str(int(memory.text) * 1024)
    if root.find("currentMemory") is None:
        etree.SubElement(root, "currentMemory", unit="KiB").text = memory.text
    if root.find("cpu") is None:
        etree.SubElement(etree.SubElement(root, "cpu", mode="custom", match="exact"), "model").text = "qemu64"
    kind = root.find("os/type")
    version = {"pc": "pc-i440fx-7.2", "q35": "pc-q35-7.2"}
    kind.set("machine", version.get(kind.get("machine", "pc"), kind.get("machine")))
    kind.set("arch", kind.get("arch", "x86_64"))
    if root.find("devices/emulator") is None:
        etree.SubElement(root.find("devices"), "emulator").text = "/usr/bin/qemu-system-x86_64"
    for nic in _nics(root):
        _give_address(root, nic)
    return root


def _give_address(root: Any, nic: Any) -> None:
    if nic.find("address") is None:
        taken = {n.find("address").get("slot") for n in _nics(root) if n.find("address") is not None}
        slot = next(s for s in range(2, 32) if f"0x{s:02x}" not in taken)
        etree.SubElement(
            nic, "address", type="pci", domain="0x0000", bus="0x00", slot=f"0x{slot:02x}", function="0x0"
        )


def _match(root: Any, asked: Any) -> Any:
    """The one NIC with this MAC, and with the address and alias that are given."""
    found = [
        n for n in _nics(root) if _get(n, "mac", "address").lower() == _get(asked, "mac", "address").lower()
    ]
    if asked.find("address") is not None:
        found = [n for n in found if _address(n) == _address(asked)]
    alias = _get(asked, "alias", "name")
    if alias is not None:
        found = [n for n in found if _get(n, "alias", "name") == alias]
    if not found:
        raise error(99, "device not found: no device found at address '(<null>)'")
    if len(found) > 1:
        raise error(9, f"multiple devices matching MAC address {_get(asked, 'mac', 'address')} found")
    return found[0]


def _address(nic: Any) -> list[tuple[str, str]]:
    return sorted(nic.find("address").attrib.items())


def _nics(root: Any) -> list[Any]:
    return root.findall("devices/interface")


def _disks(root: Any) -> list[Any]:
    return root.findall("devices/disk")


def _get(nic: Any, child: str, name: str) -> Any:
    found = nic.find(child)
    return None if found is None else found.get(name)


def _drop(nic: Any, child: str) -> None:
    for found in nic.findall(child):
        nic.remove(found)


def _in_namespace(element: Any, key: str, uri: str) -> Any:
    new = etree.Element(f"{{{uri}}}{element.tag}", dict(element.attrib), nsmap={key: uri})
    new.text = element.text
    for child in element:
        new.append(child if etree.QName(child).namespace else _in_namespace(child, key, uri))
    return new
