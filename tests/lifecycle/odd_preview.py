"""What a preview of the embedded engine says of each declared object of an odd host."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from engine.state import urns
from tests.lifecycle.whole_host import NEW, Place, Whole

WORDS: Final = ("preview", "--json", "--show-sames")
FAILED: Final = "error: preview failed\n"


@dataclass(frozen=True)
class Judged:
    """What is to be done with an object, and the properties in which it differs."""

    op: str
    differs: frozenset[str]


@dataclass(frozen=True)
class Previewed:
    """By object, in an operator's words: the judgement, the errors of what could not be judged, and all else that is
    said of it."""

    judged: dict[str, Judged]
    refused: dict[str, str]
    said: dict[str, str]
    code: int


def previewed(whole: Whole, place: Place, edited: bool) -> Previewed:
    """``edited``: with one more VM declared."""
    done = whole.typed(place.conn, WORDS, edited)
    document = json.loads(done.text)
    what = {record.urn: record.what for record in place.records.values()}
    steps = [step for step in document["steps"] if "provider" in step and step["op"] != "refresh"]
    lines: dict[str, dict[str, str]] = {"error": {}, "info": {}, "": {}}
    for told in document.get("diagnostics", []):
        of = lines[told["severity"] if "urn" in told else ""]
        name = _what(what, told["urn"]) if "urn" in told else told["message"]
        of[name] = of.get(name, "") + told["message"]
    assert list(lines[""]) == [FAILED] * bool(lines["error"]), done.text
    judged = {_what(what, step["urn"]): _judged(step) for step in steps}
    return Previewed(judged, lines["error"], lines["info"], done.code)


def _what(known: dict[str, str], urn: str) -> str:
    assert urn in known or urns.name_of(urn) == NEW, urn
    return known.get(urn, f"new {urns.type_of(urn)}")


def _judged(step: dict[str, Any]) -> Judged:
    return Judged(step["op"], frozenset(step["detailedDiff"] or {}))
