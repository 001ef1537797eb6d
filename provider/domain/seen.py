"""What a domain's definition says, in the terms in which domains are declared.  Pure: XML in, facts out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from lxml import etree

from provider.domain.xml import AGENT_CHANNEL
from provider.host.disk_files import Chain, chains
from provider.host.elements import attribute
from provider.host.xml_in import DEFINITIONS, of_libvirt, parsed
from provider.nic import nic
from provider.resource.mark import RESTARTING
from provider.storage.snapshots import Instead, above, instead

VolumePath = Callable[[str, str], str | None]  # pool and volume name -> path

Slots = tuple[tuple[str, str], ...]
# Files that are, or were, declared, each with the target name at which it was seen; empty where it was not yet.
Ours = Mapping[str, str]

_MIB_IN_KIB = 1024
_UNITS_IN_KIB = {
    "b": 1 / 1024,
    "bytes": 1 / 1024,
    "KiB": 1,
    "k": 1,
    "MiB": 1024,
    "M": 1024,
    "GiB": 1024**2,
    "G": 1024**2,
}


@dataclass(frozen=True)
class Seen:
    """``memory`` in MiB, the most that it may have, as ``vcpu``; the ``current_`` ones are what it starts with.

    ``disks`` and ``cdroms`` are paths in the order of their target names (vda, vdb, …); ``slots`` are (target name,
    path) of all disks, with an empty path for one that is no file; ``chains``: what they stand on; ``replaced``: what
    has the place of a declared one, and in ``slots`` and ``disks`` goes by its name.
    ``balloon``: whether memory can be taken back.
    ``restarting``: it has the mark of a restart (`mark.RESTARTING`), which is not among ``metadata``.
    ``cpu_of_host``: a CPU that names its vendor, which is what a running guest has in the place of ``host-model``.
    """

    name: str
    uuid: str
    type: str
    memory: int | float
    current_memory: int | float
    vcpu: int
    current_vcpu: int
    arch: str | None
    machine: str | None
    emulator: str | None
    cpu_mode: str | None
    cpu_of_host: bool
    firmware: str | None
    title: str | None
    description: str | None
    metadata: tuple[Any, ...]
    restarting: bool
    boot: tuple[str, ...]
    disks: tuple[str, ...]
    cdroms: tuple[str, ...]
    slots: Slots
    balloon: bool
    nics: tuple[nic.Nic, ...]
    consoles: tuple[dict[str, str], ...]
    graphics: dict[str, Any] | None
    video: str | None
    agent: bool
    chains: tuple[Chain, ...] = ()
    replaced: tuple[Instead, ...] = ()


@of_libvirt("a domain")
def see(xml: str, volume_path: VolumePath = lambda _pool, _volume: None) -> Seen:
    """The facts of a persistent definition, or of a running guest's inactive form.

    ``volume_path`` finds the file of a disk that was declared by pool and volume name, which virt-manager does.
    """
    root = parsed(xml, "domain")
    memory, slots = in_mib(root.find("memory")), _slots(root, ("disk", None), volume_path)
    vcpu = int((root.findtext("vcpu") or "1").strip())
    return Seen(
        name=root.findtext("name") or "",
        uuid=root.findtext("uuid") or "",
        type=root.get("type") or "",
        memory=memory,
        current_memory=in_mib(root.find("currentMemory")) or memory,
        vcpu=vcpu,
        current_vcpu=int(attribute(root, "vcpu", "current") or vcpu),
        arch=attribute(root, "os/type", "arch"),
        machine=attribute(root, "os/type", "machine"),
        emulator=root.findtext("devices/emulator"),
        cpu_mode=attribute(root, "cpu", "mode"),
        cpu_of_host=root.find("cpu/vendor") is not None,
        firmware=root.findtext("os/loader"),
        title=root.findtext("title"),
        description=root.findtext("description"),
        metadata=tuple(e for e in root.iterfind("metadata/*") if isinstance(e.tag, str) and not _is_mark(e)),
        restarting=any(_is_mark(e) for e in root.iterfind("metadata/*")),
        boot=tuple(e.get("dev") for e in root.iterfind("os/boot")),
        disks=tuple(path for _, path in slots if path),
        cdroms=tuple(path for _, path in _slots(root, ("cdrom",), volume_path) if path),
        slots=slots,
        balloon=root.find("devices/memballoon[@model='none']") is None,
        nics=tuple(nic.nics(xml)),
        consoles=tuple(_console(e) for e in root.iterfind("devices/console")),
        graphics=_graphics(root.find("devices/graphics")),
        video=attribute(root, "devices/video/model", "type"),
        agent=any(e.get("name") == AGENT_CHANNEL for e in root.iterfind("devices/channel/target")),
        chains=chains(xml),
    )


def as_declared(seen: Seen, ours: Ours) -> Seen:
    """The definition with each disk known by the file of ours that is in its chain, or whose place it has.  Its
    ``chains`` stay."""
    places = {path: target for path, target in ours.items() if target}
    declared = {each.target: each.path for each in above(seen.chains, ours)}
    replaced = instead(seen.slots, seen.chains, places)
    declared |= {each.target: each.path for each in replaced}
    if not declared:
        return seen
    slots = tuple((target, declared.get(target, path)) for target, path in seen.slots)
    disks = tuple(path for _, path in slots if path)
    return replace(seen, slots=slots, disks=disks, replaced=tuple(replaced))


def _is_mark(element: Any) -> bool:
    return isinstance(element.tag, str) and etree.QName(element).namespace == RESTARTING


@lru_cache(maxsize=DEFINITIONS)  # each new domain is compared with the disks of all others
@of_libvirt("a domain")
def written_disks(xml: str) -> frozenset[str]:
    """Paths of the disks that a domain may write to and of what they stand on, for telling whether a file is in use."""
    root = parsed(xml, "domain")
    return frozenset(
        path
        for disk in root.iterfind("devices/disk")
        if disk.find("readonly") is None and disk.find("shareable") is None
        for path in (_path(disk, lambda _pool, _volume: None), *_below(disk))
        if path
    )


def _below(disk: Any) -> list[str]:
    return [e.get("file") or e.get("dev") for e in disk.iterfind("backingStore//source")]


def in_mib(element: Any) -> int | float:
    """An amount of memory; 0 for an element that is not there."""
    if element is None:
        return 0
    kib = int(element.text) * _UNITS_IN_KIB.get(element.get("unit", "KiB"), 1)
    mib = kib / _MIB_IN_KIB
    return int(mib) if mib == int(mib) else mib


def same_amount(key: str, one: float, other: float) -> bool:
    """Whether two amounts (``memory``, ``vcpu``) are one: a balloon comes to rest a little beside its target."""
    return abs(one - other) <= max(1.0, other / 100) if key == "memory" else one == other


def _slots(root: Any, devices: tuple[str | None, ...], volume_path: VolumePath) -> Slots:
    found = [
        (attribute(disk, "target", "dev") or "", _path(disk, volume_path) or "")
        for disk in root.iterfind("devices/disk")
        if disk.get("device") in devices
    ]
    return tuple(sorted(found, key=lambda slot: (len(slot[0]), slot[0])))


def _path(disk: Any, volume_path: VolumePath) -> str | None:
    source = disk.find("source")
    if source is None:
        return None
    pool, volume = source.get("pool"), source.get("volume")
    if pool and volume:
        return volume_path(pool, volume)
    path = source.get("file") or source.get("dev")
    return None if path is None else str(path)


def _console(element: Any) -> dict[str, str]:
    return {
        "type": element.get("type", "pty"),
        "targetPort": attribute(element, "target", "port") or "0",
        "targetType": attribute(element, "target", "type") or "serial",
    }


def _graphics(element: Any) -> dict[str, Any] | None:
    if element is None:
        return None
    websocket = element.get("websocket")
    return {
        "type": element.get("type"),
        "autoport": element.get("autoport") == "yes",
        "websocket": None if websocket is None else int(websocket),
        "listenType": attribute(element, "listen", "type"),
        "listenAddress": attribute(element, "listen", "address"),
    }
