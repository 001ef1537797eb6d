"""Declared properties beside what is there.  Pure: what is equal keeps its declared spelling, so that it shows no diff.

What is not declared is neither compared nor shown; a disk or NIC that is there beside the declared ones is somebody
else's and is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from provider.domain.disks import blocked
from provider.domain.seen import Ours, Seen
from provider.domain.xml import metadata_elements
from provider.host.elements import written
from provider.host.macs import same_mac
from provider.host.ports import Room
from provider.nic import nic
from provider.nic.nic import Nic

Props = dict[str, Any]
NetworkName = Callable[[str], str | None]  # a network's UUID -> its name
SERIAL = ("pty", "serial")


@dataclass(frozen=True)
class Domain:
    """A domain as a sweep has seen it.

    ``seen`` is its persistent definition, or a transient domain's inactive form, and ``xml`` the text of it.
    ``live`` and ``config`` are the NICs of the running guest and of the persistent definition, ``now`` is all that
    the running guest has; None where the domain has no such side.  ``room``: what can be plugged into it.
    ``ours``: files that are, or were, declared, by which its disks are known.  ``saved`` is what its managed save image
    has, None where that can't be read too.
    """

    seen: Seen
    live: tuple[Nic, ...] | None
    config: tuple[Nic, ...] | None
    autostart: bool
    now: Seen | None = None
    xml: str = ""
    ours: Ours = field(default_factory=dict)
    saved: Seen | None = None
    is_saved: bool = False
    room: Room = field(default_factory=Room)

    @property
    def running(self) -> bool:
        return self.live is not None

    @property
    def marked(self) -> bool:
        """Whether a restart of it was begun and not seen through."""
        return self.seen.restarting or (self.now is not None and self.now.restarting)


def as_read(
    declared: Mapping[str, Any],
    domain: Domain,
    network_name: NetworkName,
    adopted: Mapping[str, Any] | None = None,
) -> Props:
    """The declared keys with the values that the domain has; a key that it lacks altogether is left out.

    ``adopted``: the ``memory`` and ``vcpu`` that the guest started with when it was imported, where that was less
    than it may have: it may go on so.
    """
    read: Props = {}
    for key, value in declared.items():
        if key in AMOUNTS:
            found: Any = _amount(value, *AMOUNTS[key](domain.seen), (adopted or {}).get(key))
        elif key in _READERS:
            found = _READERS[key](value, domain)
        elif key in _FACTS:
            found = getattr(domain.seen, key)
        elif key in ("autostart", "running"):
            found = getattr(domain, key)
        elif key == "networkInterfaces":
            found = list(_nics(value, domain, network_name))
        else:
            found = value  # xml, qemuAgent: how it is made, not what it is
        if found is not None:
            read[key] = found
    return read


def started_with_less(seen: Seen) -> Props:
    """``memory`` and ``vcpu`` of a guest that starts with less of them than it may have."""
    amounts = {key: of(seen) for key, of in AMOUNTS.items()}
    return {key: current for key, (most, current) in amounts.items() if current != most}


def still_adopted(seen: Seen, declared: Mapping[str, Any], adopted: Mapping[str, Any]) -> Props:
    """Without amounts that the guest does not start with any more, or that are declared as they are by now."""
    return {
        key: value
        for key, value in adopted.items()
        if key not in AMOUNTS or AMOUNTS[key](seen)[1] == value != declared.get(key)
    }


def imported(domain: Domain) -> Props:
    """All that is worth declaring of a domain that nobody has declared yet, and that can be: memory in whole MiB, NICs
    on a network or a bridge, each MAC once."""
    seen = domain.seen
    nics = {n.mac: {"mac": n.mac, **_place(n)} for n in reversed(seen.nics) if _place(n)}
    read: Props = {
        "name": seen.name,
        "type": seen.type,
        "arch": seen.arch,
        "machine": seen.machine,
        "memory": seen.memory if isinstance(seen.memory, int) else None,
        "vcpu": seen.vcpu,
        "disks": [{"file": path} for path in seen.disks],
        "networkInterfaces": list(reversed(nics.values())),
        "autostart": domain.autostart,
        "running": domain.running,
        "title": seen.title,
        "description": seen.description,
        "cloudinit": next(iter(seen.cdroms), None),
    }
    if seen.metadata:
        read["metadata"] = _text(seen.metadata)
    return {key: value for key, value in read.items() if value is not None}


def same_machine(declared: str, actual: str | None) -> bool:
    """``pc``, ``q35`` and ``virt`` stand for whichever version libvirt has written in their place."""
    prefix = {"pc": "pc-i440fx-", "q35": "pc-q35-", "virt": "virt-"}.get(declared)
    return declared == actual or (prefix is not None and actual is not None and actual.startswith(prefix))


def same_metadata(declared: str, actual: tuple[Any, ...]) -> bool:
    """Whether each declared element is there; prefixes and white space aside, and elements of others allowed."""
    return all(
        any(_same_element(wanted, found) for found in actual) for wanted in metadata_elements(declared)
    )


def disk_path(disk: Mapping[str, Any]) -> Any:
    """A volume's ID is the path of its file."""
    return disk.get("volumeId", disk.get("file"))


def _amount(declared: Any, most: Any, current: Any, adopted: Any) -> Any:
    """Equal when the guest starts with as much, or may have as much and starts as it was adopted."""
    if current == declared or (most == declared and current == adopted):
        return declared
    return most if current == adopted else current


