"""A domain's XML as libvirt writes it down: its devices, their addresses, and which of them a call means."""

from __future__ import annotations

import copy
from typing import Any

from lxml import etree

from tests.provider.fakes.basics import error


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
    kind = root.find("os/type")
    version = {"pc": "pc-i440fx-7.2", "q35": "pc-q35-7.2"}
    kind.set("machine", version.get(kind.get("machine", "pc"), kind.get("machine")))
    kind.set("arch", kind.get("arch", "x86_64"))
    if root.find("devices/emulator") is None:
        etree.SubElement(root.find("devices"), "emulator").text = "/usr/bin/qemu-system-x86_64"
    for nic in nics(root):
        give_address(root, nic)
    return root


def give_address(root: Any, nic: Any) -> None:
    if nic.find("address") is None:
        taken = {n.find("address").get("slot") for n in nics(root) if n.find("address") is not None}
        slot = next(s for s in range(2, 32) if f"0x{s:02x}" not in taken)
        etree.SubElement(
            nic, "address", type="pci", domain="0x0000", bus="0x00", slot=f"0x{slot:02x}", function="0x0"
        )


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
