"""What all resource types share: properties against their schema, and the paths at which two of them differ.

What is not declared is not ours to say, so it is never a difference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from provider.resource.base import COMPUTED, Failure, Kind, Props
from provider.resource.upstream import KNOWN

Spec = Mapping[str, Any]

# What libvirt could not be told: control characters, halves of a character, and two that are none.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_HALVES = re.compile("[\ud800-\udfff]")
# What a guest reads: no XML has them in it, a disk has them whole.
_FILES = ("userData", "metaData", "networkConfig")
_LARGEST = 2**53 - 1  # Pulumi's numbers are floats

_KINDS: Mapping[str, tuple[str, Any]] = {  # in words, and in Python
    "string": ("a string", str),
    "integer": ("a whole number", int),
    "number": ("a number", (int, float)),
    "boolean": ("true or false", bool),
    "array": ("a list", list),
    "object": ("an object", dict),
}


def failures(token: str, schema: Spec, news: Props) -> list[Failure]:
    """Unknown, missing and mistyped properties, each by its path.  `COMPUTED` fits everywhere."""
    spec = {
        "type": "object",
        "properties": schema["inputProperties"],
        "required": schema.get("requiredInputs", ()),
    }
    return list(_object(token, spec, news, "", ""))


def _object(token: str, spec: Spec, value: Props, path: str, plain: str) -> Iterator[Failure]:
    """``path`` as an operator reads it (``dns.hosts[0].ip``), ``plain`` as `KNOWN` has it (``dns.hosts.ip``)."""
    properties = spec["properties"]
    for key, member in value.items():
        at, name = _joined(path, key), _joined(plain, key)
        if key in properties:
            yield from _value(token, properties[key], member, at, name)
        elif name in KNOWN.get(token, ()):
            yield Failure(at, f"{name} of pulumi-libvirt is not implemented by this provider; leave it out")
        else:
            yield Failure(at, f"no such property; there are {', '.join(sorted(properties))}")
    for key in spec.get("required", ()):
        if key not in value:
            yield Failure(_joined(path, key), "must be given")


def _value(token: str, spec: Spec, value: Any, path: str, plain: str) -> Iterator[Failure]:
    if value is COMPUTED:
        return
    kind = spec["type"]
    words, types = _KINDS[kind]
    if not isinstance(value, types) or (isinstance(value, bool) and kind != "boolean"):
        yield Failure(path, f"must be {words}, not {_shown(value)}")
    elif kind == "string" and (odd := _NOT_IN_XML.search(value)) and path not in _FILES:
        yield Failure(path, f"has {odd[0]!a} in it, a character that no XML can hold")
    elif kind == "string" and (odd := _HALVES.search(value)):
        yield Failure(path, f"has {odd[0]!a} in it, which is half a character")
    elif kind == "integer" and abs(value) > _LARGEST:
        yield Failure(path, f"must be from {-_LARGEST} to {_LARGEST}, not {_shown(value)}")
    elif kind == "array":
        for index, member in enumerate(value):
            yield from _value(token, spec["items"], member, f"{path}[{index}]", plain)
    elif kind == "object" and "properties" in spec:
        yield from _object(token, spec, value, path, plain)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def changed(old: Any, new: Any, path: str = "", *, left_out: bool = True) -> dict[str, Kind]:
    """Path -> kind of each leaf that differs; a `COMPUTED` differs from everything but itself.

    ``left_out``: whether a property that ``new`` leaves out differs; within lists it always does.
    """
    if old is new or old == new:
        return {}
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = old, new
        parts = [(key, _joined(path, key)) for key in sorted({*old, *new} if left_out else new)]
    elif isinstance(old, list) and isinstance(new, list):
        before, after, left_out = dict(enumerate(old)), dict(enumerate(new)), True
        parts = [(index, f"{path}[{index}]") for index in range(max(len(old), len(new)))]
    else:
        return {path: "update"}
    found: dict[str, Kind] = {}
    for key, at in parts:
        if key not in before:
            found[at] = "add"
        elif key not in after:
            found[at] = "delete"
        else:
            found |= changed(before[key], after[key], at, left_out=left_out)
    return found


def declared_changes(old: Any, new: Any, path: str = "") -> dict[str, Kind]:
    """As `changed`, but what ``new`` leaves out is not ours to say, and so no difference."""
    return changed(old, new, path, left_out=False)


def as_declared(
    inputs: Props, wanted: Mapping[str, Any], seen: Mapping[str, Any], same: Callable[[Any, Any], bool]
) -> Props:
    """The inputs as the hypervisor has them: in the declared spelling where ``seen`` means what ``wanted`` means,
    else as seen; in objects only the declared members.  ``wanted`` is ``inputs`` in the form of ``seen``."""
    result: Props = {}
    for key, value in inputs.items():
        if key not in wanted:
            result[key] = value
        elif isinstance(value, dict) and isinstance(seen.get(key), dict):
            result[key] = as_declared(value, wanted[key], seen[key], same)
        elif key in seen and same(wanted[key], seen[key]):
            result[key] = value
        elif key in seen:
            result[key] = seen[key]
    return result


def known(props: Props) -> Props:
    """The properties without those whose value, or a part of it, only an `up` can tell."""
    return {key: value for key, value in props.items() if not unknown(value)}


def top(path: str) -> str:
    """The top-level property of a path: ``dns`` of ``dns.hosts[0].ip``."""
    return path.split(".", 1)[0].split("[", 1)[0]


def at(props: Any, path: str) -> Any:
    """The value at a path as `changed` gives it; None when there is nothing."""
    for step in path.replace("[", ".").replace("]", "").split("."):
        if isinstance(props, dict):
            props = props.get(step)
        elif isinstance(props, list) and step.isdigit() and int(step) < len(props):
            props = props[int(step)]
        else:
            return None
    return props


def unknown(value: Any) -> bool:
    """Whether the value is, or has anywhere inside, what is not known yet."""
    if isinstance(value, dict):
        return any(map(unknown, value.values()))
    return value is COMPUTED or (isinstance(value, list) and any(map(unknown, value)))
