"""Who depends on whom, among records.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from engine.state import urns
from engine.state.records import Resource


def needs(r: Resource, parent: bool = True) -> set[str]:
    """The URNs that a record can't be without."""
    found = {r.deleted_with, urns.provider_of(r.provider), r.parent if parent else ""}
    return found.union(r.dependencies, *r.property_dependencies.values()) - {""}


def dependents(roots: Collection[str], records: Iterable[Resource], children: bool) -> list[Resource]:
    """All that depends on one of these URNs, directly or not, in the order of the state; ``children``: as such, too."""
    reached, found = set(roots), []
    for r in records:
        if not r.delete and r.urn not in roots and needs(r, children) & reached:
            reached.add(r.urn)
            found.append(r)
    return found


def in_order(records: list[Resource]) -> list[Resource]:
    """The records, each after what it can't be without; otherwise as they stand."""
    found: dict[str, Resource] = {r.urn: r for r in records if not r.delete}
    found |= {f"{r.urn}::{r.id}": r for r in records if urns.is_provider(r.type)}
    placed: dict[int, Resource] = {}

    def place(r: Resource, above: frozenset[int]) -> None:
        if id(r) in placed or id(r) in above:
            return
        for name in sorted({*needs(r), *r.replace_with, r.provider} & found.keys()):
            place(found[name], above | {id(r)})
        placed[id(r)] = r

    for r in records:
        place(r, frozenset())
    return list(placed.values())


def deletion_rounds(condemned: list[Resource]) -> list[list[Resource]]:
    """Rounds to delete in: what depends on something goes in an earlier round than that.

    As Pulumi does it: layers are counted from what depends on nothing condemned, and taken from the far end.
    """
    by_urn: dict[str, list[Resource]] = {}
    for r in condemned:
        by_urn.setdefault(r.urn, []).append(r)
    depth: dict[str, int] = {}

    def layer(urn: str, above: frozenset[str]) -> int:
        if urn not in depth:
            below = {u for r in by_urn[urn] for u in needs(r) if u in by_urn and u != urn and u not in above}
            depth[urn] = max((layer(u, above | {urn}) + 1 for u in below), default=0)
        return depth[urn]

    rounds: dict[int, list[Resource]] = {}
    for r in condemned:
        rounds.setdefault(layer(r.urn, frozenset()), []).append(r)
    return [rounds[n] for n in sorted(rounds, reverse=True)]


def without_gone(records: list[Resource], gone: Mapping[str, str]) -> list[Resource]:
    """The records with every mention of what is gone taken out; properties left without any are left out too.

    ``gone`` has the parents of what is gone, by URN: they are its children's parents from now on.
    """

    def keep(names: list[str]) -> list[str]:
        return [n for n in names if n not in gone]

    for r in records:
        while r.parent in gone:
            r.parent = gone[r.parent]
        r.dependencies = keep(r.dependencies)
        r.replace_with = keep(r.replace_with)
        r.property_dependencies = {k: keep(v) for k, v in r.property_dependencies.items() if keep(v)}
        r.deleted_with = "" if r.deleted_with in gone else r.deleted_with
    return records
