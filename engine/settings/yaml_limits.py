"""What of YAML a project's and a stack's file may have: plain values, and no few lines that stand for a great many."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import events

from plain_yaml import scalars

MOST: Final = 50_000  # values; a stack of 1,000 VMs has some 10,000
REPEATED: Final = 10_000  # of these, what aliases and merges (<<) repeat
DEEPEST: Final = 50  # levels
LARGEST: Final = 4 << 20  # bytes of a file
WIDEST: Final = 64  # bits of a number
_LONG_NUMBER: Final = re.compile(r"[-+0-9]{71,}")


class Beyond(Exception):
    """More than is allowed; the text says what, in a few words."""


@dataclass
class _Count:
    """How many values were met, and how many each anchor stands for; ``open``: where what is not closed began."""

    values: int = 0
    repeated: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    clear: bool = True
    open: list[tuple[str | None, int]] = field(default_factory=list)

    @property
    def all(self) -> int:
        return self.values + self.repeated

    def take(self, event: Any) -> None:
        if isinstance(event, events.AliasEvent):
            # An anchor that is not closed yet is repeated inside itself.
            self.repeated += self.sizes.get(event.anchor, REPEATED + 1)
        elif isinstance(event, events.CollectionStartEvent):
            self.open.append((event.anchor, self.all))
            self.values += 1
        elif isinstance(event, events.CollectionEndEvent):
            anchor, before = self.open.pop()
            if anchor is not None:
                self.sizes[anchor] = self.all - before
        elif isinstance(event, events.ScalarEvent):
            self.values += 1
            if event.anchor is not None:
                self.sizes[event.anchor] = 1
            if not scalars.is_free(event.tag):
                raise Beyond(
                    f"line {event.start_mark.line + 1}: a value has a tag; allowed: the value without it"
                )
            if event.implicit[0] and _LONG_NUMBER.fullmatch(event.value):
                raise Beyond(f"a number has {len(event.value)} characters; allowed: the same in quotes")
            if event.implicit[0] and not scalars.is_clear(event.value):
                self.clear = False


def check(parsed: Iterable[Any]) -> bool:
    """Reads a document's events, no further than is allowed, before anything is made of them.  Raises `Beyond`.

    Returns whether every reader takes its plain scalars alike.
    """
    count = _Count()
    for event in parsed:
        count.take(event)
        if len(count.open) > DEEPEST:
            raise Beyond(f"nested deeper than {DEEPEST} levels")
        if count.repeated > REPEATED:
            raise Beyond(f"has more than {REPEATED} values that its aliases repeat")
        if count.values > MOST:
            raise Beyond(f"has more than {MOST} values")
    return count.clear


def why_not(value: Any) -> str:
    """What a document, once it is made, has in it that no setting can be, in a few words; "" when nothing."""
    if isinstance(value, Mapping):
        odd = [type(key).__name__ for key in value if not isinstance(key, (str, int, float))]
        if odd:
            return f"a key is a {odd[0]}; allowed: texts"
        return next(filter(None, map(why_not, value.values())), "")
    if isinstance(value, list):
        return next(filter(None, map(why_not, value)), "")
    if isinstance(value, int) and value.bit_length() > WIDEST:
        return f"a number has more than {WIDEST} bits; allowed: the same in quotes"
    if isinstance(value, (str, int, float)) or value is None:
        return ""
    return f"a value is a {type(value).__name__}; allowed: texts, numbers, true, false, lists and mappings"
