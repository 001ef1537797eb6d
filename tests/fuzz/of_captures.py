"""What the fuzzing feeds to `annotate` as captures: no file ends a run before its last whole record.

A packet's bytes, and the values about it that do not move its bounds, may be anything: it has its line, in its place.
Where a length is spoiled, or the file is cut off, all that was whole before has its line, and the error names the byte.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from random import Random

from cli.trace.command import annotate
from cli.trace.pcap import MOST, CaptureError
from tests.cli.trace import captures
from tests.fuzz.loop import Target, Undue

FIRST_PORT = 10_000  # of the first packet; each has its own, by which its line is known


@dataclass
class Part:
    """What has bounds of its own in a file.  ``soft``: where bytes may be spoiled; ``lengths``: where these stand."""

    data: bytearray
    soft: range
    lengths: tuple[int, ...] = ()
    packet: bool = False
    port: int | None = None  # that its line shows, unless it is spoiled


@dataclass(frozen=True)
class Case:
    """``ports``: a line for each, None where any line will do; ``more``: others may follow them."""

    data: bytes
    ports: tuple[int | None, ...]
    said: str
    more: bool
    size: int  # of the pieces in which it comes


def _frame(number: int) -> bytes:
    ports = struct.pack(">HH", FIRST_PORT + number, 443)
    return captures.ethernet(0x0800, captures.ipv4(6, ports + captures.tcp(0x12, b"x" * (number % 7))[4:]))


def _pcap(rng: Random) -> list[Part]:
    order = rng.choice("<>")
    data = captures.pcap(order=order, nano=rng.random() < 0.5)
    parts = [Part(bytearray(data), range(4, 24))]
    for number in range(rng.randint(1, 8)):
        record = bytearray(captures.pcap(_frame(number), order=order)[24:])
        soft = range(12, len(record))
        parts.append(Part(record, rng.choice((soft, range(8))), (8,), packet=True, port=FIRST_PORT + number))
    return parts


def _pcapng(rng: Random) -> list[Part]:
    parts: list[Part] = []
    for number in range(rng.randint(1, 8)):
        if not parts or rng.random() < 0.1:
            order, told = rng.choice("<>"), rng.random() < 0.8
            parts += _section(order)[: 3 if told else 1]
        if rng.random() < 0.2:
            odd = rng.choice((1, 4, 5, 9999)), rng.randbytes(rng.choice((0, 9)))
            parts.append(_block(captures.block(order, *odd)))
        if rng.random() < 0.1:  # too short for its type
            parts.append(_block(captures.block(order, rng.choice((2, 3, 6)), b""), packet=True))
        parts.append(_packet_block(rng, order, number, told=told))
    return parts


def _section(order: str) -> list[Part]:
    nano = captures.option(order, 9, b"\x09") + captures.option(order, 14, bytes(8))
    head = len(captures.section(order))
    data = captures.section(order, b"", nano)
    return [_block(data[:head], range(12, 24)), _block(data[head : head + 20]), _block(data[head + 20 :])]


def _packet_block(rng: Random, order: str, number: int, *, told: bool) -> Part:
    frame, interface = _frame(number), rng.choice((0, 0, 1, 2))
    kind = rng.choice((2, 3, 6, 6, 6))
    if kind == 3:
        interface, data = 0, captures.block(order, 3, struct.pack(order + "I", len(frame)) + frame)
    elif kind == 2:
        about = struct.pack(order + "HHIIII", interface, 0, 0, 5, len(frame), len(frame))
        data = captures.block(order, 2, about + frame)
    else:
        data = captures.packet_block(order, frame, 5, interface)
    part = _block(data, packet=True)
    part.port = FIRST_PORT + number if told and interface < 2 else None
    return part


def _block(data: bytes, soft: range | None = None, *, packet: bool = False) -> Part:
    return Part(bytearray(data), soft or range(8, len(data) - 4), (4, len(data) - 4), packet)


def _case(rng: Random) -> Case:
    new = rng.random() < 0.6
    parts = (_pcapng if new else _pcap)(rng)
    _spoil(rng, parts)
    size = rng.choice((1, 7, 97, 1 << 17))
    if rng.random() < 0.4:
        return _with_a_length(rng, parts, size, new=new)
    data = b"".join(part.data for part in parts)
    cut = rng.choice((len(data), rng.randint(4, len(data)), rng.randint(4, len(data))))
    return _as_far(parts, data[:cut], size)


def _spoil(rng: Random, parts: list[Part]) -> None:
    for _ in range(rng.choice((0, 1, 2, 8))):
        part = rng.choice([part for part in parts if part.soft])
        for _ in range(rng.choice((1, 4))):
            part.data[rng.choice(part.soft)] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
        for known in [part] if part.packet else parts:  # what is said at the beginning is so of all
            known.port = None


def _as_far(parts: list[Part], data: bytes, size: int) -> Case:
    """Cut off: wherever that is but between two parts, the error tells it."""
    end, ports = 0, []
    for part in parts:
        if end + len(part.data) > len(data):
            break
        end += len(part.data)
        ports += [part.port] if part.packet else []
    said = "" if end == len(data) else _cut_off(len(data), end)
    return Case(data, tuple(ports), said, more=False, size=size)


def _cut_off(end: int, begin: int) -> str:
    return f"cut off at byte {end}, in the midst of what begins at byte {begin}$"


def _with_a_length(rng: Random, parts: list[Part], size: int, *, new: bool) -> Case:
    at = rng.choice([n for n, part in enumerate(parts) if part.lengths])
    part, begin = parts[at], sum(len(p.data) for p in parts[:at])
    where = rng.choice(part.lengths)
    word = rng.choice((rng.randrange(1 << 32), rng.randrange(MOST), rng.randrange(0, 400, 4), MOST + 4))
    was = bytes(part.data[where : where + 4])
    part.data[where : where + 4] = struct.pack("<I", word)
    data = b"".join(p.data for p in parts)
    ports = tuple(p.port for p in parts[:at] if p.packet)
    if part.data[where : where + 4] == was:
        return _as_far(parts, data, size)
    fault = f"damaged at byte {begin}: a (packet|block) of \\d+ bytes|{_cut_off(len(data), begin)}"
    if new and not _ends_so(data, begin):
        return Case(data, ports, fault, more=False, size=size)
    return Case(data, ports, f"{fault}|(cut off|damaged) at byte|", more=True, size=size)


def _ends_so(data: bytes, begin: int) -> bool:
    """Whether the length that a block has now stands by chance at its end too."""
    word = data[begin + 4 : begin + 8]
    return any(
        data[begin + n - 4 : begin + n] == word for order in "<>" for n in struct.unpack(order + "I", word)
    )


def fed(case: Case) -> None:
    pieces = iter([case.data[i : i + case.size] for i in range(0, len(case.data), case.size)])
    written: list[bytes] = []
    said = ""
    try:
        annotate(lambda: next(pieces, b""), written.append, lambda _: None)
    except CaptureError as error:
        said = str(error)
    lines = b"".join(written).split(b"\n")[:-1]
    if len(lines) < len(case.ports) or (len(lines) > len(case.ports) and not case.more):
        raise Undue(f"{len(lines)} lines of {len(case.ports)} packets")
    for line, port in zip(lines, case.ports, strict=False):
        if port is not None and b".%d > " % port not in line:
            raise Undue("a packet without its line, or not in its place")
    if not re.match(case.said or "$", said):
        raise Undue(f"it said {said!r} in place of {case.said}")
    if said:
        raise CaptureError(said)


TARGETS = ((Target("capture", _case, fed, (CaptureError,)), 50_000),)
