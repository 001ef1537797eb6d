"""What must be so of a state at any moment: Pulumi's own rules for a snapshot; and the order of deletes."""

from __future__ import annotations

from engine.state import urns
from engine.state.records import Resource, Snapshot


def verify(snapshot: Snapshot) -> None:
    """Each URN once, but for old copies; whatever a record speaks of is there and stands before it."""
    before: set[str] = set()
    live: set[str] = set()
    providers: set[str] = set()
    for r in snapshot.resources:
        assert r.delete or r.urn not in live, f"{r.urn} is there twice"
        spoken = {r.parent, r.deleted_with, *r.dependencies, *r.replace_with}
        for names in r.property_dependencies.values():
            spoken.update(names)
        missing = spoken - before - {""}
        assert not missing, f"{r.urn} needs {missing}, which is not there or comes after it"
        if r.provider:
            assert r.provider in providers, (
                f"{r.urn} is on {r.provider}, which is not there or comes after it"
            )
        if r.custom and not urns.is_provider(r.type):
            assert r.id, f"{r.urn} has no id"
            assert r.provider, f"{r.urn} has no provider"
        if urns.is_provider(r.type):
            providers.add(f"{r.urn}::{r.id}")
        before.add(r.urn)
        if not r.delete:
            live.add(r.urn)


def in_turn(gone: list[Resource], order: list[str]) -> None:
    """What needs another was deleted before it."""
    for r in gone:
        for other in gone:
            if other.urn in {r.parent, *r.dependencies}:
                assert order.index(r.id) < order.index(other.id), f"{other.urn} went before {r.urn}"
