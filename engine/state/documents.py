"""JSON that a file holds: read whole or not at all, and within what can be written again."""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from engine.errors import cut
from engine.state import forms

LARGEST: Final = 64 << 20  # bytes; the state of a thousand VMs has some ten million
DEEPEST: Final = 200  # levels; what is nested further is nobody's state


class Malformed(ValueError):
    """The text is not what it should be; says in a few words why."""


def read(path: Path) -> bytes:
    """A file that an operator names; OSError when it can't be read, or has no end in sight, as a device."""
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return data


def parse(data: bytes, *, once: bool = False) -> Any:
    """The document, compressed or not.  ``once``: a key that is twice in an object is a fault; else the last counts.

    Raises `Malformed`: also for numbers and texts that JSON in UTF-8 could not hold, and for what is nested too deeply.
    """
    pairs: Callable[[Any], Any] | None = _each_once if once else None
    try:
        data = forms.unpacked(data)
        document = json.loads(
            data.decode("utf-8-sig"), parse_constant=_no_number, parse_float=_finite, object_pairs_hook=pairs
        )
        if _depth(document) > DEEPEST:
            raise Malformed(f"nested deeper than {DEEPEST} levels")
        if b"\\ud" in data or b"\\uD" in data:
            json.dumps(document, ensure_ascii=False).encode()
    except RecursionError as error:
        raise Malformed(f"nested deeper than {DEEPEST} levels") from error
    except UnicodeError as error:
        raise Malformed("it is no UTF-8 text") from error
    except Malformed:
        raise
    except forms.Unread as error:
        raise Malformed(str(error)) from error
    except ValueError as error:
        raise Malformed(short(error)) from error
    return document


def short(value: object) -> str:
    """A value as a message shows it: cut, where it is long."""
    said = str(value) if isinstance(value, Exception) else repr(value)
    return cut(said, 120)


def _depth(value: Any) -> int:
    """The levels of nesting, counted without recursion, and no further than is allowed."""
    level, depth = [value], 0
    while level and depth <= DEEPEST:
        depth += 1
        inner = [v.values() if isinstance(v, dict) else v for v in level if isinstance(v, (dict, list))]
        level = [v for values in inner for v in values if isinstance(v, (dict, list))]
    return depth


def _no_number(name: str) -> float:
    raise Malformed(f"{name} is no number of JSON's")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Malformed(f"{short(text)} is too large a number")
    return number


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(f"{short(twice)} stands twice in one object")
    return found
