"""`up --json`: each event as a line of JSON, when it happens."""

from __future__ import annotations

import json
import math
import time
from typing import Any

from engine.display.console import Console
from engine.display.progress import Run, Wishes
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
from engine.state.records import Resource
from engine.state.values import SECRET_SIGNATURE, SIGNATURE, UNKNOWN, UNKNOWN_STRING, Secret, Value

Json = dict[str, Any]


class Stream:
    """Prints the engine's events as they come."""

    def __init__(self, console: Console, run: Run, wishes: Wishes) -> None:
        self._console, self._wishes = console, wishes
        self._sequence = 0

    def begin(self) -> None:
        """The first event says it."""

    def take(self, event: Event) -> None:
        match event:
            case PreludeEvent(config):
                self._print("preludeEvent", {"config": config})
            case StepStarted(step):
                self._print("resourcePreEvent", {"metadata": self._metadata(step)})
            case StepDone(step) | OutputsRegistered(step=step):
                self._print("resOutputsEvent", {"metadata": self._metadata(step)})
            case StepFailed(step):
                self._print("resOpFailedEvent", {"metadata": self._metadata(step), "status": 0, "steps": 0})
            case Diagnostic():
                self._print(
                    "diagnosticEvent",
                    {
                        "urn": event.urn,
                        "message": message(event) + "\n",
                        "color": "never",
                        "severity": event.severity,
                    },
                )
            case SummaryEvent():
                self._print("summaryEvent", _summary(event))

    def interrupt(self, text: str) -> None:
        self._console.error(text)

    def end(self, terminated: bool = False) -> None:
        self._print("cancelEvent", {})

    def _print(self, kind: str, payload: Json) -> None:
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
        document["detailedDiff"] = detailed and {
            path: {"kind": d.kind, "inputDiff": d.input_diff} for path, d in detailed.items()
        }
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
        inputs, outputs = self._plain(resource.inputs), self._plain(resource.outputs)
        return document | {"inputs": inputs, "outputs": outputs, "provider": resource.provider}

    def _plain(self, value: Value) -> Any:
        if isinstance(value, Secret):
            if self._wishes.show_secrets:
                return self._plain(value.value)
            return {SIGNATURE: SECRET_SIGNATURE, "ciphertext": "[secret]"}
        if isinstance(value, dict):
            return {k: self._plain(v) for k, v in sorted(value.items())}
        if isinstance(value, list):
            return [self._plain(v) for v in value]
        return UNKNOWN_STRING if value is UNKNOWN else value


def _summary(event: SummaryEvent) -> Json:
    return {
        "maybeCorrupt": False,
        "durationSeconds": math.ceil(event.seconds),
        "resourceChanges": {op: n for op, n in sorted(event.changes.items()) if n},
        "PolicyPacks": {},
        "isPreview": event.preview,
        "result": "failed" if event.failed else "succeeded",
    }
