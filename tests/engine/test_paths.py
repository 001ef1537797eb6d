"""Property paths of ignore_changes."""

from __future__ import annotations

from typing import Any

import pytest

from engine.options import UnsupportedError
from engine.paths import keep_old, parse
from engine.state.values import Secret


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("memory", ["memory"]),
        ("a.b", ["a", "b"]),
        ("disks[0].size", ["disks", 0, "size"]),
        ("disks[*].size", ["disks", "*", "size"]),
        ('tags["a.b"]', ["tags", "a.b"]),
    ],
)
def test_a_path_is_taken_apart(path: str, steps: list[str | int]) -> None:
    assert parse(path) == steps


def test_what_is_no_path_is_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"'a\[' is not a property path"):
        parse("a[")


@pytest.mark.parametrize(
    ("path", "new", "old", "kept"),
    [
        ("a", {"a": 2}, {"a": 1}, {"a": 1}),
        ("a", {"a": 2}, {}, {}),
        ("a", {}, {"a": 1}, {"a": 1}),
        ("a.b", {"a": {"b": 2, "c": 3}}, {"a": {"b": 1}}, {"a": {"b": 1, "c": 3}}),
        ("a[0].b", {"a": [{"b": 2}, {"b": 3}]}, {"a": [{"b": 1}]}, {"a": [{"b": 1}, {"b": 3}]}),
        ("a[*].b", {"a": [{"b": 2}, {"b": 3}]}, {"a": [{"b": 1}, {"b": 0}]}, {"a": [{"b": 1}, {"b": 0}]}),
        ("a.b", {"a": Secret({"b": 2})}, {"a": Secret({"b": 1})}, {"a": Secret({"b": 1})}),
        ("a.b", {"x": 1}, {"a": {"b": 1}}, {"x": 1}),
    ],
)
def test_an_ignored_path_is_as_it_was(path: str, new: Any, old: Any, kept: Any) -> None:
    assert keep_old(new, old, [path]) == kept
