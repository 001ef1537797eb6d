"""What may be the name of an object: libvirt makes files of it, and operators read it in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from provider.resources.base import COMPUTED, Failure

LONGEST = 200  # bytes: a file system takes 255, and libvirt adds endings such as .hostsfile


def name_failures(what: str, name: object) -> Iterator[Failure]:
    """At most one, of the property ``name``; ``what``: "a volume", for the message."""
    if name is COMPUTED or not isinstance(name, str):
        return
    why = _why(name)
    if why:
        shown = name if len(name) <= 60 else name[:57] + "..."
        yield Failure(
            "name",
            f"{shown!r} can't be {what}'s name: {why}; allowed: up to {LONGEST} bytes of printable text, without '/'",
        )


def _why(name: str) -> str:
    if not name.strip():
        return "it is empty"
    if name != name.strip():
        return "it begins or ends with a blank"
    if name in (".", ".."):
        return "it is a folder's"
    if "/" in name:
        return "it has a '/' in it"
    if not name.isprintable():
        odd = next(c for c in name if not c.isprintable())
        return f"it has {odd!r} in it, which does not show"
    return "it is too long" if len(name.encode()) > LONGEST else ""
