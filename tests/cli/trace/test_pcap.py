"""Captures: every form of the two formats, and damage told after what was good."""

from __future__ import annotations

import struct
import subprocess
import sys
import time
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
from tests.cli.trace.captures import SYN_ACK, block, option, packet_block, pcap, section
from tests.cli.trace.through import peak_of, read_by_read

LABELS = Labels(Directory(rack.load(ROOT)))


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
    ends = [0, 24, 24 + 16 + 54] if data == GOOD["pcap"] else [0, 28, 48, 48 + 32 + 56]
    for kept in range(4, len(data)):
        found, error = read(data[:kept])
        begun = max(end for end in ends if end <= kept)
        told = f"cut off at byte {kept}, in the midst of what begins at byte {begun}"
        assert error == ("" if kept == begun else told)
        assert [f.data for f in found] == ([SYN_ACK] if kept >= max(ends) else [])


def test_a_length_that_goes_beyond_the_end_is_told_where_it_stands() -> None:
    data = bytearray(pcap(SYN_ACK, SYN_ACK, SYN_ACK))
    data[24 + 70 + 8 : 24 + 70 + 12] = struct.pack("<I", 5000)
    found, error = read(bytes(data))
    assert error == f"cut off at byte {len(data)}, in the midst of what begins at byte {24 + 70}"
    assert [f.data for f in found] == [SYN_ACK]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (pcap(SYN_ACK) + struct.pack("<IIII", 1, 1, 1 << 30, 1), "a packet of 1073741824 bytes"),
        (ONE + struct.pack("<IIII", 6, 13, 0, 0), "a block of 13 bytes"),
        (ONE + struct.pack("<III", 6, 12, 16), "ends as one of 16"),
        (ONE + block("<", 0x0A0D0D0A, bytes(16)), "tells no byte order"),
    ],
)
def test_damage_is_told_with_its_place_after_what_was_good(data: bytes, why: str) -> None:
    found, error = read(data)
    at = len(ONE) if data.startswith(ONE) else len(pcap(SYN_ACK))
    assert error.startswith(f"damaged at byte {at}: ")
    assert why in error
    assert [f.data for f in found] == [SYN_ACK]


@pytest.mark.reports("T2")
@pytest.mark.parametrize(
    ("odd", "shown"),
    [
        (struct.pack("<IIII", 3601, 1_000_000, 54, 54) + SYN_ACK, "01:00:01.[invalid] 52:54:00:00:01:00 > "),
        (
            struct.pack("<IIII", 3601, 999_999_999, 54, 54) + SYN_ACK,
            "01:00:01.[invalid] 52:54:00:00:01:00 > ",
        ),
        (packet_block("<", b"", 1, 4), "length 10: a packet of an interface of which nothing was said"),
        (block("<", 6, b"1234"), "length 16: a block that is too short for its type"),
        (block("<", 6, struct.pack("<5I", 0, 0, 0, 99, 99)), "[|ether], length 99"),
        (
            block("<", 1, b"12") + packet_block("<", b"", 1, 1),
            "a packet of an interface of which nothing was said",
        ),
    ],
    ids=["micro", "nano", "interface", "short", "kept", "short interface"],
)
def test_what_is_odd_in_one_record_costs_no_other_its_line(
    odd: bytes, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.localtime", time.gmtime)
    new = odd[:1] in (b"\x06", b"\x01")
    found, error = read(
        ONE + odd + packet_block("<", SYN_ACK, 1) if new else pcap(SYN_ACK) + odd + pcap(SYN_ACK)[24:]
    )
    first, middle, last = found
    assert (error, first.data, last.data) == ("", SYN_ACK, SYN_ACK)
    assert shown in line(middle).decode()


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
    assert done.stderr == f"error: {file}: cut off at byte 163, in the midst of what begins at byte 94\n"


def run(folder: Path, data: bytes) -> subprocess.CompletedProcess[str]:
    (folder / "capture").write_bytes(data)
    words = [sys.executable, "-m", "cli", "annotate", str(folder / "capture")]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_packet_is_written_as_soon_as_it_has_come() -> None:
    data = pcap(SYN_ACK, SYN_ACK)
    blocks = [data[:24], data[24:100], data[100:]]
    at_each_read, _ = read_by_read(blocks, LABELS)
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
