"""What changes do to what is running, as providers tell it: an Info message ``impact <words>: <property>: <text>``.

Which impacts there are is the provider's affair.  Those in `GENTLE` stop nothing; any other is named with the
resources that it meets.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from engine.events import Diagnostic
from engine.state import urns

GENTLE: Final = {"live": "live", "next boot": "at next boot"}  # how the summary says them
PARTLY: Final = "done in part at most, as it failed"
_MESSAGE: Final = re.compile(r"impact ([a-z]+(?: [a-z]+)*): (?:([\w.\[\]]+): )?(.+)", re.S)


@dataclass(frozen=True)
class Impact:
    """One change: what it does (``kind``), to which property (may be empty), and the provider's words for it."""

    urn: str
    kind: str
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.path}: {self.text}" if self.path else f"{self.kind}: {self.text}"


def told(diagnostic: Diagnostic) -> Impact | None:
    """The impact that a message tells of; None for any other message."""
    found = _MESSAGE.fullmatch(diagnostic.message.strip()) if diagnostic.severity == "info" else None
    return Impact(diagnostic.urn, found[1], found[2] or "", found[3]) if found else None


def counts(impacts: Iterable[Impact]) -> dict[str, int]:
    """How many changes of each kind, the gentle ones first; of the others, how many resources they meet."""
    known = list(impacts)
    met = list(dict.fromkeys((i.kind, i.urn) for i in known if i.kind not in GENTLE))
    kinds = [impact.kind for impact in known if impact.kind in GENTLE] + [kind for kind, _ in met]
    order = [*GENTLE, *sorted(set(kinds) - set(GENTLE))]
    return {kind: kinds.count(kind) for kind in order if kind in kinds}


def brief(impacts: Iterable[Impact]) -> str:
    """``2 live, 1 at next boot``; empty when there are none."""
    return ", ".join(f"{count} {GENTLE.get(kind, kind)}" for kind, count in counts(impacts).items())


def summary(
    impacts: Iterable[Impact],
    failed: bool = False,
    deleted: Collection[str] = (),
    unfinished: Collection[str] = (),
) -> str:
    """The line of the summary; empty when no impact was told.  ``deleted``: the URNs of what the run deletes.

    ``3 live, 1 at next boot; nothing restarts``, or ``1 restart: Acilamwen (allowed); 1 data loss: disk (deleted)``:
    what is not gentle gets here only by the operator's word, unless the run has ``failed``.  ``unfinished``: the URNs
    of what a run began and did not end, of which nobody knows how much of it was done.
    """
    told = list(impacts)
    if not told:
        return ""
    known, partly = ([i for i in told if (i.urn in unfinished) == part] for part in (False, True))
    gentle = brief(i for i in known if i.kind in GENTLE)
    stay, go = ([i for i in known if (i.urn in deleted) == goes] for goes in (False, True))
    harsh = [*_harsh(stay, "" if failed else " (allowed)"), *_harsh(go, "" if failed else " (deleted)")]
    begun = [text for text in (brief(i for i in partly if i.kind in GENTLE), *_harsh(partly, "")) if text]
    if not harsh and all(i.kind in GENTLE for i in partly):
        harsh = ["nothing restarts"]
    return "; ".join([gentle] * bool(gentle) + harsh + ([f"{PARTLY}: {', '.join(begun)}"] if begun else []))


def _harsh(impacts: Collection[Impact], why: str) -> list[str]:
    """A phrase for each kind that is not gentle: how many resources it meets, and which."""
    return [
        f"{count} {kind}: {_names(impacts, kind)}{why}"
        for kind, count in counts(impacts).items()
        if kind not in GENTLE
    ]


def _names(impacts: Iterable[Impact], kind: str) -> str:
    names = (urns.name_of(impact.urn) for impact in impacts if impact.kind == kind)
    return ", ".join(dict.fromkeys(names))
