"""Packets and captures, made byte by byte."""

from __future__ import annotations

import struct

FLOAT1 = bytes.fromhex("525400000100")
BR0 = bytes.fromhex("0cc47a351206")
ALL = b"\xff" * 6
V4 = bytes([129, 215, 175, 100]), bytes([192, 168, 202, 15])
V6 = bytes.fromhex("fe80000000000000505400fffe000100"), bytes.fromhex("ff020000000000000000000000000001")


def ethernet(kind: int, rest: bytes, to: bytes = BR0) -> bytes:
    return to + FLOAT1 + struct.pack(">H", kind) + rest


def ipv4(protocol: int, rest: bytes, fragment: int = 0) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(rest), 1, fragment, 64, protocol, 0)
    return head + V4[0] + V4[1] + rest


def ipv6(protocol: int, rest: bytes) -> bytes:
    return struct.pack(">IHBB", 6 << 28, len(rest), protocol, 255) + V6[0] + V6[1] + rest


def tcp(flags: int, data: bytes = b"") -> bytes:
    return struct.pack(">HHIIBBHHH", 80, 40000, 1, 2, 5 << 4, flags, 100, 0, 0) + data


def arp(operation: int) -> bytes:
    return struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation) + FLOAT1 + V4[0] + bytes(6) + V4[1]


UDP = struct.pack(">HHHH", 68, 67, 8 + 3, 0) + b"abc"
SYN_ACK = ethernet(0x0800, ipv4(6, tcp(0x12)))
SOLICITATION = struct.pack(">BBHI", 135, 0, 0, 0) + V6[0]


def pcap(*packets: bytes, order: str = "<", nano: bool = False, link: int = 1) -> bytes:
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    head = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    part = 123_456_789 if nano else 123_456
    records = (struct.pack(order + "IIII", 3600, part, len(p), len(p) + 10) + p for p in packets)
    return head + b"".join(records)


def block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    size = 12 + len(body)
    return struct.pack(order + "II", kind, size) + body + struct.pack(order + "I", size)


def option(order: str, code: int, value: bytes) -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<", *interfaces: bytes) -> bytes:
    head = block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    return head + b"".join(block(order, 1, struct.pack(order + "HHI", 1, 0, 0) + i) for i in interfaces)


def packet_block(order: str, data: bytes, stamp: int, interface: int = 0) -> bytes:
    body = struct.pack(order + "IIIII", interface, stamp >> 32, stamp & 0xFFFFFFFF, len(data), len(data) + 10)
    return block(order, 6, body + data)
