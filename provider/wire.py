"""Properties as handlers see them, and as Pulumi's provider protocol writes them.

Handlers see plain values: whole numbers are ``int``, what is not known yet is `COMPUTED`, secrets are what they
hold, and nothing that Pulumi itself adds (``__defaults``) is there.  Which top-level properties held a secret, and
which texts that was, is kept beside them: on the way out these properties are wrapped again, and those that a handler
has made of the texts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from google.protobuf import json_format, struct_pb2

from provider.resources.base import COMPUTED, Props

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
    raw = {
        key: value
        for key, value in json_format.MessageToDict(struct).items()
        if not key.startswith("__") and value is not None
    }
    secret = Secrets((key for key, value in raw.items() if _has_secret(value)), _secret_texts(raw))
    return {key: _plain(value) for key, value in raw.items()}, secret


def dump(props: Mapping[str, Any], secret: Collection[str] = ()) -> struct_pb2.Struct:
    texts = secret.texts if isinstance(secret, Secrets) else ()
    hidden = {key for key, value in props.items() if key in secret or _tells(value, texts)}
    struct = struct_pb2.Struct()
    struct.update({k: _wrapped(v) if k in hidden else _written(v) for k, v in props.items()})
    return struct


def _tells(value: Any, texts: Collection[str]) -> bool:
    """Whether one of the texts stands anywhere in the value."""
    return bool(texts) and any(text in part for part in _texts(value) for text in texts)


def _secret_texts(value: Any) -> Iterator[str]:
    """The texts inside secrets."""
    if isinstance(value, dict) and value.get(SIGNATURE) == SECRET:
        yield from _texts(_plain(value))
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _secret_texts(part)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _has_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get(SIGNATURE) == SECRET or any(_has_secret(v) for v in value.values())
    return isinstance(value, list) and any(_has_secret(v) for v in value)


def _plain(value: Any) -> Any:
    if value == UNKNOWN:
        return COMPUTED
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return _plain(value.get("value"))
        return {k: _plain(v) for k, v in value.items() if v is not None}
    return [_plain(v) for v in value] if isinstance(value, list) else value


def _wrapped(value: Any) -> Any:
    return {SIGNATURE: SECRET, "value": _written(value)}


def _written(value: Any) -> Any:
    if value is COMPUTED:
        return UNKNOWN
    if isinstance(value, dict):
        return {k: _written(v) for k, v in value.items()}
    return [_written(v) for v in value] if isinstance(value, list | tuple) else value
