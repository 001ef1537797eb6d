"""Declared properties against others: what is not declared is not ours to say, so it is never a difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provider.resource.base import Kind, Props
from provider.resource.shape import changed


def declared_changes(old: Any, new: Any, path: str = "") -> dict[str, Kind]:
    """As `shape.changed`, but a property that ``new`` leaves out is no difference."""
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
