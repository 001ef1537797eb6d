"""Runs without a separator, of any length: what is in them is found however they are cut into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.trace.text import _ADDRESS, LONGEST, Annotator, Names, annotated
from tests.cli.trace.test_annotate import ADDRESSES, LABELS, in_pieces, with_names

in_runs = st.sampled_from([*ADDRESSES, ".", ":", "-", "_", "7", "ab", "-1", *(c * 70 for c in ".:-7f")])
runs = st.tuples(st.lists(in_runs, max_size=40), st.sampled_from(["-", ":", "a", "7-"]), st.integers(0, 3000))


@given(st.lists(runs, max_size=4), st.lists(st.integers(0, 9000), max_size=40), st.integers(1, 200))
def test_a_run_of_any_length_is_read_alike_in_one_piece_and_in_many(
    long: list[tuple[list[str], str, int]], cuts: list[int], size: int
) -> None:
    text = "".join("".join(parts) + filled * times for parts, filled, times in long).encode()
    whole = _ADDRESS.sub(lambda found: Names(LABELS)[found[1]], b"\n" + text)[1:]
    assert with_names(text) == whole
    assert in_pieces(text, cuts) == whole
    assert in_pieces(text, list(range(0, len(text), size))) == whole


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (b"192.168.202.15", b"192.168.202.15(Acilamwen@trop02)"),
        (
            b"192.168.202.15-129.215.175.100",
            b"192.168.202.15(Acilamwen@trop02)-129.215.175.100(float1@trop02)",
        ),
        (b"192.168.202.15.1.2", b"192.168.202.15.1.2"),
        (b"192.168.202.155254.0000.0100", b"192.168.202.155254.0000.0100"),
        (b"52:54:00:00:01:00:00", b"52:54:00:00:01:00:00"),
        (b"1.192.168.202.15", b"1.192.168.202.15"),
    ],
)
def test_wherever_a_long_run_is_cut_an_address_in_it_is_named_and_a_part_of_more_is_none(
    text: bytes, named: bytes
) -> None:
    for before in range(960, 960 + 97):
        run = b"-" * before + text + b"-" * 80
        for pieces in ([run], [run[i : i + 97] for i in range(0, len(run), 97)]):
            assert b"".join(annotated(pieces, LABELS)) == run.replace(text, named), before


def test_an_address_is_found_across_pieces_of_a_run_that_has_no_end() -> None:
    run = b"-" * 5000 + b"192.168.202.15" + b"-" * 5000
    for size in (1, 7, 1000):
        pieces = (run[i : i + size] for i in range(0, len(run), size))
        assert b"".join(annotated(pieces, LABELS)).count(b"(Acilamwen@trop02)") == 1


@pytest.mark.parametrize("before", [b"7", b".", b"a"])
def test_where_a_run_is_cut_what_stood_before_still_counts(before: bytes) -> None:
    run = before * 2000 + b"192.168.202.15" + b"-" * (LONGEST - 14)
    annotator = Annotator(LABELS)
    first = annotator.feed(run)
    assert first == before * 2000  # or this test asks for nothing
    assert first + annotator.end() == run
