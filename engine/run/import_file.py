"""What a preview would create, as a file that `import` takes: ids are placeholders, to be filled in or taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, count

from engine.events import Event, StepDone, StepStarted
from engine.run.imports import PLACEHOLDER
from engine.state import urns
from engine.state.checkpoint import Json
from engine.state.records import Resource


def build(events: Iterable[Event], version_of: Callable[[str], str]) -> Json:
    """The document.  ``version_of`` gives the version of a package's SDK, which default providers are named by."""
    names: dict[str, str] = {}
    created: list[Resource] = []
    for event in events:
        if not isinstance(event, (StepStarted, StepDone)) or event.step.urn in names:
            continue
        step = event.step
        names[step.urn] = unique(urns.name_of(step.urn), step.type, set(names.values()))
        if step.op == "create" and step.new is not None and urns.is_object(step.type):
            created.append(step.new)
    made = {r.urn for r in created}
    table = {names[u]: u for r in created for u in _named(r) if u in names and u not in made}
    document: Json = {"nameTable": dict(sorted(table.items()))} if table else {}
    return document | {"resources": [_entry(r, names, version_of) for r in created]}


def unique(name: str, type_: str, taken: set[str]) -> str:
    """``vm0``, else ``vm0Domain``, else ``vm0Domain2``, …"""
    kind = type_.split(":")[-1]
    longer = name + kind[:1].upper() + kind[1:]
    candidates = chain((name, longer), (f"{longer}{number}" for number in count(2)))
    return next(candidate for candidate in candidates if candidate not in taken)


def _named(r: Resource) -> list[str]:
    """The URNs that an entry speaks of by name."""
    provider = urns.provider_of(r.provider)
    found = [r.parent] if r.parent and urns.type_of(r.parent) != urns.STACK_TYPE else []
    return found + ([provider] if provider and not urns.is_default_provider(provider) else [])


def _entry(r: Resource, names: dict[str, str], version_of: Callable[[str], str]) -> Json:
    version, provider = version_of(urns.package_of(r.type)), urns.provider_of(r.provider)
    by_default = provider and urns.name_of(provider) == urns.default_provider_name(version)
    entry: Json = {
        "type": r.type,
        "name": names[r.urn],
        "id": PLACEHOLDER if r.custom else "",
        **{"parent" if urn == r.parent else "provider": names.get(urn, urn) for urn in _named(r)},
        "version": version if by_default else "",
        "component": not r.custom,
        "logicalName": urns.name_of(r.urn) if names[r.urn] != urns.name_of(r.urn) else "",
    }
    return {key: value for key, value in entry.items() if value}
