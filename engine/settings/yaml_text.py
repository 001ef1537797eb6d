"""YAML read and written by ruamel.yaml with the meanings of `scalars`: what is written, each reader takes alike."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scalarbool import ScalarBoolean

from plain_yaml import scalars


class _Resolver(VersionedResolver):
    """The same for every version of YAML, whatever a file's own %YAML says."""

    @property
    def versioned_resolver(self) -> Any:
        return _BY_START


_BY_START: dict[str, list[Any]] = {}
for _tag, _pattern, _starts in scalars.MEANINGS:
    for _start in _starts:
        _BY_START.setdefault(_start, []).append((_tag, _pattern))


def round_trip() -> YAML:
    """What keeps a file's comments, quotes and order."""
    yaml = YAML(typ="rt")
    yaml.Resolver = _Resolver
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def bare(value: Any) -> Any:
    """A document's value without what a round trip keeps beside it."""
    if isinstance(value, dict):
        return {str(key): bare(each) for key, each in value.items()}
    if isinstance(value, list):
        return [bare(each) for each in value]
    if isinstance(value, bool | ScalarBoolean):
        return bool(value)
    return next((kind(value) for kind in (str, int, float) if isinstance(value, kind)), value)


def written(document: Any) -> str:
    """A text that would be read as something else is in quotes."""
    text = io.StringIO()
    round_trip().dump(document, text)
    return text.getvalue()


def unclear(text: str) -> Iterator[str]:
    """A line for each plain scalar that readers of YAML take differently: where it is, why, and what is allowed."""
    for path, value, line in scalars.unclear(round_trip().compose(text)):
        yield f"line {line}: {path}: {scalars.why_not(value)}; allowed: {scalars.allowed(value)}"
