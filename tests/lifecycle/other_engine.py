"""A state as the Pulumi CLI writes it, made of one of ours: what the recordings of the CLI have that ours don't."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from random import Random
from typing import Any

from engine.run import graph
from engine.state.checkpoint import FIELDS
from engine.state.records import Resource
from engine.state.values import SECRET_SIGNATURE, SIGNATURE

VERSION = "v3.260.0"
Seal = Callable[[str], str]


def as_the_cli_writes(disk: bytes, random: Random, seal: Seal = str.swapcase) -> bytes:
    """The same state, or an export of it, from the other engine.

    Its version and magic, its order (as steps happened to end: what a record speaks of before it, an old copy after
    what replaces it), where its program stood, its ciphertexts (``seal`` makes them of ours), its null for an empty
    list, a field unknown here.
    """
    document = json.loads(disk)
    latest = document["deployment"] if "deployment" in document else document["checkpoint"]["latest"]
    latest["manifest"] |= {"version": VERSION, "magic": hashlib.sha256(VERSION.encode()).hexdigest()}
    latest["resources"] = _another_order(latest.get("resources", []), random)
    for line, record in enumerate([*latest["resources"], *_pending(latest)]):
        place = f"project:///__main__.py#{line + random.randrange(100)}"
        record |= {"sourcePosition": place, "stackTrace": [{"sourcePosition": place}], "viewOf": ""}
        for key, names in record.get("propertyDependencies", {}).items():
            record["propertyDependencies"][key] = names or None
        _seal_again(record.get("inputs", {}), seal)
        _seal_again(record.get("outputs", {}), seal)
    return json.dumps(document, separators=(",", ":")).encode()


def _pending(latest: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation["resource"] for operation in latest.get("pending_operations", [])]


def _another_order(records: list[dict[str, Any]], random: Random) -> list[dict[str, Any]]:
    left, ordered = list(records), []
    while left:
        live = {r["urn"] for r in left if not r.get("delete")}
        copies = {r["urn"] for r in left} - live
        ready = [r for r in left if not _mentions(r) & live and (not r.get("delete") or r["urn"] not in live)]
        ready = [r for r in ready if not _mentions(r) & copies - {r["urn"]}] or ready
        ordered.append(random.choice(ready))
        left = [r for r in left if r is not ordered[-1]]
    return ordered


def _mentions(record: dict[str, Any]) -> set[str]:
    known = {attribute: record[key] for key, attribute in FIELDS if record.get(key) is not None}
    known["property_dependencies"] = {k: v or [] for k, v in known.get("property_dependencies", {}).items()}
    r = Resource(**known)
    return (graph.needs(r) | set(r.replace_with)) - {r.urn}


def _seal_again(value: Any, seal: Seal) -> None:
    """Ciphertexts that are others, and open to the same."""
    if isinstance(value, list):
        for each in value:
            _seal_again(each, seal)
    elif isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET_SIGNATURE:
            value["ciphertext"] = seal(value["ciphertext"])
        for each in value.values():
            _seal_again(each, seal)