def _metadata(declared: Any, domain: Domain) -> Any:
    """Of a running guest both sides count: libvirt can hold another text in each."""
    sides = [domain.seen] if domain.now is None else [domain.seen, domain.now]
    other = next((side for side in sides if not same_metadata(declared, side.metadata)), None)
    if other is None:
        return declared
    ours = {etree.QName(e).namespace for e in metadata_elements(declared)}
    return _text(tuple(e for e in other.metadata if etree.QName(e).namespace in ours)) or None


def _words(of: Callable[[Seen], str | None]) -> Callable[[Any, Domain], Any]:
    def read(declared: Any, domain: Domain) -> Any:
        sides = [domain.seen] if domain.now is None else [domain.seen, domain.now]
        other = next((text for text in (of(side) or "" for side in sides) if text != declared), declared)
        return other or ("" if declared == "" else None)

    return read


def _disks(declared: Any, domain: Domain) -> Any:
    """Each declared disk that both sides have; for one whose place another file has, that file.

    One that the running guest or the persistent definition lacks is left out: it is not plugged in as declared.  But
    not one that the guest cannot have before its next start, because the file of before is in its place.
    """
    live = None if domain.now is None else domain.now.slots
    config = domain.seen.slots
    paths = domain.seen.disks
    claimed = {disk_path(disk) for disk in declared}
    read = []
    for index, disk in enumerate(declared):
        path = disk_path(disk)
        other = blocked(path, live, config)
        if path in paths:
            if live is None or other is not None or any(path == p for _, p in live):
                read.append(disk)
            continue
        if index == 0 and paths and paths[0] not in claimed:
            other = paths[0]
        if other is not None:
            read.append({**disk, "volumeId" if "volumeId" in disk else "file": other})
    return read


def _boot(declared: Any, domain: Domain) -> Any:
    flat = [dev for entry in declared for dev in entry.get("devs", ())]
    return declared if flat == list(domain.seen.boot) else [{"devs": list(domain.seen.boot)}]


def _consoles(declared: Any, domain: Domain) -> Any:
    """There is one serial console, however often it is declared; virtio ones are counted."""

    def kind(console: Mapping[str, Any]) -> tuple[Any, Any]:
        return console.get("type", "pty"), console.get("targetType", "serial")

    there = Counter(kind(c) for c in domain.seen.consoles)
    missing = Counter(kind(c) for c in declared) - there
    if there[SERIAL]:
        del missing[SERIAL]
    return list(domain.seen.consoles) if missing else declared


def _graphics(declared: Any, domain: Domain) -> Any:
    found = domain.seen.graphics
    if found is None:
        return None
    if found["listenType"] == "none":  # libvirt then drops what only says where to listen
        found = found | {k: declared[k] for k in ("autoport", "websocket") if k in declared}
    return {k: found[k] for k in declared if found.get(k) is not None}


# The most that a guest may have, and what it starts with.
AMOUNTS: Mapping[str, Callable[[Seen], tuple[Any, Any]]] = {
    "memory": lambda seen: (seen.memory, seen.current_memory),
    "vcpu": lambda seen: (seen.vcpu, seen.current_vcpu),
}
_FACTS = ("name", "type", "arch", "emulator", "firmware")
_READERS: Mapping[str, Callable[[Any, Domain], Any]] = {
    "machine": lambda declared, d: declared if same_machine(declared, d.seen.machine) else d.seen.machine,
    "cpu": lambda declared, domain: dict.fromkeys(declared, domain.seen.cpu_mode),
    "title": _words(lambda seen: seen.title),
    "description": _words(lambda seen: seen.description),
    "metadata": _metadata,
    "disks": _disks,
    "cloudinit": lambda declared, d: (
        declared if declared in d.seen.cdroms else next(iter(d.seen.cdroms), None)
    ),
    "bootDevices": _boot,
    "consoles": _consoles,
    "graphics": _graphics,
    "video": lambda declared, domain: domain.seen.video and dict.fromkeys(declared, domain.seen.video),
}


def _nics(declared: list[Props], domain: Domain, network_name: NetworkName) -> Iterator[Props]:
    """Each declared NIC that every side of the domain has, and each copy too many once more.

    One that the running guest or the persistent definition lacks is left out: it is not plugged in as declared.
    """
    sides = [side for side in (domain.config, domain.live) if side is not None]
    for entry in declared:
        mac = same_mac(str(entry["mac"]))
        found = [[n for n in side if n.mac == mac] for side in sides]
        if all(found):
            wrong = next(
                (n for side in found for n in side[:1] if not n.is_on(wanted(entry, network_name))), None
            )
            yield entry if wrong is None else {"mac": entry["mac"], **_place(wrong)}
        most = max((len(side) for side in found), default=0)
        for _ in range(1, most):
            yield dict(entry)


def wanted(entry: Mapping[str, Any], network_name: NetworkName) -> nic.Wanted:
    """A member of ``networkInterfaces`` as a NIC; a network's UUID that no network has stands for itself."""
    network = entry.get("networkName")
    if network is None and "networkId" in entry:
        network = network_name(entry["networkId"]) or entry["networkId"]
    return nic.Wanted(str(entry["mac"]), network=network, bridge=entry.get("bridge"))


def _place(found: Nic) -> Props:
    if found.network is not None:
        return {"networkName": found.network}
    return {} if found.bridge is None else {"bridge": found.bridge}


def _text(elements: tuple[Any, ...]) -> str:
    return "".join(map(written, elements))


def _same_element(one: Any, other: Any) -> bool:
    return (
        one.tag == other.tag
        and dict(one.attrib) == dict(other.attrib)
        and (one.text or "").strip() == (other.text or "").strip()
        and len(one) == len(other)
        and all(_same_element(a, b) for a, b in zip(one, other, strict=True))
    )
