"""Whether a running domain has a place for a device that is to be plugged in.  Pure: its XML in, why it has not out.

Counted as libvirt does it for PCI: conventional devices take a slot of pci-root, of a pci-bridge or of a
pcie-to-pci-bridge; where the machine has a pcie-root, PCI Express ones take a root port or a switch's downstream port
that is free.  What is plugged in while a guest runs gets no new controller.  Without ACPI an x86 guest is not told of
what comes: on pc QEMU refuses it; on q35 it takes it, and the guest loses disks that it runs on.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from provider.host.elements import attribute
from provider.host.xml_in import DEFINITIONS, of_libvirt, parsed

NO_ACPI: Final = "it has no ACPI, by which a guest is told of what is plugged in"
# What libvirt and QEMU say where there is none; the code (1) says nothing.
REFUSALS: Final = ("No more available PCI slots", "does not support hotplugging")

_X86: Final = frozenset({"i686", "x86_64", None})
_EXPRESS: Final = frozenset({"virtio", "virtio-non-transitional", "e1000e", "igb"})  # on a pcie-root
_SLOTS: Final = {"pci-root": 31, "pci-bridge": 31, "pcie-to-pci-bridge": 31}
_PORTS: Final = {"pcie-root-port": 1, "pcie-switch-downstream-port": 1}
_LAST: Final = 31


@dataclass(frozen=True)
class Room:
    """How many devices more can be plugged in; None: that can't be told of this machine, and libvirt decides.

    ``express``: PCI Express devices, where the machine has a pcie-root; ``conventional``: PCI devices.
    """

    express: int | None = None
    conventional: int | None = None
    acpi: bool = True

    def why_not(self, model: str = "virtio", before: int = 0) -> str:
        """Why a device of this model has no place beside ``before`` others that come too; empty when it has."""
        if not self.acpi:
            return NO_ACPI
        express = self.express is not None and model in _EXPRESS
        free = self.express if express else self.conventional
        if free is None or free > before:
            return ""
        return f"it has no free {'pcie-root-port' if express else 'PCI slot'}"


@lru_cache(maxsize=DEFINITIONS)
@of_libvirt("a domain")
def room(xml: str) -> Room:
    """Of a running guest; of a definition what it would have once it is started."""
    root = parsed(xml)
    acpi = root.find("features/acpi") is not None or attribute(root, "os/type", "arch") not in _X86
    buses = {
        int(each.get("index")): each
        for each in root.iterfind("devices/controller[@type='pci']")
        if each.get("index") is not None
    }
    if 0 not in buses:
        return Room(acpi=acpi)
    used = _used(root)
    conventional = _free(buses, _SLOTS, used)
    if buses[0].get("model") == "pcie-root":
        return Room(_free(buses, _PORTS, used), conventional, acpi)
    return Room(None, conventional, acpi)


def why_not(xml: str | None, model: str = "virtio", before: int = 0) -> str:
    """Why a device has no place in the running guest of this XML; empty when it has, and for one that is shut off."""
    return "" if xml is None else room(xml).why_not(model, before)


def refused(said: str) -> bool:
    """Whether these words of libvirt's say that there is no place for what was to be plugged in."""
    return any(no in said for no in REFUSALS)


def _free(buses: dict[int, Any], kinds: dict[str, int], used: dict[int, int]) -> int:
    """Free places on buses of these kinds, in the order in which libvirt takes them."""
    free = 0
    for index, bus in sorted(buses.items()):
        model = bus.get("model")
        off = attribute(bus, "target", "hotplug") == "off"
        if "pci-root" in kinds and (model == "pci-expander-bus" or (model == "pci-root" and off)):
            return free  # libvirt would choose it before all others, and QEMU refuses
        if model in kinds and not off:
            free += max(0, kinds[model] - used.get(index, 0))
    return free


def _used(root: Any) -> dict[int, int]:
    """Slots in use by bus; functions of one slot count once, and slot 0 of a bus of slots is its own."""
    slots = {
        (_number(address.get("bus")), _number(address.get("slot")))
        for address in root.iterfind("devices/*/address[@type='pci']")
        if _number(address.get("domain")) == 0
    }
    if "i440fx" in (attribute(root, "os/type", "machine") or "i440fx"):
        slots.add((0, 1))  # the PIIX3, whatever of it the XML shows
    ports = {
        int(bus.get("index"))
        for bus in root.iterfind("devices/controller[@type='pci']")
        if bus.get("model") in _PORTS and bus.get("index") is not None
    }
    return dict(Counter(bus for bus, slot in slots if bus in ports or 0 < slot <= _LAST))


def _number(text: str | None) -> int:
    return int(text or "0", 0)


def controllers(xml: str, model: str = "virtio") -> list[str]:
    """The models of the controllers that give a definition one place more for such a device."""
    if room(xml).express is None:
        return ["pci-bridge"]
    return ["pcie-root-port", *([] if model in _EXPRESS else ["pcie-to-pci-bridge"])]
