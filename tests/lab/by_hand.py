"""What is there on a hypervisor that was made by hand: to be the same before and after."""

from __future__ import annotations

import re

import libvirt

from cli.as_found.by_hand import FLOAT2, VMS, ByHand
from lab.hypervisor import Lab
from tests.lab.lab_guest import page, wait_for


def wait(hand: ByHand, address: str) -> None:
    """Until every guest gives its page, and the float's address too."""
    for name, slot in VMS.items():
        wait_for(lambda name=name, slot=slot: _booted(hand.lab, name, slot))  # type: ignore[misc]
    wait_for(lambda: page(hand.lab, address, campus=True))


def _booted(lab: Lab, name: str, slot: int) -> bool:
    lines = page(lab, f"192.168.202.{slot}", campus=False)
    return bool(lines) and lines[0] == f"I am {name.lower()}"  # dnsmasq gives names so


def boot_ids(lab: Lab) -> dict[str, str]:
    pages = {name: page(lab, f"192.168.202.{slot}", campus=False) for name, slot in VMS.items()}
    return {name: next(line for line in lines if line.startswith("boot ")) for name, lines in pages.items()}


def copies(hand: ByHand) -> tuple[int, int]:
    """How often Acilamwen has float2's MAC: in the running guest, in its definition."""
    live, config = (hand.virsh("domiflist", "Acilamwen", *which) for which in ((), ("--inactive",)))
    return live.count(FLOAT2), config.count(FLOAT2)


def everything(lab: Lab) -> dict[str, str]:
    """libvirt's XML of all that it has, states, and its own files; what guests write meanwhile aside."""
    conn = libvirt.openReadOnly(lab.uri)
    try:
        found = {}
        for domain in conn.listAllDomains():
            xmls = [domain.XMLDesc(flags) for flags in (0, 2)]
            found[f"domain {domain.name()}"] = f"{domain.state()} {domain.autostart()} {xmls}"
        for network in conn.listAllNetworks():
            xmls = [network.XMLDesc(flags) for flags in (0, 1)]
            found[f"network {network.name()}"] = f"{network.isActive()} {network.autostart()} {xmls}"
        for pool in conn.listAllStoragePools():
            found[f"pool {pool.name()}"] = f"{pool.isActive()} {pool.autostart()} {_settled(pool.XMLDesc())}"
            for volume in pool.listAllVolumes() if pool.isActive() else ():
                found[f"volume {volume.path()}"] = _settled(volume.XMLDesc())
    finally:
        conn.close()
    etc = lab.state / "etc"
    for path in sorted(etc.rglob("*.xml")):
        text = str(path.readlink()) if path.is_symlink() else path.read_text(encoding="utf-8")
        found[str(path.relative_to(etc))] = text
    return found


def _settled(xml: str) -> str:
    """Without sizes and times of files."""
    return re.sub(r"<(allocation|available|physical|mtime|ctime|atime)\b[^>]*>[^<]*</\1>", "", xml)
