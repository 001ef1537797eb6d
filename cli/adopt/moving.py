"""Records of the state put where the program looks for them: what was imported under another parent or name.  Pure.

Each object keeps its record with all that is in it, and whatever spoken of it by its former URN speaks of it by the new
one.  Of an object that the state has twice, the record in the program's place stays.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from cli.adopt.state import Move
from engine.run import graph
from engine.state import checkpoint, urns
from engine.state.clock import timestamp
from engine.state.records import Resource

Json = dict[str, Any]
PROPERTIES = ("inputs", "outputs")


def moved(exported: Mapping[str, Any], moves: Iterable[Move]) -> Json:
    """What `stack import` is to be given, made of what `stack export` has printed."""
    document = copy.deepcopy(dict(exported))
    deployment: Json = document["deployment"]
    for move in moves:
        _move(deployment, move)
    deployment["resources"] = _in_order(deployment["resources"])
    return document


def _move(deployment: Json, move: Move) -> None:
    records: list[Json] = deployment["resources"]
    head = "::".join(records[0]["urn"].split("::", 2)[:2]) + "::"  # stack and project
    former, urn, parent = (head + place for place in (move.former, move.place, move.parent))
    live = {r["urn"] for r in records if not r.get("delete")}
    if urn in live:  # the object is there twice
        records[:] = [r for r in records if r["urn"] != former or r.get("delete")]
    if parent not in live:
        records.append(_component(parent, records))
    for record in checkpoint.records(deployment):
        fields = {k: urns.renamed(v, former, urn) for k, v in record.items() if k not in PROPERTIES}
        record.update(fields)
        if record["urn"] == urn:
            record["parent"] = parent


def _component(urn: str, records: Iterable[Json]) -> Json:
    """One as the program would register it, below the stack."""
    record = {"urn": urn, "custom": False, "type": urns.type_of(urn)}
    stack = [{"parent": r["urn"]} for r in records if r["type"] == urns.STACK_TYPE]
    now = timestamp()
    return record | (stack[0] if stack else {}) | {"created": now, "modified": now}


def _in_order(records: Iterable[Json]) -> list[Json]:
    """What a record needs stands before it, as both engines want it; the rest stays as it was."""
    pairs = [(_resource(record), record) for record in records]
    written = {id(resource): record for resource, record in pairs}
    return [written[id(resource)] for resource in graph.in_order([resource for resource, _ in pairs])]


def _resource(record: Json) -> Resource:
    known = {attribute: record[key] for key, attribute in checkpoint.FIELDS if record.get(key)}
    needed = known.get("property_dependencies", {})
    return Resource(**known | {"property_dependencies": {name: deps or [] for name, deps in needed.items()}})
