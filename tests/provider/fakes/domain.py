"""libvirt's domains in memory: the calls that the provider makes, answering as a real libvirt 9.0 was measured to.

What a real one does and this one does too: a repeated user alias is 67 and changes nothing, an absent device is 99, one
MAC in many NICs is taken, two of them can't be told apart without alias or address (9), a detach answers 0 while a
guest holds on, an update of the definition replaces the whole element, a NIC on a bridged network shows live as a
bridge, a domain undefined while it runs becomes transient, ``host-model`` shows live as the host's own CPU.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from lxml import etree

from tests.provider.fakes.basics import CONFIG, LIVE, error
from tests.provider.fakes.domain_saved import Saved
from tests.provider.fakes.domain_xml import (
    address,
    change_live,
    disks,
    drop,
    get,
    in_namespace,
    match,
    nics,
    plugged_into,
)

if TYPE_CHECKING:
    from tests.provider.fakes.domain_connection import Connection

SECURE, INACTIVE = 1, 2


class Domain(Saved):
    """``lets_go``: after how many requests the guest unplugs a device; None: never.  ``acpi``: if it powers off."""

    def __init__(self, conn: Connection, uuid: str) -> None:
        super().__init__()
        self.conn = conn
        self.uuid = uuid
        self.config: Any = None
        self.live: Any = None
        self.persistent = True
        self.auto = False
        self.paused = False
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
            return [5, 5 if self.was_saved else 0]
        if self.conn.clock.now < self.starting_until:
            return [3, 11]
        return [3, self.paused_for] if self.paused else [1, 1]

    def autostart(self) -> int:
        return int(self.auto)

    def setAutostart(self, autostart: int) -> int:
        self._call("setAutostart")
        self.auto = bool(autostart)
        return 0

    def interfaceAddresses(self, source: int, flags: int = 0) -> dict[str, Any]:
        return {}

    def create(self) -> int:
        self._call("create")
        if self.fails_to_start:
            raise error(1, self.fails_to_start)
        for network in self.config.iterfind("devices/interface/source[@network]"):
            if not self.conn.networkLookupByName(network.get("network")).isActive():
                raise error(55, f"network '{network.get('network')}' is not active")
        self.live, self.was_saved = self.starts_with(), False
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
        self.refuse_undefine(flags)
        self.image = None
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
                drop(root, tag)
                if metadata:
                    etree.SubElement(root, tag).text = metadata
                continue
            parent = root.find("metadata")
            parent = etree.SubElement(root, "metadata") if parent is None else parent
            for old in [e for e in parent if etree.QName(e).namespace == uri]:
                parent.remove(old)
            if metadata:
                parent.append(in_namespace(etree.fromstring(metadata), key, uri))
        return 0

    def attachDeviceFlags(self, xml: str, flags: int = 0) -> int:
        self._call("attachDeviceFlags")
        new = etree.fromstring(xml)
        if new.tag == "disk":
            self._attach_disk(new, flags)
            return 0
        sides = self._sides(flags)
        for root in sides:
            if get(new, "alias", "name") in [get(n, "alias", "name") or "-" for n in nics(root)]:
                raise error(67, f"non unique alias detected: {get(new, 'alias', 'name')}")
        network = new.find("source").get("network")
        if network is not None and not self.conn.networkLookupByName(network).isActive() and flags & LIVE:
            raise error(55, f"network '{network}' is not active")
        if not (get(new, "alias", "name") or "").startswith("ua-"):
            drop(new, "alias")
        for root, nic in plugged_into(sides, new, self.live):
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
        for root, nic in [(root, match(root, asked)) for root in self._sides(flags)]:
            if root is self.live and not self._guest_lets_go(nic):
                self.conn.clock.sleep(5.0)
                continue
            root.find("devices").remove(nic)
        return 0

    def updateDeviceFlags(self, xml: str, flags: int = 0) -> int:
        self._call("updateDeviceFlags")
        new = etree.fromstring(xml)
        for root, nic in [(root, match(root, new)) for root in self._sides(flags)]:
            if root is self.config:
                nic.getparent().replace(nic, copy.deepcopy(new))
                continue
            if get(new, "model", "type") != get(nic, "model", "type"):
                raise error(84, "cannot modify network device model")
            network = new.find("source").get("network")
            if network is not None and not self.conn.networkLookupByName(network).isActive():
                raise error(55, f"network '{network}' is not active")
            if change_live(nic, copy.deepcopy(new)):
                self._plug_into(nic)
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
        return [(get(d, "target", "dev"), get(d, "source", "file")) for d in disks(root)]

    def _attach_disk(self, new: Any, flags: int) -> None:
        sides = self._sides(flags)
        for root in sides:
            if get(new, "target", "dev") in [get(d, "target", "dev") for d in disks(root)]:
                raise error(55, f"target {get(new, 'target', 'dev')} already exists")
        plugged_into(sides, new, self.live)

    def _detach_disk(self, asked: Any, flags: int) -> None:
        for root in self._sides(flags):
            found = [d for d in disks(root) if get(d, "target", "dev") == get(asked, "target", "dev")]
            if not found:
                raise error(99, f"device not found: disk {get(asked, 'target', 'dev')} not found")
            if root is self.live and not self._guest_lets_go(found[0]):
                self.conn.clock.sleep(5.0)
                continue
            root.find("devices").remove(found[0])

    def plugged(self, live: bool = True) -> list[str]:
        """MACs, for tests."""
        return [get(n, "mac", "address") for n in nics(self.live if live else self.config)]

    def _guest_lets_go(self, device: Any) -> bool:
        key = get(device, "target", "dev") if device.tag == "disk" else str(address(device))
        self.asked[key] = self.asked.get(key, 0) + 1
        return self.lets_go is not None and self.asked[key] >= self.lets_go and not self.paused

    def _sides(self, flags: int) -> list[Any]:
        if flags & LIVE and self.live is None:
            raise error(55, "Requested operation is not valid: domain is not running")
        if flags & CONFIG and not self.persistent:
            raise error(55, "transient domains do not have any persistent config")
        return [root for flag, root in ((CONFIG, self.config), (LIVE, self.live)) if flags & flag]

    def _go_live(self, nic: Any) -> None:
        number = len(self.conn.calls) * 100 + len(list(nics(self.live)))
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
