"""Captured packets out of pcap and pcapng files, as the bytes come; nothing is kept of what was given out."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

SECTION: Final = b"\x0a\x0d\x0d\x0a"
_PCAP: Final = {  # magic: byte order, digits of the fraction of a second
    b"\xa1\xb2\xc3\xd4": (">", 6),
    b"\xd4\xc3\xb2\xa1": ("<", 6),
    b"\xa1\xb2\x3c\x4d": (">", 9),
    b"\x4d\x3c\xb2\xa1": ("<", 9),
}
MAGICS: Final = (*_PCAP, SECTION)  # what a capture begins with
_ORDERS: Final = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}
MOST: Final = 1 << 24  # bytes of a packet or block: more is damage
INTERFACE, OLD_PACKET, SIMPLE_PACKET, PACKET = 1, 2, 3, 6  # types of blocks
RESOLUTION: Final = 9  # the option of an interface
OFFSET: Final = 14  # the same, seconds to be added
NANO: Final = 1_000_000_000
UNTOLD, SHORT = (
    -1,
    -2,
)  # instead of a link type: nothing was said of its interface; the block is too short for its type


class CaptureError(Exception):
    """The file is damaged or cut off; what came before has been given out."""


class Frame(NamedTuple):
    """``time`` in nanoseconds since 1970, None if it was not noted; ``length`` as it was on the wire.

    ``odd``: the fraction of its second is none.
    """

    time: int | None
    digits: int
    link: int
    length: int
    data: bytes
    odd: bool = False


@dataclass(frozen=True)
class Interface:
    """``units`` a second, ``offset`` in seconds; ``most`` bytes were kept of a packet, 0 for all."""

    link: int
    most: int
    units: int
    offset: int


def batches(blocks: Iterable[bytes]) -> Iterator[list[Frame]]:
    """The packets of each block of bytes, as soon as it has come.  Raises `CaptureError`."""
    reader: _Pcap | _Pcapng | None = None
    left = b""
    place = 0
    for block in blocks:
        left += block
        if reader is None and len(left) >= 4:
            reader = _Pcapng() if left.startswith(SECTION) else _Pcap()
        frames: list[Frame] = []
        used = 0
        try:
            while reader is not None and (size := reader.size(left, used)) <= len(left) - used:
                frame = reader.take(left, used, size)
                used += size
                if frame is not None:
                    frames.append(frame)
        except CaptureError as error:
            yield frames
            raise CaptureError(f"damaged at byte {place + used}: {error}") from error
        yield frames
        left, place = left[used:], place + used
    if left or reader is None or reader.fresh:
        raise CaptureError(
            f"cut off at byte {place + len(left)}, in the midst of what begins at byte {place}"
        )


class _Pcap:
    """One header, then packets."""

    def __init__(self) -> None:
        self.fresh = True
        self._record = struct.Struct("<IIII")
        self._digits = 6
        self._link = 0

    def size(self, data: bytes, at: int) -> int:
        """Bytes of what stands there; where too few have come to say, how many it takes for that."""
        if self.fresh:
            return 24
        if len(data) - at < 16:
            return 16
        kept = self._record.unpack_from(data, at)[2]
        if kept > MOST:
            raise CaptureError(f"a packet of {kept} bytes")
        return 16 + int(kept)

    def take(self, data: bytes, at: int, size: int) -> Frame | None:
        if self.fresh:
            order, self._digits = _PCAP[data[at : at + 4]]
            self._record = struct.Struct(order + "IIII")
            self._link = struct.unpack_from(order + "I", data, at + 20)[0] & 0xFFFF
            self.fresh = False
            return None
        seconds, fraction, _, length = self._record.unpack_from(data, at)
        nano = fraction if self._digits == 9 else fraction * 1000
        odd = nano >= NANO
        moment = seconds * NANO + (0 if odd else nano)
        return Frame(moment, self._digits, self._link, length, data[at + 16 : at + size], odd)


class _Pcapng:
    """Blocks, each with its type and length; a section's first block tells the byte order."""

    def __init__(self) -> None:
        self.fresh = True
        self._order = "<"
        self._interfaces: list[Interface] = []

    def size(self, data: bytes, at: int) -> int:
        if len(data) - at < 12:
            return 12
        if data[at : at + 4] == SECTION:
            order = _ORDERS.get(data[at + 8 : at + 12])
            if order is None:
                raise CaptureError("a section that tells no byte order")
            self._order, self._interfaces = order, []
        elif self.fresh:
            raise CaptureError("no section at the beginning")
        size = int(struct.unpack_from(self._order + "I", data, at + 4)[0])
        if size < 12 or size % 4 or size > MOST:
            raise CaptureError(f"a block of {size} bytes")
        return size

    def take(self, data: bytes, at: int, size: int) -> Frame | None:
        self.fresh = False
        kind, again = (struct.unpack_from(self._order + "I", data, p)[0] for p in (at, at + size - 4))
        if again != size:
            raise CaptureError(f"a block of {size} bytes that ends as one of {again}")
        body = data[at + 8 : at + size - 4]
        try:
            if kind == INTERFACE:
                self._interfaces.append(_interface(self._order, body))
            elif kind in (PACKET, OLD_PACKET):
                return self._packet(body, "IIIII" if kind == PACKET else "HHIIII")
            elif kind == SIMPLE_PACKET:
                return self._simple(body)
        except struct.error:
            if kind != INTERFACE:
                return Frame(None, 6, SHORT, size, b"")
            self._interfaces.append(Interface(UNTOLD, 0, 1, 0))
        return None

    def _packet(self, body: bytes, form: str) -> Frame:
        number, *_, high, low, kept, length = struct.unpack_from(self._order + form, body)
        interface = self._interface(number)
        if interface.link == UNTOLD:
            return Frame(None, 6, UNTOLD, length, b"")
        time = ((high << 32) | low) * NANO // interface.units + interface.offset * NANO
        digits = 9 if interface.units > 1_000_000 else 6
        return Frame(time, digits, interface.link, length, body[20 : 20 + kept])

    def _simple(self, body: bytes) -> Frame:
        interface = self._interface(0)
        length = struct.unpack_from(self._order + "I", body)[0]
        kept = min(length, interface.most or length, len(body) - 4)
        return Frame(None, 6, interface.link, length, body[4 : 4 + kept])

    def _interface(self, number: int) -> Interface:
        told = number < len(self._interfaces)
        return self._interfaces[number] if told else Interface(UNTOLD, 0, 1, 0)


def _interface(order: str, body: bytes) -> Interface:
    link, _, most = struct.unpack_from(order + "HHI", body)
    units, offset = 1_000_000, 0
    at = 8
    while at + 4 <= len(body):
        code, size = struct.unpack_from(order + "HH", body, at)
        value = body[at + 4 : at + 4 + size]
        if code == RESOLUTION and value:
            units = 2 ** (value[0] & 127) if value[0] & 128 else 10 ** value[0]
        elif code == OFFSET and size == 8:
            offset = struct.unpack(order + "q", value)[0]
        at += 4 + (size + 3) // 4 * 4
    return Interface(link, most, units, offset)
