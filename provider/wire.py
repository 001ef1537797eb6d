"""Properties as handlers see them, and as Pulumi's provider protocol writes them.

Handlers see plain values: whole numbers are ``int``, what is not known yet is `COMPUTED`, secrets are what they
hold, and nothing that Pulumi itself adds (``__defaults``) is there.  Which top-level properties held a secret is
kept beside them, so that they are wrapped again on the way out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from google.protobuf import json_format, struct_pb2

from provider.resources.base import COMPUTED, Props

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def load(struct: struct_pb2.Struct) -> tuple[Props, frozenset[str]]:
    """The plain properties, and the names of those that held a secret anywhere inside; nulls are left out."""
    raw = {
        key: value
        for key, value in json_format.MessageToDict(struct).items()
        if not key.startswith("__") and value is not None
    }
    secret = frozenset(key for key, value in raw.items() if _has_secret(value))
    return {key: _plain(value) for key, value in raw.items()}, secret


def dump(props: Mapping[str, Any], secret: Collection[str] = ()) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(
        {key: _wrapped(value) if key in secret else _written(value) for key, value in props.items()},
    )
    return struct


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
