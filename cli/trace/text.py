"""Names put beside the addresses in a stream of bytes; what is no address passes as it came.  Pure.

An address stands alone or behind a separator: ``192.168.202.15.80`` is an address and a port, ``1.2.3.4.5.6`` neither.
Colours and their like (ECMA-48's control sequences) are no part of what they stand in: they are looked past, and kept.
One longer than 133 bytes is text like other text, and behind 16 in a row an address ends, and another may begin: so in
whatever pieces a stream comes, the same is found in it, and little has to be waited for.
A MAC has colons, hyphens or Cisco's dots here; twelve bare digits in a text are more often part of a hash.
"""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final

Label = Callable[[str], str | None]

# No letter, digit, dot or underscore.  Not written as what it is not: so it is found faster.
_SEPARATOR = rb"[\x00-\x2d\x2f:-@\[-^`{-\xff]"
_ALONE = rb"(?<![:-].{%d})"  # the separator so many bytes ago is none of those within MACs
_MACS = (rb":HH" + _ALONE % 5 + rb"(?::HH){4}", rb"-HH" + _ALONE % 5 + rb"(?:-HH){4}")
_CISCO = rb"HH\.HHHH" + _ALONE % 9 + rb"\.HHHH"
_LINK_LOCAL = rb"(?<=[fF][eE])80::" + _ALONE % 6 + rb"(?:H{1,4}:){2,3}H{1,4}"
_NO_MORE = rb"(?![0-9A-Za-z_]|[:-][0-9a-fA-F:])"
_IPV4 = rb"(?<=\d)\d{0,2}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![0-9A-Za-z_]|\.\d{1,5}\.\d)"
# The separator and one digit come first, whatever follows: most of a text is passed over by them.
_FROM_SECOND_DIGIT = rb"H(?:" + rb"|".join((*_MACS, _CISCO, _LINK_LOCAL)) + rb")" + _NO_MORE
_ADDRESS: Final = re.compile(
    (rb"(" + _SEPARATOR + rb"H(?:" + _FROM_SECOND_DIGIT + rb"|" + _IPV4 + rb"))").replace(
        b"H", b"[0-9a-fA-F]"
    )
)
MOST_IN_A_ROW: Final = 16  # escapes
_BEGUN = rb"\x1b\[[0-?]{0,126}[ -/]{0,4}"
# At the end also one that is to go on.
_ESCAPES: Final = re.compile(rb"((?:" + _BEGUN + rb"[@-~]){1,%d}|\x1b\Z|" % MOST_IN_A_ROW + _BEGUN + rb"\Z)")
_IN_ADDRESSES: Final = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:_-"
_START: Final = b"\n"  # stands for what is before the first byte, or for too many escapes
LONGEST: Final = 64  # bytes of an address, with the separator before it and what decides behind it
_RUN: Final = (
    2 * LONGEST
)  # bytes without a separator that are held back before it is looked what of them is decided
MOST_KNOWN: Final = 1 << 16  # addresses whose answers are kept


class Names(dict[bytes, bytes]):
    """What is written for each separator and address; asks once for each, and forgets all when there are too many."""

    def __init__(self, label: Label) -> None:
        super().__init__()
        self._label = label

    def __missing__(self, found: bytes) -> bytes:
        if len(self) >= MOST_KNOWN:
            self.clear()
        label = self._label(found[1:].decode("ascii"))
        written = found if label is None else found + f"({label})".encode()
        self[found] = written
        return written


class Annotator:
    """Takes bytes as they come, and gives them back with the names; holds back only what may go on.

    A run without a separator may be of any length, and comes out alike in one piece and in many: whether an address
    begins at a byte is decided by the `LONGEST` bytes from there on, so of a run without an end no more has to be held.
    """

    def __init__(self, label: Label) -> None:
        self._names = Names(label)
        self._before = _START  # the byte before those that are held back
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        text = self._held + data
        cut = len(text.rstrip(_IN_ADDRESSES))
        if b"\x1b" in text or len(text) - cut > _RUN:
            return self._piecewise(text, at_end=False)
        return self._upto(text, cut)

    def end(self) -> bytes:
        if b"\x1b" in self._held:
            return self._piecewise(self._held, at_end=True)
        return self._upto(self._held, len(self._held))

    def _upto(self, text: bytes, cut: int) -> bytes:
        self._held = text[cut:]
        if not cut:
            return b""
        parts = _ADDRESS.split(self._before + text[:cut])
        parts[1::2] = map(self._names.__getitem__, parts[1::2])
        self._before = text[cut - 1 : cut]
        return b"".join(parts)[1:]

    def _piecewise(self, text: bytes, *, at_end: bool) -> bytes:
        """As it is without its escapes; a name comes right behind its address, before any escape that follows."""
        pieces = _ESCAPES.split(text)  # plain ones and escapes in turn
        escapes = [*pieces[1::2], b""]
        walls = [_START if escape.count(b"\x1b") == MOST_IN_A_ROW else b"" for escape in escapes]
        plain = b"".join(itertools.chain.from_iterable(zip(pieces[::2], walls, strict=True)))
        cut = len(plain) if at_end else _cut(self._before + plain) - 1
        names = self._names_upto(plain, cut)
        written: list[bytes] = []
        at = used = 0  # so far, of the plain text and of all
        for piece, escape, wall in zip(pieces[::2], escapes, walls, strict=True):
            stop = at + min(len(piece), cut - at)
            begin = at
            while names and names[0][0] <= stop:
                end, name = names.popleft()
                written += [piece[at - begin : end - begin], name]
                at = end
            written.append(piece[at - begin : stop - begin])
            used, at = used + stop - begin, stop
            if at == cut and not at_end:
                break
            written.append(escape)
            used, at = used + len(escape), at + len(wall)
        self._held = text[used:]
        self._before = plain[cut - 1 : cut] if cut else self._before
        return b"".join(written)

    def _names_upto(self, plain: bytes, cut: int) -> deque[tuple[int, bytes]]:
        """Behind which byte of the text which name comes."""
        ends = ((match.end() - 1, match[1]) for match in _ADDRESS.finditer(self._before + plain))
        return deque((end, self._names[found][len(found) :]) for end, found in ends if end <= cut)


def _cut(text: bytes) -> int:
    """How much of a text, in which nothing is but text and whose first byte was written, is decided.

    Of a long run that is all but the last bytes, and the whole of an address that begins before these.
    """
    cut = len(text.rstrip(_IN_ADDRESSES))
    if len(text) - cut <= _RUN:
        return max(cut, 1)
    cut = last = len(text) - LONGEST
    for match in _ADDRESS.finditer(text):
        if match.start() > last:
            break
        cut = max(last, match.end())
    return cut


def annotated(blocks: Iterable[bytes], label: Label) -> Iterator[bytes]:
    """The blocks with names in them, each as soon as it has come."""
    annotator = Annotator(label)
    for block in blocks:
        yield annotator.feed(block)
    yield annotator.end()
