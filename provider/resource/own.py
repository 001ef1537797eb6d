"""Words that all resource types use of objects that are not theirs, or not theirs yet."""

from __future__ import annotations

import os
import posixpath
import shlex
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar
from uuid import UUID

from provider.connection.api import Domain, Network, Object, Pool
from provider.errors import NotThere, OperatorError
from provider.resource.base import COMPUTED, Call, Props

T = TypeVar("T")

# What to type to take over what exists, where whoever starts the engine has a command for that; ``{stack}`` in it
# stands for the stack's name.
VARIABLE: Final = "LIBVIRT_ADOPT"


def not_ours(call: Call, token: str, what: str, id: str) -> OperatorError:
    """An object that some other hand has made is never taken silently; the line says how to adopt it."""
    command = adopting(call)
    how = f"type: {command}" if command else by_import(call.urn, token, id)
    return OperatorError(
        f"{what} exists already on {call.host.uri}, and not by this stack: to adopt it, {how}"
    )


def adopting(call: Call, write: bool = False) -> str:
    """What to type to have what is there in the state, or (``write``) declared as it is; empty where whoever has
    started the engine has no command for it."""
    stack = call.urn.removeprefix("urn:pulumi:").partition("::")[0]
    command = os.environ.get(VARIABLE, "").replace("{stack}", stack)
    return command.replace(" --yes", " --write --yes") if write else command


def by_import(urn: str, token: str, id: str) -> str:
    """How Pulumi itself takes an object over.  A URN has the type of its parent, and not the parent's name."""
    types, name = urn.split("::", 3)[2:]
    command = f"pulumi import {token} {shlex.quote(name)} {shlex.quote(id)}"
    *_, parent, _ = ["", *types.split("$")]
    if parent:
        command += (
            f" --parent parent=URN, with the URN of its parent in the state, a {parent} (pulumi stack --show-urns "
            "has it)"
        )
    return f"give this resource import_={id!r}, or type: {command}"


def named(call: Call, olds: Props, news: Props) -> Props:
    """The inputs with a name: that of before, or the resource's own, where they have none."""
    return {**news, "name": news.get("name", olds.get("name", call.name))}


def there(call: Call, found: T | None, what: str) -> T:
    """The object that was looked up; `OperatorError` where it is gone."""
    if found is None:
        raise OperatorError(f"{what} is gone from {call.host.uri}; refresh, and try again")
    return found


def domain_of(call: Call, uuid: str) -> Domain:
    """The domain that a resource is to be in; `OperatorError` where it is not there."""
    domain = call.host.domain_by_uuid(uuid)
    if domain is None:
        advice = "it takes the ID of one that is there, or the output of one that this program declares"
        raise NotThere(call.name, f"there is no domain {uuid} on {call.host.uri}", advice)
    return domain


def to_be_made(call: Call, domain: Any) -> bool:
    """Whether the domain of this UUID is not there yet at a preview, and is by the time of the run."""
    return domain is COMPUTED or str(domain).lower() in call.host.made.domains


def remove(one: Network | Pool) -> None:
    """Stop it, and remove its definition, as far as it has either."""
    persistent = one.isPersistent()
    if one.isActive():
        one.destroy()
    if persistent:
        one.undefine()


def check_uuid(id: str, what: str, by_name: Callable[[str], Object | None]) -> None:
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
