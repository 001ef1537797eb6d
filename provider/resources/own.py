"""Words that all resource types use of objects that are not theirs, or not theirs yet."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from typing import Protocol
from uuid import UUID

from provider.errors import OperatorError
from provider.resources.base import Call


class _Named(Protocol):
    def UUIDString(self) -> str: ...


def not_ours(call: Call, token: str, what: str, id: str) -> OperatorError:
    """An object that some other hand has made is never taken silently; the line says how to adopt it."""
    return OperatorError(
        f"{what} exists already on {call.host.uri}, and not by this stack: to adopt it, give this resource "
        f"import_={id!r}, or type: pulumi import {token} {call.name} {id}"
    )


def check_uuid(id: str, what: str, by_name: Callable[[str], _Named | None]) -> None:
    """`OperatorError` for an ID that is no UUID; with the right one, if it is the object's name."""
    try:
        UUID(id)
    except ValueError:
        named = by_name(id)
        hint = f"; that of {id} is {named.UUIDString()}" if named is not None else ""
        raise OperatorError(f"a {what} is imported by its UUID, and {id!r} is none{hint}") from None


def check_path(id: str, what: str) -> None:
    if not posixpath.isabs(id):
        raise OperatorError(f"a {what} is imported by the absolute path of its file, and {id!r} is none")


def staying(call: Call, domains: Iterable[str]) -> list[str]:
    """The names of domains without those that, in the preview of a delete, the same run deletes or changes first."""
    ids = {id.lower() for id in call.condemned}
    named = ((name, call.host.domain_by_name(name)) for name in domains)
    return [name for name, domain in named if domain is None or domain.UUIDString().lower() not in ids]


def macs_of(ids: Iterable[str]) -> set[str]:
    """The MACs of the Interfaces among these objects: the ID of one ends with its MAC, as `nic.same_mac` has it."""
    return {id.rpartition("/")[2] for id in ids}
