"""How MACs, addresses and tap devices are written, and the one spelling in which each is compared.  Pure.

The spelling of a MAC is libvirt's (``52:54:00:02:02:0f``), of an IPv4 address dotted decimals.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, Literal

Form = Literal["MAC", "IPv4", "IPv6", "vnet"]

ALLOWED: Final = (
    "an IPv4 address, an IPv6 address made of a MAC (fe80::5054:ff:fe00:100), a MAC (52:54:00:00:01:00, "
    "52-54-00-00-01-00, 5254.0000.0100, 525400000100), a vnetN, or a name of the rack (VM, float, hypervisor, "
    "network, bridge, VLAN)"
)
TAP: Final = "fe"  # the first octet that libvirt gives to the host's end of a guest's NIC
GUEST: Final = "52"  # the first octet of the MACs that libvirt makes for guests: 52:54:00

_OCTETS = re.compile(r"[0-9a-f]{1,2}(?:(?::[0-9a-f]{1,2}){5}|(?:-[0-9a-f]{1,2}){5})", re.IGNORECASE)
_CISCO = re.compile(r"[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}", re.IGNORECASE)
_BARE = re.compile(r"[0-9a-f]{12}", re.IGNORECASE)
_VNET = re.compile(r"vnet[0-9]+")
_LIKE_IPV4 = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
_EUI64 = bytes.fromhex("fffe")


@dataclass(frozen=True)
class Word:
    """A word that was understood; ``mac`` is also what an IPv6 address was made of, if it was."""

    form: Form
    value: str
    mac: str | None = None


class NotUnderstoodError(ValueError):
    """A word that begins like an address and is none; the message says why."""


def read(word: str) -> Word | None:
    """What a word is by its form; None for one that could only be a name.  Raises `NotUnderstoodError`."""
    if not word.isprintable():
        raise NotUnderstoodError("has characters that cannot be printed")
    if mac := mac_of(word):
        return Word("MAC", mac, mac)
    if _VNET.fullmatch(word):
        return Word("vnet", word)
    if _LIKE_IPV4.fullmatch(word):
        return Word("IPv4", _ipv4(word))
    if ":" in word:
        return _ipv6(word)
    return None


def mac_of(text: str) -> str | None:
    """The MAC in libvirt's spelling, whatever the notation; None for what is no MAC."""
    if _OCTETS.fullmatch(text):
        return ":".join(part.zfill(2) for part in re.split("[:-]", text.lower()))
    if _CISCO.fullmatch(text) or _BARE.fullmatch(text):
        return bytes.fromhex(text.replace(".", "")).hex(":")
    return None


def mac_in(address: ipaddress.IPv6Address) -> str | None:
    """The MAC of which the last 64 bits of an address were made (modified EUI-64); None where they were not."""
    last = address.packed[8:]
    if last[3:5] != _EUI64:
        return None
    return (bytes([last[0] ^ 2]) + last[1:3] + last[5:]).hex(":")


def guests_mac(mac: str) -> str | None:
    """The guest's MAC where this is one of the host's end of its NIC (``fe:54:…``)."""
    return GUEST + mac[2:] if mac.startswith(f"{TAP}:") else None


def taps_mac(mac: str) -> str:
    """The MAC of the host's end of a guest's NIC."""
    return TAP + mac[2:]


def _ipv4(word: str) -> str:
    try:
        return str(ipaddress.IPv4Address(word))
    except ValueError as fault:
        raise NotUnderstoodError(
            "is no IPv4 address: four numbers of 0 to 255, without leading zeros"
        ) from fault


def _ipv6(word: str) -> Word:
    try:
        address = ipaddress.IPv6Address(word)
    except ValueError as fault:
        raise NotUnderstoodError("is neither a MAC of six octets nor an IPv6 address") from fault
    if address.ipv4_mapped is not None:
        return Word("IPv4", str(address.ipv4_mapped))
    plain = ipaddress.IPv6Address(int(address))  # without its zone
    return Word("IPv6", str(plain), mac_in(plain))
