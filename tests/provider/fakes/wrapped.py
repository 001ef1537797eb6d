"""What a call on one of libvirt's objects takes and answers with, where each object is wrapped in another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PLAIN = (str, bytes, int, float, bool, type(None), dict)


def bare(args: tuple[Any, ...], wrapper: type) -> list[Any]:
    """The arguments as the wrapped object takes them."""
    return [arg._real if isinstance(arg, wrapper) else arg for arg in args]


def shown(value: Any, wrap: Callable[[Any], Any]) -> Any:
    """An answer with libvirt's objects in it wrapped."""
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, list | tuple):
        return type(value)(shown(each, wrap) for each in value)
    return wrap(value)
