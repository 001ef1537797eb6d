"""All that is on a real hypervisor, as lines that can be compared."""

from __future__ import annotations

import re

import libvirt
from lxml import etree

VOLATILE = ("id", "seclabel", "allocation", "physical", "timestamps", "permissions", "available", "resource")


def seen(uri: str) -> list[str]:
    """All that is on the hypervisor, without what libvirt gives anew each time, sorted.

    Of a pool the files that are there: what libvirt remembers of them may lack one, where it was busy or ended at work.
    """
    conn = libvirt.open(uri)
    try:
        lines = [
            f"network {n.autostart()} {_plain(n.XMLDesc(f))}" for n in conn.listAllNetworks() for f in (0, 1)
        ]
        lines += [
            f"domain {d.isActive()} {d.autostart()} {_plain(d.XMLDesc(f))}"
            for d in conn.listAllDomains()
            for f in (0, 2)
        ]
        for pool in conn.listAllStoragePools():
            if pool.isActive():
                pool.refresh()
            lines.append(f"pool {pool.isActive()} {pool.autostart()} {_plain(pool.XMLDesc())}")
            lines += [f"volume {_plain(volume.XMLDesc())}" for volume in pool.listAllVolumes()]
    finally:
        conn.close()
    return sorted(lines)


def _plain(xml: str) -> str:
    root = etree.fromstring(xml)
    root.attrib.pop("id", None)
    root.attrib.pop("connections", None)
    for tag in VOLATILE:
        for found in root.findall(f".//{tag}"):
            found.getparent().remove(found)
    for target in root.findall("devices/interface/target"):
        target.getparent().remove(target)
    for alias in root.findall(".//alias"):
        if not alias.get("name", "").startswith("ua-"):
            alias.getparent().remove(alias)
    for source in root.iterfind("devices/interface/source"):
        source.attrib.pop("portid", None)
    for place in root.findall("devices/interface/address"):
        place.getparent().remove(place)  # the slots are given in the order of plugging
    for source in [*root.iterfind("devices/*/source"), *root.iterfind("devices/*/backingStore")]:
        source.attrib.pop("index", None)
    devices = root.find("devices")
    if devices is not None:
        for path in ("channel/source", "channel/target", "serial/source", "console", "console/source"):
            for found in devices.findall(path):
                for key in ("path", "state", "tty"):
                    found.attrib.pop(key, None)
        devices[:] = sorted(
            devices, key=lambda part: " ".join(etree.tostring(part, method="c14n").decode().split())
        )
    return re.sub(r">\s+<", "><", " ".join(etree.tostring(root, method="c14n").decode().split()))
