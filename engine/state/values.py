"""Property values as the engine holds them, and their three written forms.

In memory a value is what JSON can say (numbers that are whole are ``int``), plus ``UNKNOWN`` and ``Secret``.
On the wire (protobuf ``Struct``) and in the checkpoint both have the sentinels of Pulumi's own protocol.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import struct_pb2

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE: Final = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class Unknown:
    """A value that only an `up` can tell; there is one, `UNKNOWN`."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that is shown as ``[secret]`` and stored encrypted."""

    value: Any


Value = Any
Props = dict[str, Value]


def from_wire(struct: struct_pb2.Struct) -> Props:
    """The properties of a protobuf ``Struct``, keys in order; whole numbers become ``int``."""
    return {key: _load(value) for key, value in sorted(struct.fields.items())}


def to_wire(props: Props) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update({k: _dump(v) for k, v in props.items()})
    return struct


def _load(v: struct_pb2.Value) -> Value:
    """Read here, and not by `json_format`, which takes three times as long: a preview spends a sixth of its time so."""
    kind = v.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if v.string_value == UNKNOWN_STRING else v.string_value
    if kind == "number_value":
        if not math.isfinite(v.number_value):
            raise ValueError(f"{v.number_value} is no number that a property can have")  # JSON has none such
        return whole(v.number_value)
    if kind == "bool_value":
        return v.bool_value
    if kind == "list_value":
        return [_load(x) for x in v.list_value.values]
    if kind != "struct_value":
        return None
    fields = v.struct_value.fields
    if SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET_SIGNATURE:
        return Secret(_load(fields["value"]))
    return {k: _load(x) for k, x in sorted(fields.items())}


def whole(v: Value) -> Value:
    """A number that is whole as ``int``; anything else as it is."""
    return int(v) if isinstance(v, float) and v.is_integer() else v


def _dump(v: Value) -> Any:
    if v is UNKNOWN:
        return UNKNOWN_STRING
    if isinstance(v, Secret):
        return {SIGNATURE: SECRET_SIGNATURE, "value": _dump(v.value)}
    if isinstance(v, dict):
        return {k: _dump(x) for k, x in v.items()}
    return [_dump(x) for x in v] if isinstance(v, list) else v


def mark_secret(outputs: Props, keys: list[str]) -> Props:
    """The outputs with those of additional_secret_outputs secret."""
    return {k: Secret(v) if k in keys and not isinstance(v, Secret) else v for k, v in outputs.items()}


def parts(v: Value) -> Iterator[Value]:
    """The value, and everything inside it."""
    yield v
    if isinstance(v, Secret):
        yield from parts(v.value)
    elif isinstance(v, (dict, list)):
        for x in v.values() if isinstance(v, dict) else v:
            yield from parts(x)


def has_unknown(v: Value) -> bool:
    return any(x is UNKNOWN for x in parts(v))


def has_secret(v: Value) -> bool:
    return any(isinstance(x, Secret) for x in parts(v))


def without_secrets(v: Value) -> Value:
    """The value with every ``Secret`` replaced by what it holds."""
    if isinstance(v, Secret):
        return without_secrets(v.value)
    if isinstance(v, dict):
        return {k: without_secrets(x) for k, x in v.items()}
    return [without_secrets(x) for x in v] if isinstance(v, list) else v


def plain(v: Value, show_secrets: bool, hidden: Any = "[secret]") -> Any:
    """The value as JSON has it, keys in order; what is not known yet is the protocol's own text.

    ``hidden`` stands for each secret that is not to be shown.
    """
    if isinstance(v, Secret):
        return plain(v.value, True) if show_secrets else hidden
    if isinstance(v, dict):
        return {k: plain(x, show_secrets, hidden) for k, x in sorted(v.items())}
    if isinstance(v, list):
        return [plain(x, show_secrets, hidden) for x in v]
    return UNKNOWN_STRING if v is UNKNOWN else v


def without_unknown(v: Value) -> Value:
    """The value with everything unknown left out."""
    if isinstance(v, Secret):
        return Secret(without_unknown(v.value))
    if isinstance(v, dict):
        return {k: without_unknown(x) for k, x in v.items() if x is not UNKNOWN}
    return [without_unknown(x) for x in v if x is not UNKNOWN] if isinstance(v, list) else v
