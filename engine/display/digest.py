"""`preview --json`: one document with all that was found, on standard output and nothing else there."""

from __future__ import annotations

import json

from engine.display.details import is_told
from engine.display.display import JsonDisplay, diff_document
from engine.display.rows import message
from engine.events import (
    Diagnostic,
    Event,
    PreludeEvent,
    Step,
    StepDone,
    StepStarted,
    SummaryEvent,
)
from engine.run import impacts
from engine.state.checkpoint import Json, record_of
from engine.state.records import Resource
from engine.state.values import plain


class Digest(JsonDisplay):
    """Gathers a preview, and prints it at the end."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._document: Json = {"config": {}, "steps": []}
        self._places: dict[str, int] = {}
        self._refreshing: set[str] = set()
        self._diagnostics: list[Json] = []
        self._impacts: list[impacts.Impact] = []

    def take(self, event: Event) -> None:
        match event:
            case PreludeEvent(config):
                self._document["config"] = dict(sorted(config.items()))
            case StepStarted(step) if is_told(step, self._wishes) or step.urn == self._run.stack_urn:
                if step.op == "refresh":
                    self._refreshing.add(step.urn)
                self._places[step.urn] = len(self._document["steps"])
                self._document["steps"].append(self._step(step))
            case StepDone(step) if self._tells_more(step):
                self._document["steps"][self._places[step.urn]] = self._step(step)
            case Diagnostic() if (impact := impacts.told(event)) is not None:
                self._impacts.append(impact)
            case Diagnostic() if not event.ephemeral and event.severity != "debug":
                self._diagnostics.append(self._diagnostic(event))
            case SummaryEvent():
                self._summary = event

    def end(self, terminated: bool = False) -> None:
        self._add_impacts()
        if self._diagnostics:
            self._document["diagnostics"] = self._diagnostics
        if self._summary is not None:
            self._document["duration"] = int(self._summary.seconds * 1e9)
            changes = self._summary.changes
            self._document["changeSummary"] = {op: n for op, n in sorted(changes.items()) if n}
        self._console.print(json.dumps(self._document, indent=4, ensure_ascii=False))

    def _add_impacts(self) -> None:
        """What each step does to what is running, on the step; and how much of each kind there is."""
        for impact in self._impacts:
            if impact.urn in self._places:
                step = self._document["steps"][self._places[impact.urn]]
                told = {"impact": impact.kind, "property": impact.path, "text": impact.text}
                step.setdefault("impacts", []).append(told)
        if self._impacts:
            self._document["impactSummary"] = impacts.counts(self._impacts)

    def _tells_more(self, step: Step) -> bool:
        """Whether the end of a step says what its beginning could not: what a read found."""
        found = step.urn in self._refreshing and step.op in ("update", "delete")
        return found or (step.op == "import" and step.urn in self._places)

    def _diagnostic(self, diagnostic: Diagnostic) -> Json:
        document = {"message": message(diagnostic) + "\n", "severity": diagnostic.severity}
        return document if diagnostic.urn in ("", self._run.stack_urn) else {"urn": diagnostic.urn} | document

    def _step(self, step: Step) -> Json:
        old, new, detailed = step.old, step.new, step.detailed_diff
        if old is not None and new is not None and step.op in ("same", "update") and not new.created:
            new = new.copy(created=old.created, modified=old.modified)
        document = {
            "op": step.op,
            "urn": step.urn,
            "provider": step.provider,
            "oldState": old and self._state(old),
            "newState": new and self._state(new),
            "diffReasons": step.diffs,
            "replaceReasons": step.replaces,
        }
        told = None if detailed is None else diff_document(dict(sorted(detailed.items())))
        return {key: value for key, value in document.items() if value} | {"detailedDiff": told}

    def _state(self, resource: Resource) -> Json:
        return record_of(resource, lambda value, _part: plain(value, self._wishes.show_secrets))
