"""XML that somebody else has written: read without reaching out, and told in one line where it is not understood."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

from lxml import etree

from provider.errors import NotUnderstood

P = ParamSpec("P")
T = TypeVar("T")

DEFINITIONS: Final = 1024  # that are remembered: two of each domain that a network has room for, and more

# What code that takes elements and numbers for granted meets where they are missing, or are none.
_NOT_THERE = (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError, etree.LxmlError)


def parsed(xml: str, root: str | None = None, *, blanks: bool = True) -> Any:
    """The document's root, which is a ``root``; no entity is resolved, and nothing is fetched."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=not blanks)
    found = etree.fromstring(xml.encode(), parser)
    if root not in (None, found.tag):
        raise ValueError(f"it is a <{found.tag}>")
    return found


def of_libvirt(what: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """For a function whose XML comes from libvirt: `NotUnderstood` when it is not as libvirt writes that of
    ``what``."""

    def wrap(read: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(read)
        def reading(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return read(*args, **kwargs)
            except _NOT_THERE as error:
                why = f"{type(error).__name__}: {str(error)[:200]}"
                raise NotUnderstood(f"libvirt's XML of {what} is not understood ({why})") from error

        return reading

    return wrap
