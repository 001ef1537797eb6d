"""Packets: each is one line as of tcpdump, whatever was on the wire and however much of it was kept."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.trace.packets import line
from cli.trace.pcap import Frame
from tests.cli.trace.captures import ALL, FLOAT1, SOLICITATION, SYN_ACK, UDP, arp, ethernet, ipv4, ipv6, tcp


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


HEAD = "52:54:00:00:01:00 > 0c:c4:7a:35:12:06, "
PAIR = "129.215.175.100 > 192.168.202.15"
PORTS = "129.215.175.100.80 > 192.168.202.15.40000"


def unsaid(packet: bytes, at: int) -> bytes:
    """With an IP length of 0, as where the card cuts segments."""
    return packet[:at] + b"\0\0" + packet[at + 2 :]


SHOWN = [
    (SYN_ACK, HEAD + f"ethertype IPv4 (0x0800), length 54: {PORTS}: Flags [S.], length 0"),
    (ethernet(0x0800, ipv4(6, tcp(0x18, b"12345"))), f": {PORTS}: Flags [P.], length 5"),
    (ethernet(0x0800, ipv4(6, tcp(0))), "Flags [none], length 0"),
    (ethernet(0x0800, ipv4(17, UDP)), "129.215.175.100.68 > 192.168.202.15.67: UDP, length 3"),
    (
        ethernet(0x0800, ipv4(1, struct.pack(">BBHHH", 8, 0, 0, 7, 2) + b"ping")),
        f"{PAIR}: ICMP echo request, id 7, seq 2, length 12",
    ),
    (ethernet(0x0800, ipv4(1, struct.pack(">BBHI", 3, 1, 0, 0))), f"{PAIR}: ICMP unreachable, length 8"),
    (ethernet(0x0800, ipv4(89, b"1234")), f"{PAIR}: protocol 89, length 4"),
    (ethernet(0x0800, ipv4(17, b"1234", fragment=185)), f"{PAIR}: fragment of protocol 17 at 1480"),
    (
        ethernet(0x0806, arp(1), ALL),
        "ARP (0x0806), length 42: Request who-has 192.168.202.15 tell 129.215.175.100, length 28",
    ),
    (ethernet(0x0806, arp(2)), "Reply 129.215.175.100 is-at 52:54:00:00:01:00, length 28"),
    (
        ethernet(0x8100, struct.pack(">HH", (5 << 13) | 175, 0x0806) + arp(2)),
        "802.1Q (0x8100), length 46: vlan 175, p 5, ethertype ARP (0x0806), Reply 129.215.175.100",
    ),
    (
        ethernet(0x88A8, struct.pack(">HHHH", 10, 0x8100, 20, 0x0800) + ipv4(89, b"")),
        "vlan 10, p 0, ethertype 802.1Q (0x8100), vlan 20, p 0, ethertype IPv4 (0x0800), 129.215.",
    ),
    (
        ethernet(0x86DD, ipv6(58, SOLICITATION)),
        "IPv6 (0x86dd), length 78: fe80::5054:ff:fe00:100 > ff02::1: ICMP6 neighbor solicitation, who has fe80::",
    ),
    (
        ethernet(0x86DD, ipv6(0, b"\x3a\x00" + bytes(6) + SOLICITATION)),
        "ICMP6 neighbor solicitation, who has fe80::5054:ff:fe00:100, length 24",
    ),
    (ethernet(0x86DD, ipv6(17, UDP)), "fe80::5054:ff:fe00:100.68 > ff02::1.67: UDP, length 3"),
    (ethernet(0x86DD, ipv6(44, b"1234")), "fe80::5054:ff:fe00:100 > ff02::1: fragment"),
    (ethernet(0x0800, unsaid(ipv4(6, tcp(0x18, b"12345")), 2)), f": {PORTS}: Flags [P.], length 5"),
    (ethernet(0x0800, unsaid(ipv4(17, UDP), 2)), "129.215.175.100.68 > 192.168.202.15.67: UDP, length 3"),
    (
        ethernet(0x8100, struct.pack(">HH", 175, 0x0800) + unsaid(ipv4(6, tcp(0x18, b"12345")), 2)),
        f"{PORTS}: Flags [P.], length 5",
    ),
    (
        ethernet(0x86DD, unsaid(ipv6(6, tcp(0x18, b"12345")), 4)),
        "fe80::5054:ff:fe00:100.80 > ff02::1.40000: Flags [P.], length 5",
    ),
    (
        ethernet(0x86DD, unsaid(ipv6(0, b"\x06\x00\xc2\x04\x00\x00\x00\x21" + tcp(0x18, b"12345")), 4)),
        "fe80::5054:ff:fe00:100.80 > ff02::1.40000: Flags [P.], length 5",
    ),
    (ethernet(0x86DD, ipv6(59, b"") + bytes(6)), "protocol 59, length 0"),
    (ethernet(38, b"\x42\x42\x03"), HEAD + "802.3, length 38: STP"),
    (ethernet(0x88CC, b""), "ethertype LLDP (0x88cc), length 14: not read further"),
]


@pytest.mark.reports("T1")
@pytest.mark.parametrize(("packet", "expected"), SHOWN)
def test_a_packet_is_a_line_as_of_tcpdump(packet: bytes, expected: str) -> None:
    shown = line(Frame(1_500_000_000_123_456_789, 6, 1, len(packet), packet)).decode()

    assert shown.startswith("02:40:00.123456 ")
    assert shown.endswith("\n")
    assert expected in shown


@pytest.mark.parametrize(("packet", "_line"), SHOWN)
def test_a_packet_of_which_less_was_kept_is_still_one_line(packet: bytes, _line: str) -> None:
    for kept in range(len(packet)):
        assert line(Frame(0, 6, 1, len(packet), packet[:kept])).count(b"\n") == 1


@given(
    st.binary(max_size=120),
    st.sampled_from([1, 101, 113, 276, 9999]),
    st.sampled_from([b"", SYN_ACK[:14], SYN_ACK[:38]]),
)
def test_whatever_was_on_the_wire_is_one_line(data: bytes, link: int, before: bytes) -> None:
    shown = line(Frame(1, 9, link, 2000, before + data))
    assert shown.count(b"\n") == 1
    assert shown.isascii()


def test_captures_of_all_interfaces_and_of_bare_ip_are_read() -> None:
    inner = ipv4(6, tcp(2))
    cooked = struct.pack(">HHH", 4, 1, 6) + FLOAT1 + bytes(2) + struct.pack(">H", 0x0800) + inner
    cooked2 = struct.pack(">HHIHBB", 0x0800, 0, 7, 1, 0, 6) + FLOAT1 + bytes(2) + inner

    def shown(link: int, data: bytes) -> str:
        return line(Frame(None, 6, link, 56, data)).decode()

    ends = f"ethertype IPv4 (0x0800), length 56: {PORTS}: Flags [S], length 0\n"
    assert shown(113, cooked) == f"Out 52:54:00:00:01:00 {ends}"
    assert shown(276, cooked2) == f"ifindex 7 In 52:54:00:00:01:00 {ends}"
    assert shown(101, inner) == f"IPv4 (0x0800), length 56: {PORTS}: Flags [S], length 0\n"
    assert shown(101, ipv6(17, UDP)).startswith(
        "IPv6 (0x86dd), length 56: fe80::5054:ff:fe00:100.68 > ff02::1.67"
    )
    assert shown(105, b"") == "link type 105, length 56: not one that is read here\n"
