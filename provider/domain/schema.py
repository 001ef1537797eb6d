"""Properties of a domain: their types, what their values may be, and the MAC of a NIC that declares none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from provider.domain.xml import metadata_elements
from provider.errors import OperatorError
from provider.host.macs import same_mac
from provider.resource.base import COMPUTED, Failure, Props
from provider.resource.names import (
    choice_failures,
    interface_failures,
    mac_failure,
    name_failures,
    path_failures,
    short,
    word_failures,
)
from provider.resource.specs import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    STRINGS,
    array,
    boolean,
    integer,
    record,
    resource,
    said,
    string,
)

_NUMBERS: Final = array(NUMBER)
_OWN: Final = record(
    {
        "macs": STRINGS,
        "disks": STRINGS,
        "apart": record(
            {
                "amounts": record({"memory": _NUMBERS, "vcpu": _NUMBERS}),
                **dict.fromkeys(("macs", "moved", "disks", "texts"), STRINGS),
            }
        ),
        "adopted": record({"memory": NUMBER, "vcpu": INTEGER, "transient": BOOLEAN}),
        "imported": record({"macs": STRINGS, "disks": STRINGS}),
    }
)
SCHEMA: Final = resource(
    "A virtual machine.  What is declared is compared and kept; what is not, is left as it is.",
    {
        "name": STRING,
        "type": string("kvm or qemu; kvm where the host has it."),
        "arch": STRING,
        "machine": string("pc, q35 or a version of them; libvirt's default is pc."),
        "emulator": STRING,
        "memory": integer("MiB; 512 for a new domain that does not say."),
        "vcpu": integer("1 for a new domain that does not say."),
        "cpu": said(
            record({"mode": STRING}),
            "host-model, host-passthrough or maximum; a new domain that does not say has the first of these that its "
            "host offers, an emulated one (qemu) maximum before host-model.",
        ),
        "firmware": string("Path of the loader, as pflash."),
        "autostart": BOOLEAN,
        "running": boolean("A new domain is started unless this is false."),
        "title": string("One line, which `virsh list --title` shows."),
        "description": STRING,
        "metadata": string("XML elements, each in an XML namespace of its own."),
        "disks": said(
            array(record({"volumeId": STRING, "file": STRING})),
            "Virtio disks, vda first: a volume's ID or its file.",
        ),
        "networkInterfaces": said(
            array(record(dict.fromkeys(("networkId", "networkName", "bridge", "mac"), STRING))),
            "Virtio NICs.  NICs beside these belong to others, Interface resources for example.",
        ),
        "cloudinit": string("ID of a CloudInitDisk, attached as a CD."),
        "consoles": said(
            array(record(dict.fromkeys(("type", "targetPort", "targetType"), STRING))),
            "Beyond the serial console, which is always there.",
        ),
        "graphics": record(
            {
                **dict.fromkeys(("type", "listenType", "listenAddress"), STRING),
                "autoport": BOOLEAN,
                "websocket": INTEGER,
            }
        ),
        "video": record({"type": STRING}),
        "qemuAgent": boolean("The guest agent's channel is always there."),
        "bootDevices": array(record({"devs": STRINGS})),
        "xml": said(record({"xslt": STRING}), "A stylesheet with the last word on a new domain's XML."),
    },
    {
        "state": string("As virsh says it: running, paused, shut off, …"),
        "pendingRestart": said(
            STRINGS,
            "Declared properties that the running guest has otherwise than its persistent definition, and gets once it "
            "was shut down and started again; absent when there are none.",
        ),
        "restarting": boolean(
            "True once a restart that was allowed was cut off: the next up starts a guest that it has left shut off, "
            "unless running says otherwise. Absent otherwise."
        ),
        "persistent": boolean("False once the domain was undefined while it runs."),
        "own": said(
            _OWN,
            "What networkInterfaces and disks have declared: what leaves them later is told from what is others'; "
            "of it, where the running guest and the persistent definition are apart. "
            "And what an imported guest started with, where that was less than it may have, whether it was transient "
            "(and may stay so until something else of it changes), and the NICs and disks "
            "that it had: while the inputs are those of the import, nobody has declared any of them.",
        ),
    },
    told=["state", "persistent"],
)


def filled(urn: str, olds: Props, news: Props) -> Props:
    """The inputs with a name and a MAC for each NIC: those of before, or ones that only the URN decides."""
    inputs = {"name": olds.get("name", urn.split("::")[-1]), **news}
    entries = inputs.get("networkInterfaces")
    if isinstance(entries, list):
        before = olds.get("networkInterfaces", [])
        inputs["networkInterfaces"] = [
            entry if not isinstance(entry, dict) or "mac" in entry else {**entry, "mac": _mac(urn, i, before)}
            for i, entry in enumerate(entries)
        ]
    return inputs


def _mac(urn: str, index: int, before: Any) -> str:
    if isinstance(before, list) and index < len(before) and "mac" in before[index]:
        return str(before[index]["mac"])
    digest = hashlib.sha256(f"{urn}#{index}".encode()).hexdigest()
    return ":".join(("52", "54", "00", digest[0:2], digest[2:4], digest[4:6]))


def failures(inputs: Props) -> Iterator[Failure]:
    """What is wrong with values of the right types.  `COMPUTED` is never wrong."""
    yield from _scalars(inputs)
    yield from _texts(inputs)
    for index, disk in enumerate(_members(inputs, "disks")):
        yield from one_of(disk, f"disks[{index}]", "volumeId", "file")
        for key in disk:
            yield from path_failures(f"disks[{index}].{key}", disk[key])
    yield from _nics(_members(inputs, "networkInterfaces"))
    for index, console in enumerate(_members(inputs, "consoles")):
        path, kind = f"consoles[{index}]", console.get("targetType", "serial")
        yield from choice_failures(f"{path}.type", console.get("type", "pty"), ["pty"], '"pty"')
        yield from word_failures(f"{path}.targetPort", console.get("targetPort"))
        yield from choice_failures(f"{path}.targetType", kind, ["serial", "virtio"], '"serial" or "virtio"')


def one_of(entry: Props, path: str, *keys: str) -> Iterator[Failure]:
    given = [key for key in keys if key in entry]
    if len(given) != 1:
        wanted = f"{', '.join(keys[:-1])} or {keys[-1]}"
        yield Failure(path, f"must have exactly one of {wanted}, not {' and '.join(given) or 'none'}")


def _scalars(inputs: Props) -> Iterator[Failure]:
    yield from name_failures("a domain", inputs["name"])
    for key in ("memory", "vcpu"):
        value = inputs.get(key, 1)
        if value is not COMPUTED and value < 1:
            yield Failure(key, f"must be at least 1, not {value}")
    yield from choice_failures("type", inputs.get("type", "kvm"), ["kvm", "qemu"], "kvm or qemu")
    title = inputs.get("title")
    if isinstance(title, str) and "\n" in title:
        yield Failure("title", f"must be one line, not {short(title)}; description may have several")
    metadata = inputs.get("metadata")
    if isinstance(metadata, str):
        try:
            metadata_elements(metadata)
        except OperatorError as error:
            yield Failure("metadata", str(error).removeprefix("metadata: "))


def _texts(inputs: Props) -> Iterator[Failure]:
    """Texts that are files of the host, or libvirt's own words."""
    for key in ("emulator", "firmware", "cloudinit"):
        yield from path_failures(key, inputs.get(key))
    for key in ("arch", "machine"):
        yield from word_failures(key, inputs.get(key))
    for key, parts in (("cpu", ("mode",)), ("video", ("type",)), ("graphics", ("type", "listenType"))):
        entry = inputs.get(key)
        given = entry if isinstance(entry, dict) else {}
        for part in parts:
            yield from word_failures(f"{key}.{part}", given.get(part))
    for index, entry in enumerate(_members(inputs, "bootDevices")):
        devices = entry.get("devs")
        for number, device in enumerate(devices if isinstance(devices, list) else ()):
            yield from word_failures(f"bootDevices[{index}].devs[{number}]", device)


def _nics(entries: list[Props]) -> Iterator[Failure]:
    seen: dict[str, int] = {}
    for index, entry in enumerate(entries):
        path = f"networkInterfaces[{index}]"
        yield from one_of(entry, path, "networkId", "networkName", "bridge")
        yield from name_failures("a network", entry.get("networkName"), f"{path}.networkName")
        yield from interface_failures(f"{path}.bridge", entry.get("bridge"))
        mac = entry["mac"]
        wrong = list(mac_failure(f"{path}.mac", mac))
        yield from wrong
        if mac is COMPUTED or wrong:
            continue
        first = seen.setdefault(same_mac(mac), index)
        if first != index:
            yield Failure(f"{path}.mac", f"{mac} is the MAC of networkInterfaces[{first}] already")


def _members(inputs: Props, key: str) -> list[Props]:
    value = inputs.get(key)
    return [m for m in value if isinstance(m, dict)] if isinstance(value, list) else []
