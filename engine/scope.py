"""What a command line names of a stack: --target, --exclude, --replace and their like.  Pure.

Each names URNs, or patterns of them: ``*`` stands for anything without a colon, ``**`` for anything at all.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Scope:
    """The wishes of a command line; without any, a run is about all of the stack."""

    targets: tuple[str, ...] = ()
    target_dependents: bool = False
    excludes: tuple[str, ...] = ()
    exclude_dependents: bool = False
    exclude_protected: bool = False
    replaces: tuple[str, ...] = ()

    @property
    def narrows(self) -> bool:
        return bool(self.targets or self.excludes or self.exclude_protected)

    def missing(self, known: Collection[str]) -> list[str]:
        """The URNs that were named and that nobody has."""
        named = dict.fromkeys((*self.targets, *self.replaces, *self.excludes))
        return [urn for urn in named if "*" not in urn and urn not in known]


EVERYTHING: Final = Scope()


def matches(patterns: tuple[str, ...], urn: str) -> bool:
    """Whether one of what was named is this resource."""
    return any(_pattern(p).fullmatch(urn) for p in patterns)


@functools.cache
def _pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*)", text)
    kinds = {"**": ".*", "*": "[^:]*"}
    return re.compile("".join(kinds.get(part, re.escape(part)) for part in parts), re.DOTALL)
