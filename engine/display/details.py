"""The --diff display: each step with its properties, as the run comes to it."""

from __future__ import annotations

from engine.display import differences, summary, words
from engine.display.display import Display, Wishes
from engine.display.progress import Outputs
from engine.display.properties import Line, Printer, lead
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
from engine.run import impacts
from engine.state import urns
from engine.state.values import Props


def is_told(step: Step, wishes: Wishes) -> bool:
    """Whether a step is told at all: what stays the same and the inner steps of a replacement are, when asked for."""
    if urns.is_default_provider(step.urn):
        return False
    if step.op == "same":
        changed = step.old is not None and step.new is not None and step.old.protect != step.new.protect
        return changed or wishes.show_sames
    return wishes.show_replacement_steps or step.op not in ("create-replacement", "delete-replaced")


class Details(Display):
    """The display of one run, property by property.  Messages go to standard error."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._printer = Printer(self._wishes.show_secrets)
        self._shown: dict[str, bool] = {}
        self._parents: dict[str, str] = {}
        self._refreshing: set[str] = set()
        self._impacts: list[impacts.Impact] = []
        self._early: dict[str, list[impacts.Impact]] = {}  # told before the step has begun, as of a delete
        self._deleted: set[str] = set()
        self._unfinished: set[str] = set()
        self._outputs = Outputs(self._run, self._printer, self._wishes.show_sames)

    def take(self, event: Event) -> None:
        self._outputs.take(event)
        match event:
            case PreludeEvent(config) if self._wishes.show_config:
                self._print(
                    [Line("Configuration:"), *(Line(f"    {k}: {v}") for k, v in sorted(config.items()))]
                )
            case StepStarted(step):
                self._begin_step(step)
            case StepDone(step):
                self._end_step(step)
            case StepFailed(step) if not self._run.preview:
                self._unfinished.add(step.urn)
            case OutputsRegistered(step=step) if not self._is_stack(step):
                if step.op != "same" and not self._run.preview:
                    self._tell_outputs(step)
            case Diagnostic() if not event.ephemeral and event.severity != "debug":
                self._message(event)
            case SummaryEvent():
                self._summary = event

    def end(self, terminated: bool = False) -> None:
        if self._summary is None:
            return
        if self._run.kind == "update":
            self._print_outputs(self._outputs.lines(self._summary.failed), 1)
        impact = impacts.summary(self._impacts, self._summary.failed, self._deleted, self._unfinished)
        lines = summary.resources(self._summary, impact, with_errors=False)
        if not self._run.preview:
            lines += [Line(""), Line(f"Duration: {words.duration(self._summary.seconds)}")]
        self._print(lines)

    def _message(self, event: Diagnostic) -> None:
        impact = impacts.told(event)
        if impact is None:
            self._console.error(message(event))
            return
        self._impacts.append(impact)
        if event.urn in self._shown:
            self._impact(impact)
        else:
            self._early.setdefault(event.urn, []).append(impact)

    def _impact(self, impact: impacts.Impact) -> None:
        indent = self._levels(self._parents.get(impact.urn, "")) + 1
        self._print([Line(f"{lead(indent)}[impact on {urns.name_of(impact.urn)}] {impact}")])

    def _is_stack(self, step: Step) -> bool:
        return step.urn == self._run.stack_urn

    def _begin_step(self, step: Step) -> None:
        self._parents[step.urn] = step.parent
        self._refreshing.discard(step.urn)
        if step.op in ("refresh", "import"):
            self._shown[step.urn] = True
            if step.op == "refresh":
                self._refreshing.add(step.urn)
            return
        shown = self._shown[step.urn] = is_told(step, self._wishes) or self._is_stack(step)
        if shown:
            self._print(self._head(step) + self._properties(step))
        if step.op == "delete":
            self._deleted.add(step.urn)
        for impact in self._early.pop(step.urn, ()):
            self._impact(impact)
        if self._wishes.show_sames and self._is_stack(step) and step.op == "same" and step.old is not None:
            self._print_outputs(self._printer.object(step.old.outputs, 1), 1)

    def _end_step(self, step: Step) -> None:
        if step.urn in self._refreshing:
            self._refreshed(step)
        elif step.op == "import":
            self._print(self._head(step) + self._properties(step))
        elif step.op == "delete" and self._is_stack(step):
            old = step.old.outputs if step.old else {}
            self._print_outputs(summary.outputs(old, {}, preview=False, printer=self._printer), 1)
        elif (
            is_told(step, self._wishes) and step.op != "same" and (not self._run.preview or step.op == "read")
        ):
            self._tell_outputs(step)

    def _refreshed(self, step: Step) -> None:
        """What a refresh found: nothing is said of what is as it was, the stack aside."""
        indent = self._levels(step.parent)
        old = step.old.outputs if step.old else {}
        parts = differences.objects(old, step.new.outputs if step.new else {})
        if step.new is None:
            found = self._printer.difference(parts, indent + 1)
            self._print([*self._head(step), Line(lead(indent + 1) + "--outputs:--", step.op), *found])
        elif step.op == "update":
            self._print(self._head(step) + self._properties(step))
        else:
            changed = [k for k in parts.names() if k not in parts.sames and step.op == "refresh"]
            lines = self._printer.some(parts, changed, indent + 1)
            if lines or self._is_stack(step):
                self._print(self._head(step))
            self._print_outputs(lines, indent + 1)

    def _tell_outputs(self, step: Step) -> None:
        indent = self._levels(step.parent) + 1
        self._print_outputs(self._outputs_of(step, indent), indent)

    def _print_outputs(self, lines: list[Line], indent: int) -> None:
        if lines and not self._wishes.suppress_outputs:
            self._print([Line(lead(indent) + "--outputs:--"), *lines])

    def _levels(self, urn: str) -> int:
        """How many of a resource and its ancestors have been told."""
        level = 0
        while urn:
            level += self._shown.get(urn, False)
            urn = self._parents.get(urn, "")
        return level

    def _head(self, step: Step) -> list[Line]:
        indent = self._levels(step.parent)
        mark = words.retain(step) + ")" + words.lock(step.old, step.new)
        lines = [
            Line(f"{' ' * 4 * indent}{words.LOOKS[step.op].symbol}{step.type}: ({step.op}{mark}", step.op)
        ]
        known = step.old or (step.new if step.op == "import" else None)
        resource = step.new or step.old
        if known is not None and known.id:
            lines.append(Line(f"{lead(indent + 1)}[id={known.id}]"))
        lines.append(Line(f"{lead(indent + 1)}[urn={step.urn}]"))
        if resource is not None and resource.custom and resource.provider and not urns.is_provider(step.type):
            lines.append(Line(f"{lead(indent + 1)}[provider={resource.provider}]"))
        return lines

    def _properties(self, step: Step) -> list[Line]:
        indent = self._levels(step.parent) + 1
        resource = step.new or step.old
        if resource is None or step.op in ("same", "read"):
            return []
        parts = differences.of_step(step, outputs=step.urn in self._refreshing)
        if not parts:
            return self._printer.object(resource.inputs, indent)
        return self._printer.difference(parts, indent, None if step.detailed_diff is not None else step.diffs)

    def _outputs_of(self, step: Step, indent: int) -> list[Line]:
        """The outputs that say more than the inputs did; of an update, those that changed."""
        if step.new is None or (step.old is not None and step.old.init_errors):
            return []
        news, inputs = step.new.outputs, step.new.inputs
        if step.old is not None and step.old.outputs:
            parts = differences.objects(step.old.outputs, news)
            names = [k for k in parts.names() if k not in parts.sames and not _is_input(str(k), news, inputs)]
            return self._printer.some(parts, names, indent)
        return self._printer.object(news, indent, without={k for k in news if _is_input(k, news, inputs)})


def _is_input(key: str, outputs: Props, inputs: Props) -> bool:
    both = key in inputs and key in outputs
    return both and differences.values(inputs[key], outputs[key]) is None
