"""YAML read and written by PyYAML: each key once, no few lines that stand for many, plain values by one rule."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

import yaml  # type: ignore[import-untyped]

from plain_yaml import scalars

MOST: Final = 100_000  # values, those that aliases repeat counted each time; a fleet of 1,000 VMs has 5,000
DEEPEST: Final = 30  # levels
LONGEST_NUMBER: Final = 70  # characters: more than 64 bits need
_MERGE: Final = "tag:yaml.org,2002:merge"


class Unclear(Exception):
    """Plain values that readers of YAML take differently: path, text and line of each."""

    def __init__(self, found: list[tuple[str, str, int]]) -> None:
        super().__init__("values that readers of YAML take differently")
        self.found = found


class Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML in which a key that is written twice is a fault (plain YAML silently keeps the last), and of which no few
    lines stand for a great many.  What a plain value means: `scalars`."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # as PyYAML has it

    def compose_scalar_node(self, anchor: Any) -> Any:
        event = self.peek_event()
        if not scalars.is_free(event.tag):
            raise yaml.MarkedYAMLError(problem="a value has a tag of its own", problem_mark=event.start_mark)
        return super().compose_scalar_node(anchor)

    def get_single_node(self) -> Any:
        node = super().get_single_node()
        if node is not None and _values(node, {}, 0) > MOST:
            raise yaml.MarkedYAMLError(
                problem=f"has more than {MOST} values, what its aliases repeat counted each time",
                problem_mark=node.start_mark,
            )
        if found := list(scalars.unclear(node)) if node is not None else []:
            raise Unclear(found)
        self._each_key_once(node, set())
        return node

    def _each_key_once(self, node: Any, met: set[int]) -> None:
        """Of the keys as they are written: one that a merge (<<) brings may be written too, and then that counts."""
        if not isinstance(node, yaml.CollectionNode) or id(node) in met:
            return
        met.add(id(node))
        seen: set[Hashable] = set()
        for item in node.value:
            key_node, value_node = item if isinstance(item, tuple) else (None, item)
            self._each_key_once(value_node, met)
            if key_node is None or key_node.tag == _MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key} is declared twice", problem_mark=key_node.start_mark
                )
            seen.add(key)


def _whole(loader: Loader, node: yaml.ScalarNode) -> int:
    """A whole number, not a very long one."""
    if len(node.value) > LONGEST_NUMBER:
        why = f"is a number of {len(node.value)} characters, more than {LONGEST_NUMBER}"
        raise yaml.MarkedYAMLError(problem=why, problem_mark=node.start_mark)
    return int(loader.construct_yaml_int(node))


Loader.add_constructor("tag:yaml.org,2002:int", _whole)
for _tag, _pattern, _starts in scalars.MEANINGS:
    Loader.add_implicit_resolver(_tag, _pattern, _starts)


class Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Puts in quotes whatever any reader could take for more than the text."""


Dumper.add_implicit_resolver(scalars.UNCLEAR, scalars.NUMBER, list(scalars.STARTS))


def _values(node: Any, known: dict[int, int], depth: int) -> int:
    """How many values a node stands for; more than `MOST` for one that has itself inside."""
    if depth > DEEPEST:
        raise yaml.MarkedYAMLError(
            problem=f"is nested deeper than {DEEPEST} levels", problem_mark=node.start_mark
        )
    if id(node) not in known:
        known[id(node)] = MOST + 1
        inner = node.value if isinstance(node, yaml.CollectionNode) else ()
        parts = [part for item in inner for part in (item if isinstance(item, tuple) else (item,))]
        known[id(node)] = min(MOST + 1, 1 + sum(_values(part, known, depth + 1) for part in parts))
    return known[id(node)]
