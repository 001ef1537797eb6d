"""Changes of a persistent definition that a guest gets at its next start.  Pure: XML in, XML out.

The definition is carried forward as libvirt wrote it: UUID, metadata, devices, addresses and aliases stay, and of the
properties that are named what is there is changed: attributes and children that are nobody's here stay with it, but for
those that libvirt would not take beside the new value (see given_up.py).
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from lxml import etree

from provider.domain.seen import in_mib
from provider.domain.xml import add_graphics, add_serial, add_virtio_console
from provider.host.elements import child, drop, written
from provider.host.xml_in import of_libvirt, parsed

_MIB_IN_KIB: Final = 1024
_VERSION: Final = re.compile(r"-(\d+(\.\d+)*|rhel[\d.]+)$")
_X86: Final = frozenset({"i686", "x86_64"})
# What of an element only its former type has; libvirt refuses or drops it beside another one.
_OF_GRAPHICS_TYPE: Final = (
    "port",
    "tlsPort",
    "websocket",
    "listen",
    "socket",
    "sharePolicy",
    "defaultMode",
    "powerControl",
)
_OF_VIDEO_TYPE: Final = ("ram", "vram", "vram64", "vgamem", "heads", "blob")


@of_libvirt("a domain")
def staged(xml: str, declared: Mapping[str, Any], keys: Collection[str]) -> str:
    """The persistent definition ``xml`` with these declared properties (of `STAGED`) put into it."""
    root = parsed(xml)
    for key in sorted(keys):
        _SETTERS[key](root, declared[key])
    return written(root)


@of_libvirt("a domain")
def unfit(xml: str, declared: Mapping[str, Any], keys: Collection[str]) -> dict[str, str]:
    """Property -> why it cannot be put into this definition: the rest of it would not fit, or not start."""
    root = parsed(xml)
    found = {key: _UNFIT[key](root, declared[key]) for key in keys if key in _UNFIT}
    return {key: reason for key, reason in found.items() if reason}


def _memory(root: Any, mib: int) -> None:
    """What the guest starts with, and the most that it may have: it can't do with less than it was started with.

    What is shared out to NUMA cells, or plugged in as memory devices, is no less for it.
    """
    memory = root.find("memory")
    current = root.find("currentMemory")
    if current is None:
        current = etree.Element("currentMemory")
        memory.addnext(current)
    fixed = root.find("cpu/numa") is not None or root.find("maxMemory") is not None
    for element in (memory, current):
        if element is current or not fixed or in_mib(memory) < mib:
            element.set("unit", "KiB")
            element.text = str(mib * _MIB_IN_KIB)


def _vcpu(root: Any, count: int) -> None:
    """What the guest starts with; the most grows along.  A list of single ones would not match."""
    element = child(root, "vcpu")
    most = int(element.text or 1)
    element.attrib.pop("current", None)
    if count < most:
        element.set("current", str(count))
    element.text = str(max(most, count))
    drop(root, "vcpus")


def _cpu(root: Any, declared: Mapping[str, Any]) -> None:
    """The mode; model, vendor and how to match them belong to the mode of before, topology and NUMA do not."""
    cpu = child(root, "cpu")
    for name in ("match", "check", "migratable"):
        cpu.attrib.pop(name, None)
    for tag in ("model", "vendor", *(("feature",) if declared["mode"] == "custom" else ())):
        drop(cpu, tag)
    cpu.set("mode", declared["mode"])


def _os_type(attribute: str) -> Callable[[Any, str], None]:
    return lambda root, value: root.find("os/type").set(attribute, value)


def _emulator(root: Any, path: str) -> None:
    devices = root.find("devices")
    emulator = devices.find("emulator")
    if emulator is None:
        emulator = etree.Element("emulator")
        devices.insert(0, emulator)
    emulator.text = path


def _firmware(root: Any, path: str) -> None:
    """The loader as a new domain has it; libvirt's own choice of one (``firmware='efi'``) would speak against it."""
    os = root.find("os")
    os.attrib.pop("firmware", None)
    drop(os, "firmware")
    loader = os.find("loader")
    if loader is None:
        loader = etree.Element("loader")
        os.find("type").addnext(loader)
    loader.attrib.update({"readonly": "yes", "type": "pflash"})
    loader.text = path


def _boot(root: Any, declared: Any) -> None:
    """libvirt takes an order of kinds of devices, or one of single devices, but not both."""
    os = root.find("os")
    for device in root.iterfind("devices/*"):
        drop(device, "boot")
    devs = [dev for entry in declared for dev in entry.get("devs", ())]
    there = os.findall("boot")
    for boot in there[len(devs) :]:
        os.remove(boot)
    for boot, dev in zip(
        [*there, *(etree.SubElement(os, "boot") for _ in devs[len(there) :])], devs, strict=False
    ):
        boot.set("dev", dev)


def _consoles(root: Any, declared: Any) -> None:
    """Those that are missing: a first one that is no pty becomes a serial one, virtio ones come behind the rest."""
    devices = root.find("devices")
    there = devices.findall("console")
    kinds = [c.get("targetType", "serial") for c in declared]
    if "serial" in kinds and not any(c.get("type") == "pty" and not _is_virtio(c) for c in there):
        _serial(devices, next((c for c in there if not _is_virtio(c)), None))
    have = sum(c.get("type") == "pty" and _is_virtio(c) for c in there)
    ports = [int(t.get("port", "0")) for t in devices.iterfind("console/target")]
    for number in range(kinds.count("virtio") - have):
        add_virtio_console(devices, max(ports, default=0) + 1 + number)


