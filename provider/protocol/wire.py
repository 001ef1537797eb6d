"""Properties as handlers see them, and as Pulumi's provider protocol writes them.

Handlers see plain values: whole numbers are ``int``, what is not known yet is `COMPUTED`, secrets are what they
hold, and nothing that Pulumi itself adds (``__defaults``) is there.  Which top-level properties held a secret, and
which texts that was, is kept beside them: on the way out these properties are wrapped again, and those that a handler
has made of the texts.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from google.protobuf import struct_pb2

from provider.resource.base import COMPUTED, Props

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


SHORTEST: Final = 4  # characters of a secret that is looked for in other properties


class Secrets(frozenset[str]):
    """The names of properties that hold a secret; ``texts`` are the secret texts in them."""

    texts: frozenset[str]

    def __new__(cls, names: Iterable[str], texts: Iterable[str]) -> Secrets:
        made = super().__new__(cls, names)
        made.texts = frozenset(text for text in texts if len(text) >= SHORTEST)
        return made

    def and_(self, other: Secrets) -> Secrets:
        return Secrets(self | other, self.texts | other.texts)

    def spread(self, made_of: Mapping[str, tuple[str, ...]]) -> Secrets:
        """With the outputs that are made of any of these properties."""
        return Secrets(self | {key for key, of in made_of.items() if self.intersection(of)}, self.texts)


def load(struct: struct_pb2.Struct) -> tuple[Props, Secrets]:
    """The plain properties, and the names of those that held a secret anywhere inside; nulls are left out."""
    props: Props = {}
    names: list[str] = []
    hidden: list[Any] = []
    for key, value in struct.fields.items():
        if key.startswith("__") or value.WhichOneof("kind") in (None, "null_value"):
            continue
        before = len(hidden)
        props[key] = _plain(value, hidden)
        if len(hidden) > before:
            names.append(key)
    return props, Secrets(names, (text for value in hidden for text in _texts(value)))


def dump(props: Mapping[str, Any], secret: Collection[str] = ()) -> struct_pb2.Struct:
    texts = secret.texts if isinstance(secret, Secrets) else ()
    hidden = {
        key
        for key, value in props.items()
        if key in secret or (texts and any(text in part for part in _texts(value) for text in texts))
    }
    struct = struct_pb2.Struct()
    written = {key: _written(value) for key, value in props.items()}
    struct.update({k: {SIGNATURE: SECRET, "value": v} if k in hidden else v for k, v in written.items()})
    return struct


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _plain(value: struct_pb2.Value, hidden: list[Any]) -> Any:
    """What a value is for handlers; what the secrets in it hold is put into ``hidden``.

    Read here, and not by `json_format`, which takes three times as long.
    """
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return COMPUTED if value.string_value == UNKNOWN else value.string_value
    if kind == "number_value":
        number = value.number_value
        if not math.isfinite(number):
            raise ValueError(f"{number} is no number that a property can have")
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_plain(part, hidden) for part in value.list_value.values]
    if kind != "struct_value":
        return None
    fields = value.struct_value.fields
    if SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET:
        hidden.append(_plain(fields["value"], hidden) if "value" in fields else None)
        return hidden[-1]
    parts = ((key, part) for key, part in fields.items() if part.WhichOneof("kind") != "null_value")
    return {key: _plain(part, hidden) for key, part in parts}


def _written(value: Any) -> Any:
    if value is COMPUTED:
        return UNKNOWN
    if isinstance(value, dict):
        return {k: _written(v) for k, v in value.items()}
    return [_written(v) for v in value] if isinstance(value, list | tuple) else value
