"""Captures: every form of the two formats, a line a packet, and damage told after what was good."""

from __future__ import annotations

import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import ROOT, rack
from cli.trace.command import annotate
from cli.trace.names import Labels
from cli.trace.packets import line
from cli.trace.pcap import CaptureError, Frame, batches
from cli.whois.command import Directory
from tests.cli.trace.test_annotate import peak_of

LABELS = Labels(Directory(rack.load(ROOT)))
FLOAT1 = bytes.fromhex("525400000100")
BR0 = bytes.fromhex("0cc47a351206")
ALL = b"\xff" * 6
V4 = bytes([129, 215, 175, 100]), bytes([192, 168, 202, 15])
V6 = bytes.fromhex("fe80000000000000505400fffe000100"), bytes.fromhex("ff020000000000000000000000000001")


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


# Packets


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
HEAD = "52:54:00:00:01:00 > 0c:c4:7a:35:12:06, "
PAIR = "129.215.175.100 > 192.168.202.15"
PORTS = "129.215.175.100.80 > 192.168.202.15.40000"

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
    (ethernet(38, b"\x42\x42\x03"), HEAD + "802.3, length 38: STP"),
    (ethernet(0x88CC, b""), "ethertype LLDP (0x88cc), length 14: not read further"),
]


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


# Files


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


def frames(data: bytes, size: int = 1 << 17) -> list[Frame]:
    found, error = read(data, size)
    assert error == ""
    return found


def read(data: bytes, size: int = 1 << 17) -> tuple[list[Frame], str]:
    """What could be read, and what was wrong with the rest."""
    found: list[Frame] = []
    try:
        for batch in batches(data[i : i + size] for i in range(0, len(data), size)):
            found += batch
    except CaptureError as error:
        return found, str(error)
    return found, ""


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
@pytest.mark.parametrize("size", [1, 7, 1 << 17])
def test_pcap_of_both_byte_orders_and_resolutions(order: str, nano: bool, size: int) -> None:
    found = frames(pcap(SYN_ACK, b"", SYN_ACK, order=order, nano=nano), size)

    stamp = 3_600_123_456_789 if nano else 3_600_123_456_000
    assert found == [Frame(stamp, 9 if nano else 6, 1, len(p) + 10, p) for p in (SYN_ACK, b"", SYN_ACK)]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("size", [1, 7, 1 << 17])
def test_pcapng_of_both_byte_orders_with_its_kinds_of_blocks(order: str, size: int) -> None:
    nano = option(order, 2, b"vnet5") + option(order, 9, b"\x09") + option(order, 0, b"")
    binary = option(order, 9, b"\x8a") + option(order, 14, struct.pack(order + "q", 3600))
    data = (
        section(order, b"", nano, binary)
        + block(order, 5, b"statistics..")
        + packet_block(order, SYN_ACK, 3_600_000_001)
        + packet_block(order, SYN_ACK[:15], 3_600_000_000_001, 1)
        + packet_block(order, b"", 512, 2)
        + block(order, 3, struct.pack(order + "I", 54) + SYN_ACK)
        + block(order, 2, struct.pack(order + "HHIIII", 1, 0, 0, 5, 54, 54) + SYN_ACK)
    )
    assert frames(data, size) == [
        Frame(3_600_000_001_000, 6, 1, 64, SYN_ACK),
        Frame(3_600_000_000_001, 9, 1, 25, SYN_ACK[:15]),
        Frame(3_600_500_000_000, 6, 1, 10, b""),
        Frame(None, 6, 1, 54, SYN_ACK),
        Frame(5, 9, 1, 54, SYN_ACK),
    ]


def test_a_second_section_has_its_own_byte_order_and_interfaces() -> None:
    data = section("<", b"") + packet_block("<", b"a", 1) + section(">", b"") + packet_block(">", b"b", 2)
    assert [(f.time, f.data) for f in frames(data)] == [(1000, b"a"), (2000, b"b")]


