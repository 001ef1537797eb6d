"""What of YAML a project's and a stack's file may have: plain values, and no few lines that stand for a great many."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

MOST: Final = 100_000  # values, those that aliases repeat counted each time
DEEPEST: Final = 50  # levels


def why_not(document: Any) -> str:
    """What is wrong with a document, in a few words; "" when nothing is."""
    try:
        if _size(document, {}, 0) > MOST:
            return f"has more than {MOST} values, what its aliases repeat counted each time"
    except _Odd as odd:
        return str(odd)
    return ""


class _Odd(Exception):
    pass


def _size(value: Any, known: dict[int, int], depth: int) -> int:
    """How many values one stands for; more than `MOST` for one that has itself inside."""
    if depth > DEEPEST:
        raise _Odd(f"nested deeper than {DEEPEST} levels")
    if isinstance(value, Mapping):
        odd = [type(key).__name__ for key in value if not isinstance(key, (str, int, float, date))]
        if odd:
            raise _Odd(f"a key is a {odd[0]}; allowed: texts")
        inner = list(value.values())
    elif isinstance(value, list):
        inner = value
    elif isinstance(value, (str, int, float, date)) or value is None:
        return 1
    else:
        raise _Odd(
            f"a value is a {type(value).__name__}; allowed: texts, numbers, true, false, lists and mappings"
        )
    if id(value) not in known:
        known[id(value)] = MOST + 1
        known[id(value)] = min(MOST + 1, 1 + sum(_size(v, known, depth + 1) for v in inner))
    return known[id(value)]
