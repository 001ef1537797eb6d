"""Names beside addresses: only beside addresses, everything else byte for byte, as it comes, in constant memory."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import ROOT, rack
from cli.trace.names import Labels
from cli.trace.text import MOST_KNOWN, Annotator, Names, annotated
from cli.whois.command import Directory
from cli.whois.seen import gather
from provider.survey.survey import Lease
from tests.cli.trace.through import peak_of, read_by_read
from tests.cli.whois.asked import ACILAMWEN, domain, host, notations

RACK = rack.load(ROOT)
LABELS = Labels(Directory(RACK))
FLOAT1 = "52:54:00:00:01:00"


def with_names(text: bytes, labels: Labels = LABELS) -> bytes:
    return b"".join(annotated([text], labels))


def in_pieces(text: bytes, cuts: list[int]) -> bytes:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    return b"".join(annotated((text[a:b] for a, b in pairwise(places)), LABELS))


# What is found


@pytest.mark.parametrize(
    "expected",
    [
        "1.5 52:54:00:00:01:00(float1@trop02) > 0c:c4:7a:35:12:06(br0@trop02), ethertype IPv4 (0x0800), length 74: "
        "129.215.175.100(float1@trop02).80 > 192.168.202.15(Acilamwen@trop02).40000: Flags [S.], length 0",
        "who-has 192.168.203.9(free-slot-9@trop03) tell 192.168.203.1(virbr0@trop03), length 28",
        "fe80::5054:ff:fe00:100(float1@trop02)%br0 lladdr 52:54:00:00:01:00(float1@trop02) STALE",
        "IP6 fe80::5054:ff:fe00:100(float1@trop02).546 > ff02::1:2.547",
        "IP6 fe80::1 > fe80::5054:ff:fe00:100(float1@trop02): ICMP6",
        "fe:54:00:02:02:0f(tap:Acilamwen@trop02) dev vnet0 master virbr0",
        "? (129.215.175.101(float2)) at 5254.0000.0101(float2) [ether]",
        "192.168.202.9(Lothigometh@trop02)-192.168.202.10(Ulov@trop02),52-54-00-02-02-0A(Ulov@trop02)",
        "src=192.168.202.15(Acilamwen@trop02) dst:192.168.202.9(Lothigometh@trop02).",
        "192.168.202.15(Acilamwen@trop02).http > 192.168.202.9(Lothigometh@trop02).domain:",
        "192.168.202.0(network@trop02)/24 192.168.202.255(broadcast@trop02)",
        "129.215.175.126(campus-gateway) 195.194.120.1(campus-resolver) 129.215.175.255(campus-broadcast)",
        "52:54:00:00:01:09(no-float-9) 52:54:00:02:03:09(free-slot-9@trop03)",
        "é192.168.202.15(Acilamwen@trop02)",
    ],
)
def test_names_stand_beside_the_addresses(expected: str) -> None:
    bare = re.sub(r"\((?!0x)[^()]+\)", "", expected)
    assert with_names(bare.encode()).decode() == expected


@pytest.mark.parametrize(
    "text",
    [
        "1.2.3.4.5.6",
        "1.192.168.202.15",
        "192.168.202.15.1.2",
        "192.168.202.150000 9192.168.202.15 192.168.202.15x x192.168.202.15 v1_192.168.202.15",
        "192.168.202.015 192.168.202.315 192.168.202",
        "00:52:54:00:00:01:00 52:54:00:00:01:00:00 52:54:00:00:01:001 52:54:00:00:01 a52:54:00:00:01:00",
        "52-54-00-00-01-00-00 00-52-54-00-00-01-00 52:54-00:00:01:00",
        "5254.0000.01000 5254.0000.0100x 05254.0000.0100 0.5254.0000.0100",
        "fe80::5054:ff:fe00:1001:1 2001:fe80::5054:ff:fe00:100 fe80::1:2:3:4:5",
        "ff:ff:ff:ff:ff:ff 52:54:00:00:00:01 8.8.8.8 129.215.175.5 10.0.0.1",
        "12:34:56.789012 2026-01-02T03:04:05 525400000100",
    ],
)
def test_what_is_no_address_of_the_rack_stays_bare(text: str) -> None:
    assert with_names(text.encode()).decode() == text


@given(st.sampled_from([o.mac for o in Directory(RACK).owners if o.mac]))
def test_a_mac_has_the_same_name_in_all_notations_of_traces(mac: str) -> None:
    wanted = LABELS(mac)
    assert wanted is not None
    for text in (t for t in notations(mac) if len(t) in (14, 17)):
        assert with_names(f" {text}\n".encode()) == f" {text}({wanted})\n".encode()


def test_what_is_seen_elsewhere_or_undeclared_is_said() -> None:
    lease = Lease("default", "52:54:00:12:34:56", "192.168.202.99", "builder", 0)
    odd = domain("odd (vm) 1", "52:54:00:12:34:56 default vnet8", "52:54:00:00:01:00 bridged vnet9")
    labels = Labels(Directory(RACK, gather({"trop02": host(ACILAMWEN, odd, leases=(lease,))}, {})))

    assert labels("192.168.202.15") == "Acilamwen@trop02"
    assert labels("52:54:00:00:01:00") == "float1@trop02;seen:odd__vm__1@trop02"
    assert labels("129.215.175.100") == "float1@trop02;seen:odd__vm__1@trop02"
    assert labels("52:54:00:12:34:56") == "seen:odd__vm__1@trop02"
    assert labels("fe:54:00:12:34:56") == "tap:seen:odd__vm__1@trop02"
    assert labels("192.168.202.99") == "seen:odd__vm__1@trop02"


def test_what_is_left_out_at_once_is_what_has_no_label_anyway() -> None:
    directory = Directory(RACK)
    owners = {o.address for o in directory.owners}
    for third in (137, 175, 199, 200, 202, 203, 204, 205, 255):
        for first in ("192.168", "129.215"):
            for last in (0, 1, 8, 97, 126, 254, 255):
                address = f"{first}.{third}.{last}"
                ruled = any(saying.label for saying in directory.rules.of_address(address))
                assert (LABELS(address) is not None) == (ruled or address in owners), address


# Byte for byte

ADDRESSES = [
    FLOAT1,
    "192.168.202.15",
    "fe80::5054:ff:fe00:100",
    "5254.0000.0100",
    "FE-54-00-02-02-0F",
    "192.168.202",
]
texts = st.lists(
    st.one_of(
        st.sampled_from([a.encode() for a in ADDRESSES]),
        st.sampled_from(
            [
                *(b" ", b"\r\n", b".", b":", b"-", b"80", b"\xff\xfe", b"\x00", b"a", b"_", b"%br0", b"f"),
                *(b"\x1b[1;36m", b"\x1b[0m", b"\x1b[K", b"\x1b", b"\x1b[", b"\x1b[1"),
            ]
        ),
        st.binary(max_size=8),
    ),
    max_size=30,
).map(lambda parts: b"".join(parts).replace(b"(", b"").replace(b")", b""))


@given(texts)
def test_without_the_names_it_is_what_came_in(text: bytes) -> None:
    assert re.sub(rb"\([^()]*\)", b"", with_names(text)) == text


@given(st.binary())
def test_where_nothing_is_known_everything_passes(text: bytes) -> None:
    assert b"".join(annotated([text], lambda _: None)) == text


@given(texts, st.lists(st.integers(0, 200), max_size=12))
def test_it_does_not_matter_in_which_pieces_it_comes(text: bytes, cuts: list[int]) -> None:
    assert in_pieces(text, cuts) == with_names(text)


# As it comes, and no more of it is kept


def test_what_has_come_is_written_before_more_is_asked_for() -> None:
    blocks = [b"192.168.202.9 a\n", b"192.168.202.15 b\n52:54:00:00", b":01:00 c\n"]
    at_each_read, written = read_by_read(blocks, LABELS)
    assert at_each_read == [0, 1, 2, 3]
    assert written.endswith(b" b\n52:54:00:00:01:00(float1@trop02) c\n")


def endless(block: bytes, times: int) -> Iterator[bytes]:
    for _ in range(times):
        yield block


@pytest.mark.parametrize(
    "block",
    [
        b"192.168.202.15.80 > 52:54:00:00:01:00 x\n" * 50,
        b"a" * 2000,
        b"no end of this line, " * 100,
        b"\x1b[m" * 700,
        b"a\x1b[1;31m" * 300,
        b"\x1b[" + b"0" * 2000,
    ],
    ids=["lines", "one run", "one line", "colours", "a coloured run", "colours without an end"],
)
def test_memory_does_not_grow_with_what_goes_through(block: bytes) -> None:
    def through(times: int) -> int:
        return peak_of(lambda: deque(annotated(endless(block, times), LABELS), maxlen=0))

    through(5)  # what is made once
    assert through(400) < through(20) + 20_000


def test_answers_are_not_kept_for_ever() -> None:
    names = Names(lambda _: None)
    for number in range(MOST_KNOWN + 100):
        names[b" %d" % number]
    assert len(names) <= MOST_KNOWN


def test_a_last_line_without_an_end_is_written() -> None:
    annotator = Annotator(LABELS)
    assert annotator.feed(b"x 192.168.202.15") == b"x "
    assert annotator.end() == b"192.168.202.15(Acilamwen@trop02)"


# The command


def start(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "annotate", *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_line_is_answered_while_the_pipe_stays_open() -> None:
    with start("-") as command:
        assert command.stdin
        assert command.stdout
        for _ in range(2):
            command.stdin.write(b"192.168.202.15.80 > \xff\r\n")
            command.stdin.flush()
            assert command.stdout.readline() == b"192.168.202.15(Acilamwen@trop02).80 > \xff\r\n"
        command.stdin.close()
        assert command.wait() == 0


def test_ctrl_c_ends_it_quietly() -> None:
    with start("-") as command:
        assert command.stdin
        assert command.stdout
        assert command.stderr
        command.stdin.write(b"x\n")
        command.stdin.flush()
        assert command.stdout.readline() == b"x\n"
        command.send_signal(signal.SIGINT)
        assert command.wait() == 130
        assert command.stderr.read() == b""


def test_a_reader_that_has_enough_ends_it_quietly(tmp_path: Path) -> None:
    text = tmp_path / "trace"
    text.write_bytes(b"192.168.202.15\n" * 100_000)
    with start(str(text)) as command:
        assert command.stdout
        assert command.stderr
        assert command.stdout.readline() == b"192.168.202.15(Acilamwen@trop02)\n"
        command.stdout.close()
        assert command.wait() == 141
        assert command.stderr.read() == b""


@pytest.mark.parametrize(("name", "why"), [("none", "No such file or directory"), ("", "Is a directory")])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, name: str, why: str) -> None:
    file = os.path.join(tmp_path, name)
    with start(file) as command:
        out, err = command.communicate()
    assert (command.returncode, out) == (1, b"")
    assert err.decode() == f"error: {file}: {why}; allowed: a file that can be read, or - for what comes in\n"
