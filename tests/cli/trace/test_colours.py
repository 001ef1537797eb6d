"""Coloured text: names stand beside its addresses, and its colours are kept as they were."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from cli.trace.text import Annotator
from tests.cli.trace.test_annotate import LABELS, in_pieces, texts, with_names

ESCAPE = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")


@pytest.mark.reports("T3")
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            b"\x1b[1;36m129.215.175.100\x1b[0m lladdr \x1b[1;33m52:54:00:00:01:00\x1b[0m\n",
            b"\x1b[1;36m129.215.175.100(float1@trop02)\x1b[0m lladdr "
            b"\x1b[1;33m52:54:00:00:01:00(float1@trop02)\x1b[0m\n",
        ),
        (
            b"\x1b[01;31m\x1b[K129.215\x1b[m\x1b[K.175.100 ",
            b"\x1b[01;31m\x1b[K129.215\x1b[m\x1b[K.175.100(float1@trop02) ",
        ),
        (b"\x1b[31m129.215.175.10\x1b[m0 x", b"\x1b[31m129.215.175.10\x1b[m0(float1@trop02) x"),
        (b"\x1b[31m129.215.175.100\x1b[m0 x", b"\x1b[31m129.215.175.100\x1b[m0 x"),
        (b"129.215.175.100\x1b", b"129.215.175.100(float1@trop02)\x1b"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_colours_are_looked_past_and_kept(text: bytes, wanted: bytes, size: int) -> None:
    assert in_pieces(text, list(range(0, len(text), size))) == wanted


@given(texts)
def test_with_colours_it_is_what_it_is_without_them(text: bytes) -> None:
    plain = ESCAPE.sub(b"", text)
    assert ESCAPE.sub(b"", with_names(text)) == with_names(plain) or b"\x1b" in plain


def test_escapes_without_an_end_are_not_held_for_ever() -> None:
    annotator = Annotator(LABELS)
    given_out = sum(len(annotator.feed(b"7" + b"\x1b[0m" * 100)) for _ in range(1000))
    assert given_out > 300_000
