"""One line for one packet, as `tcpdump -e -n` writes it, shorter where that goes into what a protocol carries.

The time is this machine's, as tcpdump's is.  ``[|ip]`` and its like say that too little of the packet was kept.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from functools import lru_cache
from socket import AF_INET6, inet_ntoa, inet_ntop
from typing import Final

from cli.trace.pcap import NANO, SHORT, UNTOLD, Frame

ETHERNET, COOKED, COOKED2 = 1, 113, 276  # link types
RAW: Final = frozenset({12, 14, 101, 228, 229})  # IP without anything before it
ETHERTYPES: Final = {
    0x0800: "IPv4",
    0x0806: "ARP",
    0x86DD: "IPv6",
    0x8100: "802.1Q",
    0x88A8: "802.1Q-QinQ",
    0x88CC: "LLDP",
    0x8863: "PPPoE D",
    0x888E: "EAPOL",
}
IPV4, ARP, IPV6 = 0x0800, 0x0806, 0x86DD
TAGS: Final = frozenset({0x8100, 0x88A8, 0x9100})
SMALLEST_TYPE: Final = 0x600  # less is a length: 802.3
ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
HEADERS: Final = frozenset({0, 43, 60})  # of IPv6, before what it carries; each tells its length
FRAGMENT, NOTHING = 44, 59
FLAGS: Final = ((1, "F"), (2, "S"), (4, "R"), (8, "P"), (16, "."), (32, "U"), (64, "E"), (128, "W"))
ICMP_NAMES: Final = {0: "echo reply", 3: "unreachable", 5: "redirect", 8: "echo request", 11: "time exceeded"}
ICMP6_NAMES: Final = {
    1: "destination unreachable",
    2: "packet too big",
    3: "time exceeded",
    128: "echo request",
    129: "echo reply",
    130: "multicast listener query",
    133: "router solicitation",
    134: "router advertisement",
    135: "neighbor solicitation",
    136: "neighbor advertisement",
    143: "multicast listener report v2",
}
ODD: Final = {
    UNTOLD: "a packet of an interface of which nothing was said",
    SHORT: "a block that is too short for its type",
}
WAYS: Final = {0: "In", 1: "B", 2: "M", 3: "P", 4: "Out"}  # of a packet in a cooked capture


def line(frame: Frame) -> bytes:
    """The line, with its end."""
    read = LINKS.get(frame.link)
    if frame.link in ODD:
        text = f"length {frame.length}: {ODD[frame.link]}"
    elif read is None:
        text = f"link type {frame.link}, length {frame.length}: not one that is read here"
    else:
        text = read(frame.data, frame.length)
    return f"{_stamp(frame)}{text}\n".encode()


def _stamp(frame: Frame) -> str:
    if frame.time is None:
        return ""
    seconds, nano = divmod(frame.time, NANO)
    if frame.odd:
        return f"{_clock(seconds)}.[invalid] "
    fraction = f"{nano:09d}" if frame.digits == 9 else f"{nano // 1000:06d}"
    return f"{_clock(seconds)}.{fraction} "


@lru_cache(maxsize=64)
def _clock(seconds: int) -> str:
    try:
        return time.strftime("%H:%M:%S", time.localtime(seconds))
    except (OverflowError, OSError, ValueError):
        return f"@{seconds}"


def _ethernet(data: bytes, length: int) -> str:
    if len(data) < 14:
        return f"[|ether], length {length}"
    to, sender = data[:6].hex(":"), data[6:12].hex(":")
    kind = data[12] << 8 | data[13]
    if kind < SMALLEST_TYPE:
        return f"{sender} > {to}, 802.3, length {kind}: {_llc(data[14:])}"
    return (
        f"{sender} > {to}, ethertype {_name(kind)}, length {length}: {_carried(kind, data[14:], length - 14)}"
    )


def _cooked(data: bytes, length: int) -> str:
    """Of `tcpdump -i any`: who sent it, but not to whom."""
    if len(data) < 16:
        return f"[|sll], length {length}"
    way, _, size, address, kind = struct.unpack_from(">HHH8sH", data)
    return _cooked_words(way, address[:size], kind, data[16:], length, 16)


def _cooked2(data: bytes, length: int) -> str:
    if len(data) < 20:
        return f"[|sll2], length {length}"
    kind, interface, _, way, size, address = struct.unpack_from(">HxxIHBB8s", data)
    return f"ifindex {interface} {_cooked_words(way, address[:size], kind, data[20:], length, 20)}"


def _cooked_words(way: int, address: bytes, kind: int, rest: bytes, length: int, header: int) -> str:
    carried = _carried(kind, rest, length - header)
    return f"{WAYS.get(way, '?')} {address.hex(':')} ethertype {_name(kind)}, length {length}: {carried}"


def _raw(data: bytes, length: int) -> str:
    kind = IPV6 if data[:1] and data[0] >> 4 == 6 else IPV4
    return f"{_name(kind)}, length {length}: {_carried(kind, data, length)}"


LINKS: Final[dict[int, Callable[[bytes, int], str]]] = {
    ETHERNET: _ethernet,
    COOKED: _cooked,
    COOKED2: _cooked2,
    **dict.fromkeys(RAW, _raw),
}


def _name(kind: int) -> str:
    return f"{ETHERTYPES.get(kind, 'Unknown')} (0x{kind:04x})"


def _llc(data: bytes) -> str:
    return "STP" if data.startswith(b"\x42\x42") else "LLC"


def _carried(kind: int, data: bytes, length: int) -> str:
    """``length``: what there was on the wire from here on."""
    tags = ""
    while kind in TAGS:
        if len(data) < 4:
            return f"{tags}[|vlan]"
        tag, kind = struct.unpack_from(">HH", data)
        tags += f"vlan {tag & 4095}, p {tag >> 13}, "
        tags += f"ethertype {_name(kind)}, " if kind >= SMALLEST_TYPE else "802.3, "
        data, length = data[4:], length - 4
    if kind in CARRIED:
        return tags + CARRIED[kind](data, length)
    return f"{tags}{_llc(data) if kind < SMALLEST_TYPE else 'not read further'}"


def _arp(data: bytes, _length: int) -> str:
    if len(data) < 28:
        return "[|arp]"
    hardware, protocol, sizes, operation, sha, spa, tha, tpa = struct.unpack_from(">HHHH6s4s6s4s", data)
    if (hardware, protocol, sizes) != (1, IPV4, 0x0604):
        return f"ARP of hardware {hardware} and protocol 0x{protocol:04x}"
    sender, target = inet_ntoa(spa), inet_ntoa(tpa)
    if operation == 1:
        whom = f" ({tha.hex(':')})" if any(tha) else ""
        return f"Request who-has {target}{whom} tell {sender}, length {len(data)}"
    if operation == 2:
        return f"Reply {sender} is-at {sha.hex(':')}, length {len(data)}"
    return f"ARP operation {operation} of {sha.hex(':')} {sender}, length {len(data)}"


def _ipv4(data: bytes, length: int) -> str:
    """A total of 0 is what a card that cuts segments by itself leaves to be filled in: as much as there is."""
    if len(data) < 20:
        return "[|ip]"
    header = (data[0] & 15) * 4
    if data[0] >> 4 != 4 or header < 20:
        return "IP of no known form"
    total, _, fragment, _, protocol = struct.unpack_from(">HHHBB", data, 2)
    total = total or max(length, len(data))
    source, to = inet_ntoa(data[12:16]), inet_ntoa(data[16:20])
    if fragment & 0x1FFF:
        return f"{source} > {to}: fragment of protocol {protocol} at {(fragment & 0x1FFF) * 8}"
    return _transport(protocol, source, to, data[header:total], max(0, total - header))


def _ipv6(data: bytes, wire: int) -> str:
    """A length of 0 is one that a jumbo option tells, or nobody (BIG TCP): as much as there is."""
    if len(data) < 40:
        return "[|ip6]"
    if data[0] >> 4 != 6:
        return "IP6 of no known form"
    length, protocol = struct.unpack_from(">HB", data, 4)
    source, to = inet_ntop(AF_INET6, data[8:24]), inet_ntop(AF_INET6, data[24:40])
    if not length and protocol != NOTHING:
        length = max(wire, len(data)) - 40
    rest = data[40 : 40 + length]
    while protocol in HEADERS and len(rest) >= 8:
        size = (rest[1] + 1) * 8
        protocol, rest, length = rest[0], rest[size:], length - size
    if protocol == FRAGMENT:
        return f"{source} > {to}: fragment"
    return _transport(protocol, source, to, rest, max(0, length))


CARRIED: Final[dict[int, Callable[[bytes, int], str]]] = {IPV4: _ipv4, IPV6: _ipv6, ARP: _arp}


def _transport(protocol: int, source: str, to: str, data: bytes, length: int) -> str:
    """What IP carries; ``length`` as the header of IP has it."""
    if protocol in (TCP, UDP):
        if len(data) < 4:
            return f"{source} > {to}: [|{'tcp' if protocol == TCP else 'udp'}]"
        ports = struct.unpack_from(">HH", data)
        ends = f"{source}.{ports[0]} > {to}.{ports[1]}"
        if protocol == UDP:
            return f"{ends}: UDP, length {max(0, length - 8)}"
        return f"{ends}: {_tcp(data, length)}"
    if protocol in (ICMP, ICMP6):
        return f"{source} > {to}: {_icmp(protocol, data)}, length {length}"
    return f"{source} > {to}: protocol {protocol}, length {length}"


def _tcp(data: bytes, length: int) -> str:
    if len(data) < 14:
        return "[|tcp]"
    flags = "".join(letter for bit, letter in FLAGS if data[13] & bit) or "none"
    return f"Flags [{flags}], length {max(0, length - (data[12] >> 4) * 4)}"


def _icmp(protocol: int, data: bytes) -> str:
    six = protocol == ICMP6
    word, names = ("ICMP6", ICMP6_NAMES) if six else ("ICMP", ICMP_NAMES)
    if not data:
        return f"[|{word.lower()}]"
    text = f"{word} {names.get(data[0], f'type {data[0]}')}"
    if six and data[0] in (135, 136) and len(data) >= 24:
        target = inet_ntop(AF_INET6, data[8:24])
        return f"{text}, {'who has' if data[0] == 135 else 'tgt is'} {target}"
    if data[0] in ((128, 129) if six else (0, 8)) and len(data) >= 8:
        identity, number = struct.unpack_from(">HH", data, 4)
        return f"{text}, id {identity}, seq {number}"
    return text
