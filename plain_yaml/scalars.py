"""What a plain scalar of YAML means in a stack's, a project's or a fleet's file: one thing, whoever reads it.  Pure.

Readers of YAML 1.1 (PyYAML), of YAML 1.2 (ruamel.yaml) and of Go's yaml.v3, which the Pulumi CLI has, take some of
them differently.  What only YAML 1.1 takes for more than a text (on, no, 1:30, 2021-01-01) is the text, as with the
CLI; a number that they don't agree on (010, 1e3, 0b11, 1_000) is refused.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

_CORE: Final = "tag:yaml.org,2002:"
UNCLEAR: Final = "tag:trop,2026:unclear"  # what a reader gives to no scalar of its own
STARTS: Final = "-+.0123456789"  # what a number begins with

_WHOLE: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*|0x[0-9a-fA-F]+)$")
_FLOAT: Final = re.compile(r"(?:[-+]?[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?$")
# A number to any of the three.
NUMBER: Final = re.compile(
    r"(?:[-+]?(?:0[bB][01_]+|0[oO][0-7_]+|0[xX][0-9a-fA-F_]+|(?:\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?)"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
# Tag, pattern of the whole scalar, and what it begins with: in this order, and a text where none fits.
MEANINGS: Final[tuple[tuple[str, re.Pattern[str], list[str]], ...]] = (
    (f"{_CORE}bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    (f"{_CORE}int", _WHOLE, list(STARTS)),
    (f"{_CORE}float", _FLOAT, list(STARTS)),
    (UNCLEAR, NUMBER, list(STARTS)),
    (f"{_CORE}null", re.compile(r"(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    (f"{_CORE}merge", re.compile(r"<<$"), ["<"]),
)


def is_clear(text: str) -> bool:
    """Whether every reader takes a plain scalar for the same number, or none for any."""
    return not NUMBER.match(text) or bool(_WHOLE.match(text) or _FLOAT.match(text))


def why_not(text: str) -> str:
    return f"{text} is no value that every reader of YAML, and of JSON, takes alike"


def allowed(text: str) -> str:
    return f'a number in plain decimal digits; or, for the text, in quotes: "{text}"'


def is_free(tag: str | None) -> bool:
    """Whether a scalar's own tag (``!!str``) says no more than quotes do: of all others readers make what they like."""
    return tag in (None, "", "!", f"{_CORE}str")


def unclear(node: Any) -> Iterator[tuple[str, str, int]]:
    """Path (``config.trop:vms.Ulov.vcpu``), text and line (from 1) of the scalars that are refused below a node.

    Of PyYAML's nodes or ruamel.yaml's, which are made alike, with tags by `MEANINGS`.
    """
    met: set[int] = set()
    left = deque([("", node)])
    while left:
        path, node = left.popleft()
        if id(node) in met:
            continue
        met.add(id(node))
        if not isinstance(node.value, list):
            if str(node.tag) == UNCLEAR:
                yield path or "the file", node.value, node.start_mark.line + 1
            continue
        for number, item in enumerate(node.value):
            key, value = item if isinstance(item, tuple) else (None, item)
            step = str(key.value if key is not None and isinstance(key.value, str) else number)
            below = f"{path}.{step}" if path else step
            left += [(below, each) for each in (key, value) if each is not None]
