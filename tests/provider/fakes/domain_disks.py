"""What other hands do to the disks of a domain in memory: snapshots, commits and copies, as libvirt shows them."""

from __future__ import annotations

from typing import Any

from lxml import etree

from tests.provider.fakes.domain import Domain
from tests.provider.fakes.domain_xml import disks, get


def snapshot(
    domain: Domain, file: str, target: str = "vda", recorded: bool = True, known: bool = False
) -> str:
    """As ``virsh snapshot-create-as --disk-only``: the disk goes on in ``file``, upon what it was.

    ``recorded``: whether its definition says what the new file stands on; one that was made by ``qemu-img`` and
    ``virsh edit`` does not.  ``known``: whether the pool has looked at the file yet.
    """
    for root in _sides(domain):
        disk = _disk(root, target)
        source = disk.find("source")
        domain.conn.add_volume(file, known=known, backing=source.get("file"))
        if recorded or root is domain.live:
            _push(disk, source.get("file"))
        source.set("file", file)
    return file


def start(domain: Domain, below: str, target: str = "vda") -> None:
    """As libvirt starts a guest: what its disk stands on is read from the headers, for the running one alone."""
    domain.create()
    disk = _disk(domain.live, target)
    if disk.find("backingStore") is None:
        _push(disk, below)


def commit(domain: Domain, base: str, target: str = "vda") -> None:
    """As ``virsh blockcommit --base BASE --active --pivot``."""
    for root in _sides(domain):
        disk = _disk(root, target)
        below = disk.find("backingStore")
        while below is not None and get(below, "source", "file") != base:
            below = below.find("backingStore")
        for old in disk.findall("backingStore"):
            disk.remove(old)
        if below is not None and below.find("backingStore") is not None:
            disk.find("source").addnext(below.find("backingStore"))
        disk.find("source").set("file", base)


def copied(domain: Domain, file: str, target: str = "vda") -> str:
    """As ``virsh blockcopy --pivot``: the disk goes on in ``file``, which stands on nothing."""
    for root in _sides(domain):
        disk = _disk(root, target)
        for old in disk.findall("backingStore"):
            disk.remove(old)
        disk.find("source").set("file", file)
    return file


def gone(domain: Domain, target: str) -> None:
    for root in _sides(domain):
        root.find("devices").remove(_disk(root, target))


def added(domain: Domain, file: str, target: str) -> None:
    """A disk of somebody else's."""
    for root in _sides(domain):
        disk = etree.SubElement(root.find("devices"), "disk", type="file", device="disk")
        etree.SubElement(disk, "source", file=file)
        etree.SubElement(disk, "target", dev=target, bus="virtio")


def job(domain: Domain, kind: str, to: str, target: str = "vda") -> None:
    """A block job that is under way: copy or active-commit."""
    disk = _disk(domain.live, target)
    mirror = etree.SubElement(disk, "mirror", type="file", job=kind, ready="yes")
    etree.SubElement(mirror, "source", file=to)


def aborted(domain: Domain, target: str) -> None:
    disk = _disk(domain.live, target)
    disk.remove(disk.find("mirror"))


def _sides(domain: Domain) -> list[Any]:
    return [root for root in (domain.config, domain.live) if root is not None]


def _disk(root: Any, target: str) -> Any:
    return next(disk for disk in disks(root) if get(disk, "target", "dev") == target)


def _push(disk: Any, file: str) -> None:
    below = etree.Element("backingStore", type="file")
    etree.SubElement(below, "format", type="qcow2")
    etree.SubElement(below, "source", file=file)
    old = disk.find("backingStore")
    if old is not None:
        below.append(old)
    disk.find("source").addnext(below)
