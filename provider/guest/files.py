"""Which NICs files in a guest are for: of network-scripts, NetworkManager, systemd-networkd, netplan and udev.  Pure.

The lines are taken out of the files inside the guest, by `READ`: those with a MAC or an IPv4 address, so that no
password that stands beside them ever leaves it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from provider.host.macs import same_mac

# Prints for each file: NUL, its path, NUL, its lines.
READ: Final = """
for file in /etc/sysconfig/network-scripts/ifcfg-* /etc/NetworkManager/system-connections/* \\
        /etc/systemd/network/*.network /etc/netplan/*.yaml /etc/udev/rules.d/*.rules; do
    [ -f "$file" ] && [ -r "$file" ] || continue
    printf '\\0%s\\0' "$file"
    grep -E '([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}|([0-9]{1,3}[.]){3}[0-9]{1,3}|^[[]|^ONBOOT=' "$file"
done
exit 0
"""

_MAC: Final = r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}"
_ADDRESS: Final = r"(?:\d{1,3}\.){3}\d{1,3}"
_SETASIDE: Final = ("~", ".bak", ".old", ".orig", ".rpmnew", ".rpmorig", ".rpmsave", ".swp")

# What a NIC is known by, and what it is given; a MAC that is to be set (MACADDR, cloned-mac-address) is neither.
_STYLES: Final = {
    "ifcfg": (rf"HWADDR=[\"']?({_MAC})", rf"IPADDR\d*=[\"']?({_ADDRESS})"),
    "keyfile": (rf"mac-address=({_MAC})", rf"address\d*=({_ADDRESS})"),
    "networkd": (rf"(?:Permanent)?MACAddress=.*?({_MAC})", rf"Address=({_ADDRESS})"),
    "udev": (
        rf'ACTION=="add", SUBSYSTEM=="net", ATTR{{address}}=="({_MAC})"',
        rf'RUN\+="/sbin/ip addr replace ({_ADDRESS})',
    ),
    "netplan": (rf"[^#]*\bmacaddress:\s*[\"']?({_MAC})", rf"(?:-|addresses:)[^#:]*?({_ADDRESS})/\d"),
}


@dataclass(frozen=True)
class Setting:
    """A file sets up the NIC that has this MAC; ``addresses`` without their prefix."""

    path: str
    mac: str
    addresses: tuple[str, ...]


def settings(text: str) -> tuple[Setting, ...]:
    """What `READ` has printed; a file that names no MAC says nothing of a certain NIC, and is left out."""
    parts = text.split("\0")[1:]
    files = zip(parts[::2], parts[1::2], strict=False)
    return tuple(found for path, lines in files for found in _of_file(path, lines.splitlines()))


def _of_file(path: str, lines: list[str]) -> Iterator[Setting]:
    style = _style(path)
    if style is None or path.endswith(_SETASIDE) or any(line.startswith("ONBOOT=no") for line in lines):
        return
    macs: list[str] = []
    addresses: list[list[str]] = [[]]
    for line in _applying(style, map(str.strip, lines)):
        mac, given = (re.match(pattern, line) for pattern in _STYLES[style])
        if mac:
            macs.append(same_mac(mac[1]))
            addresses += [[]] if len(macs) > 1 else []
        if given:
            addresses[-1] += re.findall(_ADDRESS, line) if style == "netplan" else [given[1]]
    for mac_text, its in zip(macs, addresses, strict=False):
        yield Setting(path, mac_text, tuple(its))


def _style(path: str) -> str | None:
    if "/network-scripts/" in path:
        return "ifcfg"
    if "/system-connections/" in path:
        return "keyfile"
    return {"network": "networkd", "yaml": "netplan", "rules": "udev"}.get(path.rpartition(".")[2])


def _applying(style: str, lines: Iterator[str]) -> Iterator[str]:
    """Without networkd's [Link], whose MACAddress is one to be set."""
    section = ""
    for line in lines:
        section = line if line.startswith("[") else section
        if not (style == "networkd" and section == "[Link]"):
            yield line
