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


@dataclass(frozen=True)
class Known:
    """Resources in the state: their URNs, and the IDs of those that have one."""

    urns: Mapping[Key, str]
    ids: Mapping[Key, str]


@dataclass(frozen=True)
class Import:
    """``text`` is the file; ``taken`` what is in it, ``had`` what the state has already; ``why`` is in the way."""

    text: str
    taken: tuple[str, ...]
    had: tuple[str, ...]
    why: tuple[str, ...]


def known(exported: Mapping[str, Any]) -> Known:
    """From what `stack export` prints."""
    records = (exported.get("deployment") or {}).get("resources") or []
    urns = {_key(r["urn"]): r["urn"] for r in records if not r.get("delete")}
    return Known(urns, {_key(r["urn"]): r["id"] for r in records if r.get("id") and not r.get("delete")})


def to_import(plan: Plan, found: Matches, state: Known) -> Import:
    there = [d for d in declared.resources(plan, found.ids) if d.key in found.ids]
    new = [d for d in there if d.key not in state.ids]
    had = [d for d in there if d.key in state.ids]
    why = [
        f"{d.what}: the state has {state.ids[d.key]} in its place, and on the host it is {found.ids[d.key]}"
        for d in had
        if state.ids[d.key].lower() != found.ids[d.key].lower() and d.key[0] != declared.INTERFACE
    ]
    document = {
        "nameTable": _table(new, state),
        "resources": [*_components(new, state), *_objects(new, found)],
    }
    return Import(
        json.dumps(document, indent=2, ensure_ascii=False) + "\n",
        tuple(d.what for d in new),
        tuple(d.what for d in had),
        (*found.why, *why),
    )


def _table(new: Iterable[Declared], state: Known) -> dict[str, str]:
    return {_name(d.parent): state.urns[d.parent] for d in new if d.parent in state.urns}


def _components(new: Iterable[Declared], state: Known) -> list[dict[str, Any]]:
    wanted = dict.fromkeys(d.parent for d in new if d.parent not in state.urns)
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


def _key(urn: str) -> Key:
    types, _, name = urn.split("::", 2)[2].partition("::")
    return types.rpartition("$")[2], name
