"""The XML of a new domain.  Pure: what is wanted in, XML out; sources are paths and names, nothing is looked up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree
from lxml.builder import E

from provider.errors import OperatorError
from provider.nic import nic

MEMORY_MIB = 512  # of a new domain that does not say
VCPU = 1
AGENT_CHANNEL = "org.qemu.guest_agent.0"
SPARE_ROOT_PORTS = 16  # q35 has one free port by default: the second NIC that is plugged in would find none


@dataclass(frozen=True)
class Disk:
    """A file that the host has, and its format ("qcow2", "raw") as its pool tells it."""

    path: str
    format: str


def build(
    inputs: Mapping[str, Any],
    uuid: str = "",
    type: str | None = None,
    disks: Iterable[Disk] = (),
    cdrom: str | None = None,
    nics: Iterable[nic.Wanted] = (),
) -> str:
    """The definition to be given to libvirt, before any stylesheet of the operator's.

    Of ``inputs`` all that the host need not be asked about; the rest as it was found there.
    """
    metadata, mode = inputs.get("metadata"), inputs.get("cpu", {}).get("mode")
    root = E.domain(
        E.name(str(inputs["name"])),
        E.uuid(uuid),
        *_given(inputs, "title", "description"),
        *([E.metadata(*metadata_elements(metadata))] if metadata else ()),
        E.memory(str(inputs.get("memory", MEMORY_MIB)), unit="MiB"),
        E.vcpu(str(inputs.get("vcpu", VCPU))),
        _os(inputs),
        # Without ACPI a guest can neither be asked to shut down nor be hot-plugged.
        E.features(E.acpi, E.apic),
        *([E.cpu(mode=mode)] if mode else ()),
        E.clock(offset="utc"),
        _devices(inputs, disks, cdrom, nics),
        type=type or inputs.get("type", "qemu"),
    )
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


def _given(inputs: Mapping[str, Any], *tags: str) -> list[Any]:
    return [E(tag, inputs[tag]) for tag in tags if inputs.get(tag)]


def _os(inputs: Mapping[str, Any]) -> Any:
    os = E.os(E.type("hvm", {key: inputs[key] for key in ("arch", "machine") if inputs.get(key)}))
    if inputs.get("firmware"):
        os.append(E.loader(inputs["firmware"], readonly="yes", type="pflash"))
    devices = [dev for entry in inputs.get("bootDevices", ()) for dev in entry.get("devs", ())]
    os.extend(E.boot(dev=dev) for dev in devices or ["hd"])
    return os


def _devices(
    inputs: Mapping[str, Any], disks: Iterable[Disk], cdrom: str | None, nics: Iterable[nic.Wanted]
) -> Any:
    devices = E.devices(*_given(inputs, "emulator"))
    q35 = "q35" in (inputs.get("machine") or "")
    for number, disk in enumerate(disks):
        devices.append(disk_element(disk, "disk", virtio_name(number), "virtio"))
    if cdrom:
        target = ("sda", "sata") if q35 else ("hda", "ide")
        devices.append(disk_element(Disk(cdrom, "raw"), "cdrom", *target))
        devices[-1].append(E.readonly())
    if q35:
        devices.append(E.controller(type="pci", index="0", model="pcie-root"))
        for index in range(1, SPARE_ROOT_PORTS + 1):
            devices.append(E.controller(type="pci", index=str(index), model="pcie-root-port"))
    devices.extend(etree.fromstring(nic.to_plug(wanted)) for wanted in nics)
    add_serial(devices)
    consoles = [each.get("targetType", "serial") for each in inputs.get("consoles", ())]
    for port in range(1, consoles.count("virtio") + 1):
        add_virtio_console(devices, port)
    devices.append(E.channel(E.target(type="virtio", name=AGENT_CHANNEL), type="unix"))
    if inputs.get("graphics") is not None:
        add_graphics(devices, inputs["graphics"])
    if (model := inputs.get("video", {}).get("type")) is not None:
        devices.append(E.video(E.model(type=model)))
    # Kernels of before 2019 wait at boot for randomness, of which a VM has little by itself.
    devices.append(E.rng(E.backend("/dev/urandom", model="random"), model="virtio"))
    return devices


def disk_element(source: Disk, device: str, dev: str, bus: str) -> Any:
    """A disk as it is defined, or plugged into a running guest.  What the guest frees in it is free on the host too."""
    driver, file = E.driver(name="qemu", type=source.format), E.source(file=source.path)
    if device == "disk":
        driver.set("discard", "unmap")
    return E.disk(driver, file, E.target(dev=dev, bus=bus), type="file", device=device)


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
    devices.append(E.serial(E.target(port="0"), type="pty"))
    devices.append(E.console(E.target(type="serial", port="0"), type="pty"))


def add_virtio_console(devices: Any, port: int) -> None:
    devices.append(E.console(E.target(type="virtio", port=str(port)), type="pty"))


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
