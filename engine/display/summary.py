"""What stands at the end of a run: messages, outputs, counts, duration."""

from __future__ import annotations

from collections.abc import Iterable

from engine.display import differences, words
from engine.display.properties import Line, Printer
from engine.display.rows import Row, message
from engine.events import SummaryEvent
from engine.run import impacts
from engine.state.values import Props


def resources(event: SummaryEvent, impact: str, *, with_errors: bool) -> list[Line]:
    """How many resources were done what to, and what that does to what is running (``impact``)."""
    lines = [Line("Resources:")]
    kinds = changes = 0
    for op in words.SUMMARY_ORDER:
        count = event.changes.get(op, 0)
        if count:
            kinds, changes = kinds + 1, changes + count
            what = f"to {op}" if event.preview else words.LOOKS[op].done
            lines.append(Line(f"    {words.LOOKS[op].symbol}{count} {what}", op))
    pieces = [words.plural(changes, "change")] if kinds > 1 else []
    same = event.changes.get("same", 0)
    pieces += [f"{same} unchanged"] if same else []
    if pieces:
        lines.append(Line("    " + ". ".join(pieces)))
    if with_errors and event.errored:
        lines.append(Line(f"    {event.errored} errored"))
    if impact:
        lines.append(Line(f"    {impact}"))
    return lines


def diagnostics(rows: Iterable[Row]) -> list[Line]:
    """All messages, whole, grouped by resource; what a program printed stands apart from what it logged."""
    lines: list[Line] = []
    for row in rows:
        blocks = [[d for d in row.diagnostics if d.severity != "info#err"]]
        blocks.append([d for d in row.diagnostics if d.severity == "info#err"])
        texts = [[line for d in block for line in message(d).strip("\n").split("\n")] for block in blocks]
        texts = [block for block in texts if any(line.strip() for line in block)]
        if texts:
            lines.append(Line(f"  {words.short_type(row.type)} ({row.name}):"))
        for block in texts:
            lines += [Line(f"    {line.rstrip()}") for line in block]
            lines.append(Line(""))
    return [Line("Diagnostics:"), *lines] if lines else []


def impact_lines(rows: Iterable[Row]) -> list[Line]:
    """What each change does, in the provider's words, grouped by resource."""
    lines: list[Line] = []
    for row in rows:
        if row.impacts:
            partly = f", {impacts.PARTLY}" if row.unfinished else ""
            lines.append(Line(f"  {words.short_type(row.type)} ({row.name}){partly}:"))
            lines += [Line(f"    {impact}") for impact in row.impacts]
    return [Line("Impacts:"), *lines, Line("")] if lines else []


def outputs(old: Props | None, new: Props, *, preview: bool, printer: Printer) -> list[Line]:
    """The stack's outputs: after a run all of them, in a preview those that change.

    ``old`` is None when there was no stack.  What only becomes unknown is not mentioned.
    """
    if old is None or not (old or new):
        return printer.object(new, 1)
    parts = differences.objects(old, new)
    if preview and not parts:
        return []
    parts = differences.without_new_unknowns(parts)
    shown = [k for k in parts.names() if not (preview and k in parts.sames)]
    return printer.some(parts, shown, 1)


def closing(rows: Iterable[Row], output_lines: list[Line], event: SummaryEvent | None) -> list[Line]:
    """All that a progress display says at its end, block by block."""
    rows = list(rows)
    lines = diagnostics(rows) + impact_lines(rows)
    if output_lines:
        lines += [Line("Outputs:"), *output_lines, Line("")]
    if event is not None:
        told = [impact for row in rows for impact in row.impacts]
        deleted = {row.urn for row in rows if row.op == "delete"}
        unfinished = {row.urn for row in rows if row.unfinished}
        impact = impacts.summary(told, event.failed, deleted, unfinished)
        lines += [*resources(event, impact, with_errors=True), Line("")]
        if not event.preview:
            lines += [Line(f"Duration: {words.duration(event.seconds)}"), Line("")]
    return lines
