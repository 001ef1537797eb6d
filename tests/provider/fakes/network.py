"""libvirt's networks in memory: the calls that the provider makes, as a real 9.0 answers them.

What a real one does and this one does too: a network has two definitions; a reservation that repeats a MAC, an address
or a name is refused (55), "modify" takes the first entry with the MAC or the name, an update of a network that does not
run is refused.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from lxml import etree

from tests.provider.fakes.basics import CONFIG, LIVE, error, written

if TYPE_CHECKING:
    from tests.provider.fakes.libvirt import Connection


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
        self.leases: list[dict[str, Any]] = []

    def _any(self) -> Any:
        return self.config if self.config is not None else self.live

    def name(self) -> str:
        return str(self._any().findtext("name"))

    def UUIDString(self) -> str:
        return str(self._any().findtext("uuid"))

    def DHCPLeases(self) -> list[dict[str, Any]]:
        """Also of one that does not run."""
        return [dict(lease) for lease in self.leases]

    def listAllPorts(self, flags: int = 0) -> list[Port]:
        if self.live is None:
            raise error(55, f"Requested operation is not valid: network '{self.name()}' is not active")
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


def _dhcp(root: Any) -> Any:
    ip = root.find("ip")
    if ip is None:
        raise error(55, "no <ip> element found")
    dhcp = ip.find("dhcp")
    return etree.SubElement(ip, "dhcp") if dhcp is None else dhcp


def _update_host(root: Any, command: int, host: Any) -> None:
    dhcp = _dhcp(root)
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
    if command == 2 and not there:
        raise error(55, "couldn't locate a matching DNS HOST record")
    if command != 2 and there:
        raise error(55, "there is already at least one DNS HOST record with a matching field")
    _delete_or_add(dns, there, host)


def _update_range(root: Any, command: int, limits: Any) -> None:
    dhcp = _dhcp(root)
    ends = ("start", "end")
    there = [old for old in dhcp.findall("range") if all(old.get(end) == limits.get(end) for end in ends)]
    if command == 1:
        raise error(84, "dhcp ranges cannot be modified, only added or deleted")
    if command == 2 and not there:
        raise error(55, "couldn't locate a matching dhcp range entry")
    if command != 2 and there:
        raise error(55, "there is an existing dhcp range entry that matches")
    _delete_or_add(dhcp, there, limits)


def _delete_or_add(parent: Any, there: list[Any], new: Any) -> None:
    if there:
        parent.remove(there[0])
    else:
        parent.append(new)


_UPDATES = {4: _update_host, 5: _update_range, 10: _update_dns}
