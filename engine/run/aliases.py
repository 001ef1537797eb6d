"""Names that a resource had before.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.state import urns
from engine.state.records import Resource


@dataclass(frozen=True)
class Alias:
    """A former URN, or the parts of it that were others; ``no_parent`` means that it had none."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


def from_request(request: Any) -> list[Alias]:
    """The aliases of a RegisterResourceRequest."""
    found = [
        Alias(a.urn) if a.urn else Alias("", s.name, s.type, s.stack, s.project, s.parentUrn, s.noParent)
        for a, s in ((alias, alias.spec) for alias in request.aliases)
    ]
    return found + [Alias(urn) for urn in request.aliasURNs]


def former(urn: str, parent: str, aliases: Iterable[Alias], former_parent: str) -> list[str]:
    """The URNs under which the state may have the resource ``urn``, in the order in which to look for them.

    ``former_parent`` is the URN that the state had its parent under, empty when that was its present one: what its
    children's URNs were follows from it.
    """
    _, _, rest = urn.partition("urn:pulumi:")
    stack, project = rest.split("::", 2)[:2]
    type_, name = urns.type_of(urn), urns.name_of(urn)
    aliases = list(aliases)
    found: list[str] = []
    for alias in aliases:
        above = "" if alias.no_parent else alias.parent or parent
        own = urns.make(
            alias.stack or stack, alias.project or project, above, alias.type or type_, alias.name or name
        )
        found.append(alias.urn or own)
    if former_parent:
        names = [(type_, name)]
        for a in aliases:
            parts = (urns.type_of(a.urn), urns.name_of(a.urn)) if a.urn else (a.type or type_, a.name or name)
            names.append(parts)
        now, then = urns.name_of(parent), urns.name_of(former_parent)
        for kind, own in names:
            # A child named after its parent (`vm0-disk`) was named after what the parent was called then.
            inherited = then + own.removeprefix(now) if own.startswith(now) else own
            found.append(urns.make(stack, project, former_parent, kind, inherited))
    return [u for u in dict.fromkeys(found) if u != urn]


def rename(records: Iterable[Resource], names: Mapping[str, str]) -> None:
    """Put new URNs in the place of old ones, in the records themselves and wherever they speak of each other."""

    def new(urn: str) -> str:
        return names.get(urn, urn)

    for r in records:
        r.urn, r.parent, r.deleted_with = new(r.urn), new(r.parent), new(r.deleted_with)
        r.replace_with = [new(u) for u in r.replace_with]
        r.dependencies = [new(u) for u in r.dependencies]
        r.property_dependencies = {k: [new(u) for u in v] for k, v in r.property_dependencies.items()}
        if r.provider:
            provider, _, id_ = r.provider.rpartition("::")
            r.provider = f"{new(provider)}::{id_}"
