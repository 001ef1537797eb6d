"""The XML of a new domain.  Pure: what is wanted in, XML out; sources are paths and names, nothing is looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from provider.errors import OperatorError
from provider.nic import nic

AGENT_CHANNEL = "org.qemu.guest_agent.0"
SPARE_ROOT_PORTS = 16  # q35 has one free port by default: the second NIC that is plugged in would find none


@dataclass(frozen=True)
class Disk:
    """A file that the host has, and its format ("qcow2", "raw") as its pool tells it."""

    path: str
    format: str


@dataclass(frozen=True)
class Spec:
    """A domain to be made; ``memory`` in MiB.  None: left to libvirt."""

    name: str
    uuid: str
    type: str
    memory: int
    vcpu: int
    arch: str | None = None
    machine: str | None = None
    emulator: str | None = None
    cpu_mode: str | None = None
    firmware: str | None = None
    title: str | None = None
    description: str | None = None
    metadata: str | None = None
    boot: tuple[str, ...] = ("hd",)
    disks: tuple[Disk, ...] = ()
    cdrom: str | None = None
    nics: tuple[nic.Wanted, ...] = ()
    virtio_consoles: int = 0
    graphics: Mapping[str, Any] | None = None
    video: str | None = None


def build(spec: Spec) -> str:
    """The definition to be given to libvirt, before any stylesheet of the operator's."""
    root = etree.Element("domain", type=spec.type)
    _text(root, "name", spec.name)
    _text(root, "uuid", spec.uuid)
    if spec.title:
        _text(root, "title", spec.title)
    if spec.description:
        _text(root, "description", spec.description)
    if spec.metadata:
        metadata = etree.SubElement(root, "metadata")
        metadata.extend(metadata_elements(spec.metadata))
    _text(root, "memory", str(spec.memory), unit="MiB")
    _text(root, "vcpu", str(spec.vcpu))
    _os(root, spec)
    features = etree.SubElement(root, "features")
    # Without ACPI a guest can neither be asked to shut down nor be hot-plugged.
    etree.SubElement(features, "acpi")
    etree.SubElement(features, "apic")
    if spec.cpu_mode:
        etree.SubElement(root, "cpu", mode=spec.cpu_mode)
    etree.SubElement(root, "clock", offset="utc")
    _devices(etree.SubElement(root, "devices"), spec)
    return str(etree.tostring(root, encoding="unicode", pretty_print=True))


def metadata_elements(text: str) -> list[Any]:
    """The elements of ``metadata``, which libvirt wants each in a namespace of its own."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
    try:
        elements = list(etree.fromstring(f"<metadata>{text}</metadata>".encode(), parser))
    except etree.XMLSyntaxError as error:
        raise OperatorError(f"metadata is not XML: {' '.join(str(error).split())}") from error
    spaces = [etree.QName(e).namespace for e in elements if isinstance(e.tag, str)]
    if None in spaces or len(spaces) != len(set(spaces)):
        raise OperatorError("metadata: each of its elements needs an XML namespace, and each another one")
    return elements


def is_q35(machine: str | None) -> bool:
    return machine is not None and "q35" in machine


def _os(root: Any, spec: Spec) -> None:
    os = etree.SubElement(root, "os")
    kind = _text(os, "type", "hvm")
    for name, value in (("arch", spec.arch), ("machine", spec.machine)):
        if value:
            kind.set(name, value)
    if spec.firmware:
        _text(os, "loader", spec.firmware, readonly="yes", type="pflash")
    for device in spec.boot:
        etree.SubElement(os, "boot", dev=device)


def _devices(devices: Any, spec: Spec) -> None:
    if spec.emulator:
        _text(devices, "emulator", spec.emulator)
    for number, disk in enumerate(spec.disks):
        devices.append(disk_element(disk, "disk", virtio_name(number), "virtio"))
    if spec.cdrom:
        bus, prefix = ("sata", "sd") if is_q35(spec.machine) else ("ide", "hd")
        devices.append(disk_element(Disk(spec.cdrom, "raw"), "cdrom", f"{prefix}a", bus))
        etree.SubElement(devices[-1], "readonly")
    if is_q35(spec.machine):
        etree.SubElement(devices, "controller", type="pci", index="0", model="pcie-root")
        for index in range(1, SPARE_ROOT_PORTS + 1):
            etree.SubElement(devices, "controller", type="pci", index=str(index), model="pcie-root-port")
    for wanted in spec.nics:
        devices.append(etree.fromstring(nic.to_plug(wanted)))
    add_serial(devices)
    for port in range(1, spec.virtio_consoles + 1):
        add_virtio_console(devices, port)
    channel = etree.SubElement(devices, "channel", type="unix")
    etree.SubElement(channel, "target", type="virtio", name=AGENT_CHANNEL)
    if spec.graphics is not None:
        add_graphics(devices, spec.graphics)
    if spec.video is not None:
        etree.SubElement(etree.SubElement(devices, "video"), "model", type=spec.video)


def disk_element(source: Disk, device: str, dev: str, bus: str) -> Any:
    """A disk as it is defined, or plugged into a running guest."""
    disk = etree.Element("disk", type="file", device=device)
    etree.SubElement(disk, "driver", name="qemu", type=source.format)
    etree.SubElement(disk, "source", file=source.path)
    etree.SubElement(disk, "target", dev=dev, bus=bus)
    return disk


def virtio_name(number: int) -> str:
    """vda … vdz, vdaa …, as the kernel counts."""
    letters = ""
    number += 1
    while number:
        number, last = divmod(number - 1, 26)
        letters = chr(ord("a") + last) + letters
    return f"vd{letters}"


def add_serial(devices: Any) -> None:
    """The first serial port, and the console that libvirt has of it."""
    serial = etree.SubElement(devices, "serial", type="pty")
    etree.SubElement(serial, "target", port="0")
    console = etree.SubElement(devices, "console", type="pty")
    etree.SubElement(console, "target", type="serial", port="0")


def add_virtio_console(devices: Any, port: int) -> None:
    console = etree.SubElement(devices, "console", type="pty")
    etree.SubElement(console, "target", type="virtio", port=str(port))


def add_graphics(devices: Any, declared: Mapping[str, Any]) -> Any:
    graphics = etree.SubElement(devices, "graphics", type=str(declared.get("type", "spice")))
    if declared.get("autoport", True):
        graphics.set("autoport", "yes")
    if declared.get("websocket") is not None:
        graphics.set("websocket", str(declared["websocket"]))
    address = declared.get("listenAddress")
    kind = declared.get("listenType") or ("address" if address is not None else None)
    if kind is not None:
        listen = etree.SubElement(graphics, "listen", type=str(kind))
        if address is not None:
            listen.set("address", str(address))
    return graphics


def _text(parent: Any, tag: str, text: str, **attributes: str) -> Any:
    element = etree.SubElement(parent, tag, attributes)
    element.text = text
    return element
