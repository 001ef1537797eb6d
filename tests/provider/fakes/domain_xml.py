"""A domain's XML as libvirt writes it down: its devices, their addresses, and which of them a call means."""

from __future__ import annotations

import copy
from typing import Any

from lxml import etree

from tests.provider.fakes.basics import error

NO_HOTPLUG = "Bus 'pci.0' does not support hotplugging"
_CHECKS = {"host-model": "partial", "maximum": "none"}
_SLOTS = {"pci-root": range(2, 32), "pci-bridge": range(1, 32), "pcie-root-port": range(1)}


def as_libvirt_writes(root: Any) -> Any:
    root = copy.deepcopy(root)
    memory = root.find("memory")
    if memory.get("unit") == "MiB":
        memory.set("unit", "KiB")
        memory.text = str(int(memory.text) * 1024)
    if root.find("currentMemory") is None:
        etree.SubElement(root, "currentMemory", unit="KiB").text = memory.text
    if root.find("cpu") is None:
        etree.SubElement(etree.SubElement(root, "cpu", mode="custom", match="exact"), "model").text = "qemu64"
    elif root.find("cpu").get("check") is None and root.find("cpu").get("mode") in _CHECKS:
        root.find("cpu").set("check", _CHECKS[root.find("cpu").get("mode")])
    kind = root.find("os/type")
    version = {"pc": "pc-i440fx-7.2", "q35": "pc-q35-7.2"}
    kind.set("machine", version.get(kind.get("machine", "pc"), kind.get("machine")))
    kind.set("arch", kind.get("arch", "x86_64"))
    if root.find("devices/emulator") is None:
        etree.SubElement(root.find("devices"), "emulator").text = "/usr/bin/qemu-system-x86_64"
    devices = root.find("devices")
    if root.find("devices/controller[@index='0'][@type='pci']") is None:
        model = "pcie-root" if "q35" in kind.get("machine") else "pci-root"
        etree.SubElement(devices, "controller", type="pci", index="0", model=model)
    virtio = (d for d in disks(root) if get(d, "target", "bus") == "virtio")
    for device in (*nics(root), *virtio, *root.iterfind("devices/rng")):
        give_address(root, device)
    return root


def give_address(root: Any, device: Any, *, live: bool = False) -> None:
    """As libvirt: a definition grows another bus for a device; a running guest (``live``) has what it was started
    with."""
    if device.find("address") is not None:
        return
    if live and root.find("features/acpi") is None and not _express(root):
        raise error(1, f"internal error: unable to execute QEMU command 'device_add': {NO_HOTPLUG}")
    place = next(iter(free_places(root)), None)
    if place is None:
        if live:
            raise error(1, "internal error: No more available PCI slots")
        index = str(max(int(c.get("index")) for c in root.iterfind("devices/controller[@type='pci']")) + 1)
        model = "pcie-root-port" if _express(root) else "pci-bridge"
        etree.SubElement(root.find("devices"), "controller", type="pci", index=index, model=model)
        place = free_places(root)[0]
    occupy(device, *place)


def plugged_into(sides: list[Any], new: Any, live: Any) -> list[tuple[Any, Any]]:
    """A copy of the device in each side; nothing is changed where the running guest has no place for it."""
    copies = [(root, copy.deepcopy(new)) for root in sides]
    for root, device in sorted(copies, key=lambda each: each[0] is not live):
        give_address(root, device, live=root is live)
    for root, device in copies:
        root.find("devices").append(device)
    return copies


def free_places(root: Any) -> list[tuple[int, int]]:
    """(bus, slot) on which a virtio device can be, in libvirt's order."""
    found = [
        (int(bus.get("index")), slot)
        for bus in root.iterfind("devices/controller[@type='pci']")
        for slot in _SLOTS.get(bus.get("model"), ())
    ]
    if _express(root):
        found = [(bus, slot) for bus, slot in found if slot == 0]
    taken = {
        (int(a.get("bus"), 0), int(a.get("slot"), 0)) for a in root.iterfind("devices/*/address[@type='pci']")
    }
    return [place for place in found if place not in taken]


def occupy(device: Any, bus: int, slot: int) -> None:
    where = {"domain": "0x0000", "bus": f"0x{bus:02x}", "slot": f"0x{slot:02x}", "function": "0x0"}
    etree.SubElement(device, "address", type="pci", **where)


def fill(root: Any, leaving: int = 0) -> None:
    """Sound cards in all places but so many."""
    places = free_places(root)
    for place in places[: len(places) - leaving]:
        occupy(etree.SubElement(root.find("devices"), "sound", model="ich6"), *place)


def _express(root: Any) -> bool:
    return root.find("devices/controller[@model='pcie-root']") is not None


def match(root: Any, asked: Any) -> Any:
    """The one NIC with this MAC, and with the address and alias that are given."""
    found = [
        n for n in nics(root) if get(n, "mac", "address").lower() == get(asked, "mac", "address").lower()
    ]
    if asked.find("address") is not None:
        found = [n for n in found if address(n) == address(asked)]
    alias = get(asked, "alias", "name")
    if alias is not None:
        found = [n for n in found if get(n, "alias", "name") == alias]
    if not found:
        raise error(99, "device not found: no device found at address '(<null>)'")
    if len(found) > 1:
        raise error(9, f"multiple devices matching MAC address {get(asked, 'mac', 'address')} found")
    return found[0]


def change_live(nic: Any, new: Any) -> bool:
    """What was left out is lost, but for what is libvirt's own; whether the NIC is on another network now."""
    before, after = ([n.find("source").get(k) for k in ("network", "bridge")] for n in (nic, new))
    moved = (after[0] or after[1]) != (before[0] or before[1])
    for name in ("portid", "bridge") if not moved else ():
        if nic.find("source").get(name) is not None:
            new.find("source").set(name, nic.find("source").get(name))
    kept = [e for e in nic if e.tag in ("target", "alias", "address") and new.find(e.tag) is None]
    kind = new.get("type") if moved else nic.get("type")
    nic[:] = [*new, *kept]
    nic.attrib.clear()
    nic.attrib.update({**new.attrib, "type": kind})
    return moved


def address(nic: Any) -> list[tuple[str, str]]:
    return sorted(nic.find("address").attrib.items())


def nics(root: Any) -> list[Any]:
    return root.findall("devices/interface")


def disks(root: Any) -> list[Any]:
    return root.findall("devices/disk")


def get(nic: Any, child: str, name: str) -> Any:
    found = nic.find(child)
    return None if found is None else found.get(name)


def drop(nic: Any, child: str) -> None:
    for found in nic.findall(child):
        nic.remove(found)


def in_namespace(element: Any, key: str, uri: str) -> Any:
    new = etree.Element(f"{{{uri}}}{element.tag}", dict(element.attrib), nsmap={key: uri})
    new.text = element.text
    for child in element:
        new.append(child if etree.QName(child).namespace else in_namespace(child, key, uri))
    return new
