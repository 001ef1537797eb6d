"""What part of a stack a run is about, by what its command line names (`engine.scope`).  Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from engine.run import graph
from engine.scope import Scope, matches
from engine.state import urns
from engine.state.records import Resource


class Aim:
    """Follows a program and tells what of it the run is about."""

    def __init__(self, scope: Scope):
        self._scope = scope
        self.reached: set[str] = set()  # targets, and what depends on them
        self._left: set[str] = set()  # excluded, and what depends on that
        self.skipped: set[str] = set()  # not there yet, and not to be made by this run

    def takes(self, r: Resource) -> bool:
        """Whether the run changes this resource.  The stack and providers, which are no objects, always go along."""
        scope = self._scope
        if not urns.is_object(r.type):
            return True
        above = graph.needs(r)
        if matches(scope.excludes, r.urn) or (scope.exclude_dependents and above & self._left):
            self._left.add(r.urn)
            return False
        if matches(scope.targets, r.urn) or (scope.target_dependents and above & self.reached):
            self.reached.add(r.urn)
            return True
        return not scope.targets

    def lacks(self, r: Resource) -> str:
        """Something that the resource needs and that this run doesn't make; empty when all is there."""
        wanted = [r.parent, urns.provider_of(r.provider), *sorted(graph.needs(r))]
        return next((urn for urn in wanted if urn in self.skipped), "")


def of_state(scope: Scope, records: Iterable[Resource]) -> list[Resource]:
    """The records of a state, dependencies first, that a run without a program is about."""
    aim = Aim(scope)
    taken = [r for r in records if aim.takes(r)]
    return [r for r in taken if not scope.targets or r.urn in aim.reached]


def deletes(
    scope: Scope,
    remaining: list[Resource],
    everything: list[Resource],
    replaced: Collection[int] = (),
    reached: Collection[str] = (),
) -> tuple[list[Resource], list[Resource]]:
    """Which of the records that a run has left over are to be deleted; and what would have to go too, unnamed.

    ``everything`` is the state, dependencies first; ``replaced`` has the identities of what this run replaced;
    ``reached`` are the URNs that it was about.  The old copy of something that the rest of the stack still uses stays.
    """
    if not scope.narrows:
        return remaining, []
    live = {r.urn for r in remaining if not r.delete}
    everything = [r for r in everything if not r.delete]
    blocked: list[Resource] = []
    if scope.targets:
        going = {urn for urn in live if matches(scope.targets, urn)}
        more = {r.urn for r in graph.dependents(going, everything, children=True)}
        allowed = live if scope.target_dependents else set()
        blocked = [r for r in everything if r.urn in more - allowed]
        going |= more
        others = [r for r in everything if r.urn not in going and r.urn not in reached]
        in_use = {urn for r in others for urn in graph.needs(r, parent=False)}
    else:
        in_use = _kept(scope, everything)
        going = live - in_use

    def goes(r: Resource) -> bool:
        if not r.delete:
            return r.urn in going
        meant = not scope.targets or id(r) in replaced or matches(scope.targets, r.urn)
        return meant and r.urn not in in_use

    return [r for r in remaining if goes(r)], blocked


def _kept(scope: Scope, records: list[Resource]) -> set[str]:
    """What is excluded, and all that it can't be without."""
    kept = {
        r.urn for r in records if matches(scope.excludes, r.urn) or (scope.exclude_protected and r.protect)
    }
    if scope.exclude_dependents:
        kept |= {r.urn for r in graph.dependents(kept, records, children=True)}
    for r in reversed(records):
        if r.urn in kept:
            kept |= graph.needs(r)
    return kept
