"""`up --json`: each event as a line of JSON, when it happens."""

from __future__ import annotations

import json
import math
import time

from engine.display.display import JsonDisplay, diff_document
from engine.display.rows import message
from engine.events import (
    Diagnostic,
    Event,
    OutputsRegistered,
    PreludeEvent,
    Step,
    StepDone,
    StepFailed,
    StepStarted,
    SummaryEvent,
)
from engine.state.checkpoint import Json
from engine.state.records import Resource
from engine.state.values import SECRET_SIGNATURE, SIGNATURE, plain

HIDDEN = {SIGNATURE: SECRET_SIGNATURE, "ciphertext": "[secret]"}  # what stands for a secret


class Stream(JsonDisplay):
    """Prints the engine's events as they come."""

    _sequence = 0

    def take(self, event: Event) -> None:
        match event:
            case PreludeEvent(config):
                self._tell("preludeEvent", {"config": config})
            case StepStarted(step):
                self._tell("resourcePreEvent", {"metadata": self._metadata(step)})
            case StepDone(step) | OutputsRegistered(step=step):
                self._tell("resOutputsEvent", {"metadata": self._metadata(step)})
            case StepFailed(step):
                self._tell("resOpFailedEvent", {"metadata": self._metadata(step), "status": 0, "steps": 0})
            case Diagnostic():
                said = {"urn": event.urn, "message": message(event) + "\n", "color": "never"}
                self._tell("diagnosticEvent", said | {"severity": event.severity})
            case SummaryEvent():
                self._tell("summaryEvent", _summary(event))

    def end(self, terminated: bool = False) -> None:
        self._tell("cancelEvent", {})

    def _tell(self, kind: str, payload: Json) -> None:
        event = {"sequence": self._sequence, "timestamp": int(time.time()), kind: payload}
        self._sequence += 1
        self._console.print(json.dumps(event, ensure_ascii=False, separators=(",", ":")))

    def _metadata(self, step: Step) -> Json:
        detailed = step.detailed_diff
        document: Json = {
            "op": step.op,
            "urn": step.urn,
            "type": step.type,
            "old": self._state(step.old),
            "new": self._state(step.new),
        }
        if step.diffs:
            document["diffs"] = step.diffs
        document["detailedDiff"] = detailed and diff_document(detailed)
        return document | {"logical": True, "provider": step.provider}

    def _state(self, resource: Resource | None) -> Json | None:
        if resource is None:
            return None
        document: Json = {"type": resource.type, "urn": resource.urn}
        if resource.custom:
            document["custom"] = True
        document |= {"id": resource.id, "parent": resource.parent}
        if resource.protect:
            document["protect"] = True
        for key, props in (("inputs", resource.inputs), ("outputs", resource.outputs)):
            document[key] = plain(props, self._wishes.show_secrets, HIDDEN)
        return document | {"provider": resource.provider}


def _summary(event: SummaryEvent) -> Json:
    return {
        "maybeCorrupt": False,
        "durationSeconds": math.ceil(event.seconds),
        "resourceChanges": {op: n for op, n in sorted(event.changes.items()) if n},
        "PolicyPacks": {},
        "isPreview": event.preview,
        "result": "failed" if event.failed else "succeeded",
    }