ONE = section("<", b"") + packet_block("<", SYN_ACK, 1)
GOOD = {"pcap": pcap(SYN_ACK, SYN_ACK), "pcapng": section("<", b"") + packet_block("<", SYN_ACK, 1) * 2}


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD)
def test_wherever_a_capture_is_cut_off_what_was_whole_is_given_and_the_end_is_told(data: bytes) -> None:
    ends = {24, 24 + 16 + 54} if data == GOOD["pcap"] else {28, 48, 48 + 32 + 56}
    for kept in range(4, len(data)):
        found, error = read(data[:kept])
        whole = f"cut off at byte {kept}, in the midst of a packet or a header"
        assert error == ("" if kept in ends else whole)
        assert [f.data for f in found] == ([SYN_ACK] if kept >= max(ends) else [])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (pcap(SYN_ACK) + struct.pack("<IIII", 1, 1, 1 << 30, 1), "a packet of 1073741824 bytes"),
        (pcap(SYN_ACK) + struct.pack("<IIII", 1, 1_000_000, 0, 0), "1000000 parts of a second"),
        (ONE + struct.pack("<IIII", 6, 13, 0, 0), "a block of 13 bytes"),
        (ONE + struct.pack("<III", 6, 12, 16), "ends as one of 16"),
        (ONE + packet_block("<", b"", 1, 4), "interface 4"),
        (ONE + block("<", 6, b"1234"), "too short for its type"),
        (ONE + block("<", 6, struct.pack("<5I", 0, 0, 0, 99, 99)), "a packet of 99 bytes"),
        (ONE + block("<", 0x0A0D0D0A, bytes(16)), "tells no byte order"),
    ],
)
def test_damage_is_told_with_its_place_after_what_was_good(data: bytes, why: str) -> None:
    found, error = read(data)
    at = len(ONE) if data.startswith(ONE) else len(pcap(SYN_ACK))
    assert error.startswith(f"damaged at byte {at}: ")
    assert why in error
    assert [f.data for f in found] == [SYN_ACK]


@given(st.sampled_from(list(GOOD.values())), st.integers(4, 200), st.binary(max_size=40))
def test_no_damage_is_more_than_one_error(data: bytes, at: int, instead: bytes) -> None:
    damaged = data[:at] + instead + data[at + len(instead) :]
    found, error = read(damaged)
    assert "\n" not in error
    assert all(line(frame).count(b"\n") == 1 for frame in found)


# Through the command


def test_a_capture_is_written_with_names(tmp_path: Path) -> None:
    done = run(tmp_path, pcap(SYN_ACK))

    assert done.returncode == 0
    assert "52:54:00:00:01:00(float1@trop02) > 0c:c4:7a:35:12:06(br0@trop02), ethertype" in done.stdout
    assert (
        "129.215.175.100(float1@trop02).80 > 192.168.202.15(Acilamwen@trop02).40000: Flags [S.]"
        in done.stdout
    )


def test_a_capture_that_is_cut_off_is_written_as_far_as_it_goes_then_one_line_and_1(tmp_path: Path) -> None:
    done = run(tmp_path, pcap(SYN_ACK, SYN_ACK)[:-1])

    assert done.returncode == 1
    assert done.stdout.count("\n") == 1
    file = tmp_path / "capture"
    assert done.stderr == f"error: {file}: cut off at byte 163, in the midst of a packet or a header\n"


def run(folder: Path, data: bytes) -> subprocess.CompletedProcess[str]:
    (folder / "capture").write_bytes(data)
    words = [sys.executable, "-m", "cli", "annotate", str(folder / "capture")]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_packet_is_written_as_soon_as_it_has_come() -> None:
    data = pcap(SYN_ACK, SYN_ACK)
    blocks = [data[:24], data[24:100], data[100:]]
    written: list[bytes] = []
    at_each_read: list[int] = []

    def read() -> bytes:
        at_each_read.append(b"".join(written).count(b"\n"))
        return blocks.pop(0) if blocks else b""

    annotate(read, written.append, LABELS)
    assert at_each_read == [0, 0, 1, 2]


def test_memory_does_not_grow_with_the_length_of_a_capture() -> None:
    records = pcap(*[SYN_ACK] * 20)[24:]

    def through(times: int) -> int:
        blocks = iter([pcap(), *[records] * times])
        return peak_of(lambda: annotate(lambda: next(blocks, b""), lambda _: None, LABELS))

    through(5)  # what is made once
    assert through(150) < through(20) + 20_000


@pytest.mark.parametrize("text", [b"", b"a", b"\xa1", b"\xd4\xc3\xb2", b"\xd4\xc3\xb2\xa2 192.168.202.15"])
def test_a_text_that_begins_like_a_capture_is_a_text(text: bytes) -> None:
    pieces = [text[i : i + 1] for i in range(len(text))]
    written: list[bytes] = []
    annotate(lambda: pieces.pop(0) if pieces else b"", written.append, lambda _: None)
    assert b"".join(written) == text
