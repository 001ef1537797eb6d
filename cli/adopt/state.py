"""What the engine is to import: the file of `pulumi import --file`, without what the state has already.  Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cli.adopt import declared
from cli.adopt.declared import Declared, Key
from cli.adopt.match import Matches
from components.resources import PROVIDER_VERSION
from config.plan import Plan
from engine.state import urns

Place = str  # a URN without stack and project: the types from the top down, and the name


@dataclass(frozen=True)
class Known:
    """Resources in the state: their URNs, and the IDs of those that have one.  ``objects``: who has a type and ID."""

    urns: Mapping[Place, str]
    ids: Mapping[Place, str]
    objects: Mapping[tuple[str, str], tuple[Place, ...]]


@dataclass(frozen=True)
class Move:
    """An object that the state has under another URN than the program's: ``former`` becomes ``place``, below
    ``parent``."""

    former: Place
    place: Place
    parent: Place
    what: str


@dataclass(frozen=True)
class Import:
    """``text`` is the file; ``taken`` what is in it, ``had`` what the state has already, ``moves`` what it has
    elsewhere; ``why`` is in the way, ``stale``: of it, objects that the state has in the place of others."""

    text: str
    taken: tuple[str, ...]
    had: tuple[str, ...]
    moves: tuple[Move, ...]
    why: tuple[str, ...]
    stale: bool = False


def known(exported: Mapping[str, Any]) -> Known:
    """From what `stack export` prints."""
    records = (exported.get("deployment") or {}).get("resources") or []
    live = {r["urn"].split("::", 2)[2]: r for r in records if not r.get("delete")}
    ids = {place: r["id"] for place, r in live.items() if r.get("id")}
    objects: dict[tuple[str, str], tuple[Place, ...]] = {}
    for place, id in ids.items():
        key = (urns.type_of(live[place]["urn"]), id.lower())
        objects[key] = (*objects.get(key, ()), place)
    return Known({place: r["urn"] for place, r in live.items()}, ids, objects)


def place_of(key: Key, parent: Key | None = None) -> Place:
    """Where the program has a resource; every component stands right below the stack."""
    return f"{parent[0]}${key[0]}::{key[1]}" if parent else f"{key[0]}::{key[1]}"


def to_import(plan: Plan, found: Matches, state: Known) -> Import:
    had: list[str] = []
    new: list[Declared] = []
    moves: list[Move] = []
    why: list[str] = []
    for d in declared.resources(plan, found.ids):
        if d.key not in found.ids:
            continue
        id, place = found.ids[d.key], place_of(d.key, d.parent)
        known = state.ids.get(place)
        elsewhere = [other for other in state.objects.get((d.key[0], id.lower()), ()) if other != place]
        had += [d.what] if known is not None else []
        # The state has another object in its place; a float may have moved since, and is told by its MAC.
        if known is not None and known.lower() != id.lower() and d.key[0] != declared.INTERFACE:
            why.append(f"{d.what}: the state has {known} in its place, and on the host it is {id}")
        elif elsewhere:
            moves += [Move(former, place, place_of(d.parent), d.what) for former in elsewhere]
        elif known is None:
            new.append(d)
    document = {
        "nameTable": _table(new, state),
        "resources": [*_components(new, state), *_objects(new, found)],
    }
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return Import(text, tuple(d.what for d in new), tuple(had), tuple(moves), (*found.why, *why), bool(why))


def _table(new: Iterable[Declared], state: Known) -> dict[str, str]:
    places = {_name(d.parent): place_of(d.parent) for d in new}
    return {name: state.urns[place] for name, place in places.items() if place in state.urns}


def _components(new: Iterable[Declared], state: Known) -> list[dict[str, Any]]:
    wanted = dict.fromkeys(d.parent for d in new if place_of(d.parent) not in state.urns)
    return [
        {"type": token, "name": _name((token, name)), "logicalName": name, "component": True}
        for token, name in wanted
    ]


def _objects(new: Iterable[Declared], found: Matches) -> list[dict[str, Any]]:
    return [
        {
            "type": d.key[0],
            "name": _name(d.key),
            "logicalName": d.key[1],
            "id": found.ids[d.key],
            "parent": _name(d.parent),
            "version": PROVIDER_VERSION,
        }
        for d in new
    ]


def _name(key: Key) -> str:
    """A name that is the file's own: several resources of a VM are called as it is."""
    return f"{key[0].rpartition(':')[2]} {key[1]}"
