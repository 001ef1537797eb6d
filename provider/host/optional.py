"""Looks that only check or tell something beforehand.  What can't be looked at is told, and the run goes on.

Optional is a look without which nothing is done that would not be done with it: libvirt refuses by itself what is not
there, or the look only adds to what an operator is told.  Looking at the object itself is none, nor is what keeps harm
away: who uses a file, a MAC or a network that is to go.

The driver that is asked may be another one than the host's own (virInterface has two), in a daemon of its own that does
not run, or not there at all: so any code of libvirt's may come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from provider.connection import errors
from provider.errors import NotUnderstood

T = TypeVar("T")
U = TypeVar("U")
Tell = Callable[[str], None]  # takes one line


def unheard(line: str) -> None:
    """A `Tell` where nobody is to hear it."""


def look(tell: Tell, what: str, ask: Callable[[], T], otherwise: U, so: str = "") -> T | U:
    """What ``ask`` finds; else ``otherwise``, and a line with libvirt's words.  A lost connection is raised.

    ``what`` is looked at ("bridge br0 of qemu:///system"); ``so``: what comes of it that it could not be.
    """
    found, line = looked(what, ask, so)
    if line:
        tell(line)
        return otherwise
    return found  # type: ignore[return-value]


def looked(what: str, ask: Callable[[], T], so: str = "") -> tuple[T | None, str]:
    """As `look`, for a look that is not optional: what was found and ""; or None and the line, to decide by."""
    try:
        return ask(), ""
    except (errors.VirtError, NotUnderstood) as error:
        if errors.lost(error):
            raise
        return None, f"{what} could not be looked at{', so ' if so else ''}{so}: {errors.said(error)}"