def _serial(devices: Any, console: Any) -> None:
    """The first serial port and its console on a pty; where they led before belongs to the type of before."""
    serial = devices.find("serial")
    if serial is None or console is None:
        add_serial(devices)
        for old in (serial, console):
            if old is not None:
                devices.remove(old)
        return
    for old in (serial, console):
        old.set("type", "pty")
        for name in ("source", "protocol"):
            drop(old, name)
        target = child(old, "target")
        target.set("port", target.get("port", "0"))
    if console.find("target").get("type") is None:
        console.find("target").set("type", "serial")


def _is_virtio(console: Any) -> bool:
    return any(target.get("type") == "virtio" for target in console.iterfind("target"))


def _graphics(root: Any, declared: Mapping[str, Any]) -> None:
    devices = root.find("devices")
    old = devices.find("graphics")
    if old is None:
        add_graphics(devices, declared)
        return
    if "type" in declared and old.get("type") != declared["type"]:
        declared = {"autoport": True, **declared}
        old.set("type", declared["type"])
        for name in _OF_GRAPHICS_TYPE:
            old.attrib.pop(name, None)
    if "autoport" in declared:
        old.set("autoport", "yes" if declared["autoport"] else "no")
        if declared["autoport"]:
            old.attrib.pop("port", None)
    if "websocket" in declared:
        old.set("websocket", str(declared["websocket"]))
    if "listenType" in declared or "listenAddress" in declared:
        _listen(old, declared)


def _listen(graphics: Any, declared: Mapping[str, Any]) -> None:
    """``listen=`` of the element repeats the first ``<listen>``, and libvirt wants them equal."""
    graphics.attrib.pop("listen", None)
    listen = graphics.find("listen")
    if listen is None:
        listen = etree.SubElement(graphics, "listen", type="address")
    kind = declared.get("listenType", "address" if "listenAddress" in declared else listen.get("type"))
    if listen.get("type") != kind:
        for name in ("address", "network", "socket"):
            listen.attrib.pop(name, None)
        listen.set("type", kind)
    if "listenAddress" in declared:
        listen.set("address", declared["listenAddress"])


def _video(root: Any, declared: Mapping[str, Any]) -> None:
    """The first video device; sizes of its memory, and how it draws, belong to the type of before."""
    video = child(root.find("devices"), "video")
    model = child(video, "model")
    for name in (*_OF_VIDEO_TYPE, *(("primary",) if declared["type"] == "none" else ())):
        model.attrib.pop(name, None)
    for name in ("acceleration", "resolution"):
        drop(model, name)
    if declared["type"] == "none":
        drop(video, "address")
    model.set("type", declared["type"])


def _family(machine: str) -> str:
    """``pc`` or ``q35`` for any version of them; of other machines, the name without its version."""
    for prefix, family in (("pc-i440fx", "pc"), ("pc-q35", "q35")):
        if machine.startswith(prefix):
            return family
    return _VERSION.sub("", machine)


def _fits(fits: Callable[[Any, Any], bool], reason: str) -> Callable[[Any, Any], str | None]:
    return lambda root, declared: None if fits(root, declared) else reason


def _unfit_vcpu(root: Any, count: int) -> str | None:
    if count <= int(root.findtext("vcpu") or 1):
        return None
    if root.find("cpu/numa") is not None:
        return "its NUMA cells share the vCPUs out"
    topology = root.find("cpu/topology")
    if topology is None:
        return None
    has = math.prod(int(topology.get(name, "1")) for name in ("sockets", "dies", "cores", "threads"))
    return None if has == count else f"its CPU topology is one of {has}"


def _unfit_graphics(root: Any, declared: Mapping[str, Any]) -> str | None:
    if declared.get("autoport", True):
        return None
    after = copy.deepcopy(root)
    _graphics(after, declared)
    graphics = after.find("devices/graphics")
    listens = graphics.find("listen[@type='none']") is None and graphics.get("type") == "vnc"
    if not listens or graphics.get("port", "-1") != "-1":
        return None
    return "without autoport it has no port, and the guest does not start"


_SETTERS: Final[Mapping[str, Callable[[Any, Any], None]]] = {
    "arch": _os_type("arch"),
    "bootDevices": _boot,
    "consoles": _consoles,
    "cpu": _cpu,
    "emulator": _emulator,
    "firmware": _firmware,
    "graphics": _graphics,
    "machine": _os_type("machine"),
    "memory": _memory,
    "vcpu": _vcpu,
    "video": _video,
}
_UNFIT: Final[Mapping[str, Callable[[Any, Any], str | None]]] = {
    "arch": _fits(
        lambda root, arch: {arch, root.find("os/type").get("arch")} <= _X86,
        "its machine type, devices and disk are of another architecture",
    ),
    "cpu": _fits(
        lambda root, cpu: cpu.get("mode") != "host-passthrough" or root.get("type") != "qemu",
        "an emulated guest (type qemu) does not start with it",
    ),
    "graphics": _unfit_graphics,
    "machine": _fits(
        lambda root, machine: _family(machine) == _family(root.find("os/type").get("machine", "")),
        "the addresses of its devices are those of another machine type",
    ),
    "memory": _fits(
        lambda root, mib: root.find("cpu/numa") is None or mib <= in_mib(root.find("memory")),
        "its NUMA cells share the memory out",
    ),
    "vcpu": _unfit_vcpu,
}
STAGED: Final = frozenset(_SETTERS)
