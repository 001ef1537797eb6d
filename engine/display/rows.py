"""What a progress display knows: a row for each resource that has something to say.

The rules of what is shown, and when, are the Pulumi CLI's (recordings 04, 07, 12, 13, 16).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from engine.display import differences, words
from engine.display.display import Run
from engine.events import (
    Diagnostic,
    Event,
    Op,
    OutputsRegistered,
    Step,
    StepDone,
    StepFailed,
    StepStarted,
)
from engine.run import impacts
from engine.state import urns

PREFIXES = {"error": "error: ", "warning": "warning: "}
# What a preview says of steps in the end, where that is not what it says before.
FOUND: dict[Op, str] = {"create-replacement": "replace", "delete-replaced": "replace", "refresh": "refresh"}


def message(diagnostic: Diagnostic) -> str:
    """The whole text of a message, with the word that says how bad it is."""
    return PREFIXES.get(diagnostic.severity, "") + diagnostic.message


@dataclass
class Row:
    """One resource.  ``step`` is None until there is one; times are monotonic seconds."""

    urn: str
    type: str
    name: str
    hidden: bool = True
    step: Step | None = None
    started: float | None = None
    ended: float | None = None
    failed: bool = False
    done: dict[Op, Step] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    last: Diagnostic | None = None
    impacts: list[impacts.Impact] = field(default_factory=list)
    unfinished: bool = False  # its step was begun, and not only to be shown, and did not come to its end

    @property
    def op(self) -> Op:
        return self.step.op if self.step else "same"

    @property
    def custom(self) -> bool:
        resource = self.step and (self.step.new or self.step.old)
        return bool(resource and resource.custom)

    def count(self, *severities: str) -> int:
        return sum(d.severity in severities for d in self.diagnostics)


class Board:
    """All rows of one run, in the order in which they came."""

    def __init__(self, run: Run, show_sames: bool) -> None:
        self.kind, self.preview, self.stack_urn = run.kind, run.preview, run.stack_urn
        self._show_sames = show_sames
        self.rows: dict[str, Row] = {}
        self.finished = self.terminated = False

    def take(self, event: Event) -> Row | None:
        """Note an event; the row that a plain display prints for it, if any."""
        match event:
            case StepStarted(step) | StepDone(step) if step.op == "read":
                # A `.get()` is no operation on anything: it passes by as a message of the stack's.
                text = f"read {words.short_type(step.type)} {urns.name_of(step.urn)}"
                return self._note(Diagnostic("info", text, self.stack_urn, ephemeral=True))
            case StepStarted(step):
                return self._begin(step)
            case StepDone(step) | OutputsRegistered(step=step):
                return self._end(step)
            case StepFailed(step):
                if self.preview:  # the message says it
                    return None
                row = self._row(step.urn)
                row.failed = row.unfinished = True
                return row
            case Diagnostic() if event.severity != "debug":
                return self._note(event)
        return None

    def finish(self, terminated: bool = False) -> list[Row]:
        """The run is over: the rows that are not done yet, which are printed once more."""
        open_rows = [row for row in self.rows.values() if not row.hidden and not self.is_done(row)]
        if self.preview:  # what a component comes to is no news in a preview
            open_rows = [r for r in open_rows if r.step is None or r.custom or r.urn == self.stack_urn]
        self.finished, self.terminated = True, terminated
        if terminated:
            for row in self.rows.values():
                row.unfinished |= row.custom and row.op not in ("same", *row.done)
        return open_rows

    def is_done(self, row: Row) -> bool:
        if row.failed or self.finished:
            return True
        return row.urn != self.stack_urn and row.op in row.done

    def _begin(self, step: Step) -> Row | None:
        row = self._row(step.urn, deleting=step.op == "delete")
        row.step, row.started, row.ended = step, time.monotonic(), None
        if step.op != "same" or self._show_sames:
            row.hidden = False
        return None if row.hidden else row

    def _end(self, step: Step) -> Row | None:
        row = self._row(step.urn)
        refreshed = row.op == "refresh"
        row.step, row.ended = step, time.monotonic()
        row.done[step.op] = step
        if row.urn == self.stack_urn and (self.preview or self.kind not in ("import", "destroy")):
            row.hidden = False
        telling = refreshed or (row.custom and step.op != "same" and (row.impacts or not self.preview))
        return row if telling and not row.hidden else None

    def _note(self, diagnostic: Diagnostic) -> Row | None:
        row = self._row(diagnostic.urn or self.stack_urn, only_told=True)
        row.hidden = False
        impact = impacts.told(diagnostic)
        if impact is not None:  # part of the row's own words, which come when its step has ended
            row.impacts.append(impact)
            return None
        row.last = diagnostic
        if not diagnostic.ephemeral:
            row.diagnostics.append(diagnostic)
        return row

    def _row(self, urn: str, *, only_told: bool = False, deleting: bool = False) -> Row:
        """The row of a resource.  The stack's stands under the empty key until the stack itself has come."""
        is_stack = urn == self.stack_urn
        if is_stack and urn not in self.rows:
            unclaimed = self.rows.get("")
            if only_told:
                return unclaimed or self._add("", urn)
            if unclaimed is not None and not deleting:
                self.rows = {urn if key == "" else key: row for key, row in self.rows.items()}
                unclaimed.urn = urn
        if urn not in self.rows:
            if not is_stack and self.stack_urn not in self.rows and "" not in self.rows:
                self._add("", self.stack_urn).hidden = False
            self._add(urn, urn)
        return self.rows[urn]

    def _add(self, key: str, urn: str) -> Row:
        row = Row(urn if key else "", urns.type_of(urn), urns.name_of(urn))
        self.rows[key] = row
        return row

    def status(self, row: Row) -> str:
        """What the row's resource is doing, or what became of it."""
        return self._status(row) + (words.retain(row.step) if row.step else "")

    def _status(self, row: Row) -> str:
        op = row.op
        if not self.is_done(row):
            if row.step is not None and row.urn == self.stack_urn and op == "same":
                return "running"
            if self.preview:
                return words.LOOKS[op].planned
            if op == "same" or row.started is None:
                return words.LOOKS[op].running
            return f"{words.LOOKS[op].running} ({int(time.monotonic() - row.started)}s)"
        if self.preview:
            return FOUND.get(op, words.LOOKS[op].planned)
        if row.failed or row.count("error"):
            return f"**{self._took(words.LOOKS[op].failed, row, op)}**"
        if self.terminated and row.custom and op != "same" and op not in row.done:
            return f"{words.LOOKS[op].running} (interrupted)"
        return self._took(words.LOOKS[op].done, row, op)

    def _took(self, word: str, row: Row, op: Op) -> str:
        if op == "same" or row.started is None or row.ended is None:
            return word
        return f"{word} ({words.took(row.ended - row.started)})"

    def info(self, row: Row) -> str:
        """The changed properties, and the last message (at the end, how many there were); one line."""
        parts = [f"[diff: {changed}]"] if (changed := self._changed(row)) else []
        parts += [impacts.brief(row.impacts)] if row.impacts and not row.unfinished else []
        if self.finished:
            counts = ((row.count("error"), "error"), (row.count("warning"), "warning"))
            parts += [words.plural(n, word) for n, word in counts if n]
            told = row.count("info", "info#err")
            parts += [words.plural(told, "message")] if told else []
        elif row.last is not None and (text := message(row.last).strip()):
            parts.append(text)
        return "; ".join(parts).partition("\n")[0]

    def _changed(self, row: Row) -> str:
        step = row.step
        if row.op in ("create-replacement", "delete-replaced"):
            step = row.done.get("replace", step)
        if step is None or step.op == "same":
            return ""
        return changed_names(step, outputs=self.kind == "refresh" or step.op == "refresh")


def _same(step: Step) -> bool:
    """Whether it plainly changes nothing, as nearly every step of a refresh."""
    old, new = step.old, step.new
    if old is None or new is None or step.detailed_diff:
        return False
    return (old.inputs, old.outputs, old.protect) == (new.inputs, new.outputs, new.protect)


def changed_names(step: Step, *, outputs: bool) -> str:
    """``~memory,networkInterfaces``: the names of what a step changes, by kind of change."""
    if _same(step):
        return ""
    parts = differences.of_step(step, outputs=outputs)
    if parts is None or step.old is None or step.new is None:
        return ""
    groups = {"+": set(parts.adds), "-": set(parts.deletes), "~": set(parts.updates)}
    if step.diffs:
        groups = {symbol: keys & set(step.diffs) or keys for symbol, keys in groups.items()}
    if step.old.protect != step.new.protect:
        groups["~"] |= {"protect"}
    return ",".join(s + ",".join(sorted(map(str, keys))) for s, keys in groups.items() if keys)
