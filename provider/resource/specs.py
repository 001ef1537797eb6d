"""The pieces of which the schemas of resources and functions are made, in Pulumi's form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

Spec = dict[str, Any]

STRING: Final[Spec] = {"type": "string"}
INTEGER: Final[Spec] = {"type": "integer"}
NUMBER: Final[Spec] = {"type": "number"}
BOOLEAN: Final[Spec] = {"type": "boolean"}


def said(spec: Spec, description: str) -> Spec:
    return {**spec, "description": description}


def string(description: str) -> Spec:
    return said(STRING, description)


def integer(description: str) -> Spec:
    return said(INTEGER, description)


def boolean(description: str) -> Spec:
    return said(BOOLEAN, description)


def array(items: Spec) -> Spec:
    return {"type": "array", "items": items}


def mapping(values: Spec) -> Spec:
    """An object whose members may have any name."""
    return {"type": "object", "additionalProperties": values}


def record(properties: Spec, *required: str) -> Spec:
    """An object whose members are known by name."""
    return {"type": "object", "properties": properties, "required": list(required)}


STRINGS: Final = array(STRING)


def resource(
    description: str,
    inputs: Mapping[str, Spec],
    outputs: Mapping[str, Spec],
    *,
    given: Iterable[str] = (),
    told: Iterable[str],
) -> Spec:
    """``given``: the inputs that have to be; ``outputs``: those beside the inputs; ``told``: what is always there."""
    return {
        "description": description,
        "inputProperties": inputs,
        "requiredInputs": list(given),
        "properties": {**inputs, **outputs},
        "required": list(told),
    }
