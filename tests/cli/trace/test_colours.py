"""Coloured text: names stand beside its addresses, and its colours are kept as they were."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.trace.text import MOST_IN_A_ROW, Annotator, annotated
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


IN_A_ROW = st.tuples(
    st.sampled_from([b"\x1b[m", b"\x1b[0;1;31m", b"\x1b[~", b"\x1b[" + b"1;" * 63 + b"m"]), st.integers(1, 40)
)
coloured = st.lists(
    st.one_of(
        *(st.sampled_from([b"129.215.175.100", b"129.215", b".175.10", b"52:54:00:", b"00:01:00"]),) * 2,
        st.sampled_from(
            [b" ", b"-", b"a" * 130, b"-" * 2000, b"0", b"\x1b", b"\x1b[", b"\x1b[" + b"0" * 125]
        ),
        IN_A_ROW.map(lambda times: times[0] * times[1]),
    ),
    max_size=30,
).map(b"".join)


@given(coloured, st.lists(st.integers(0, 9000), max_size=40), st.integers(1, 200))
def test_colours_come_out_alike_in_one_piece_and_in_many(text: bytes, cuts: list[int], size: int) -> None:
    assert in_pieces(text, cuts) == with_names(text)
    assert in_pieces(text, list(range(0, len(text), size))) == with_names(text)


@pytest.mark.parametrize(("escapes", "named"), [(MOST_IN_A_ROW - 1, True), (MOST_IN_A_ROW, False)])
def test_so_many_colours_in_a_row_end_an_address(escapes: int, named: bool) -> None:
    text = b"129.215.175" + b"\x1b[m" * escapes + b".100"
    assert with_names(text) == text + b"(float1@trop02)" * named


def test_an_address_that_a_block_full_of_colours_ends_in_is_found() -> None:
    block = b"\x1b[1;31mx\x1b[m" * 10_000 + b" 129.215"
    assert b"".join(annotated([block, b".175.100 "], LABELS)) == block + b".175.100(float1@trop02) "


def test_escapes_without_an_end_are_not_held_for_ever() -> None:
    annotator = Annotator(LABELS)
    given_out = sum(len(annotator.feed(b"7" + b"\x1b[0m" * 100)) for _ in range(1000))
    assert given_out > 300_000
