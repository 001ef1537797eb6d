"""Properties, and differences between them, as lines of text; indents are four columns a level."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from engine.display.differences import Change, Key, Parts, is_internal
from engine.display.words import LOOKS
from engine.events import Op
from engine.state.values import UNKNOWN, Props, Secret, Value

CONTEXT: Final = 3  # lines that are shown around a change in a text


@dataclass(frozen=True)
class Line:
    """One line and the operation whose colour it has."""

    text: str
    op: Op = "same"


def lead(indent: int, op: Op = "same") -> str:
    """The start of a line; an operation's symbol stands in the last two columns of the indent."""
    return " " * (4 * indent) if op == "same" else " " * (4 * indent - 2) + LOOKS[op].symbol


def is_shown(value: Value) -> bool:
    """Nothing, and empty things, only clutter."""
    return value is UNKNOWN or isinstance(value, (bool, int, float, Secret)) or bool(value)


class Printer:
    """Turns properties into lines.  Secrets are ``[secret]`` unless ``show_secrets``."""

    def __init__(self, show_secrets: bool = False) -> None:
        self._show_secrets = show_secrets

    def object(self, props: Props, indent: int, op: Op = "same", without: Collection[str] = ()) -> list[Line]:
        """All properties, names padded to the longest (those that are not shown count too)."""
        width = max((len(k) for k in props), default=0)
        lines: list[Line] = []
        for key in sorted(props):
            if not is_internal(key) and key not in without and is_shown(props[key]):
                lines += self.entry(f"{key:<{width}}: ", props[key], indent, op)
        return lines

    def entry(self, title: str, value: Value, indent: int, op: Op = "same", deeper: int = 0) -> list[Line]:
        """A titled value; what is inside it stands ``deeper`` levels further in than usual."""
        start, inner = lead(indent, op) + title, indent + deeper
        value = self._open(value)
        if isinstance(value, dict) and value:
            return [Line(start + "{", op), *self.object(value, inner + 1, op), Line(lead(inner) + "}", op)]
        if isinstance(value, list) and value:
            lines = [Line(start + "[", op)]
            for i, element in enumerate(value):
                lines += self.entry(f"[{i}]: ", element, inner + 1, op)
            return [*lines, Line(lead(inner) + "]", op)]
        return [Line(start + self.primitive(value), op)]

    def primitive(self, value: Value) -> str:
        value = self._open(value)
        if value is UNKNOWN:
            return "[unknown]"
        if isinstance(value, Secret):
            return "[secret]"
        if value is None:
            return "<null>"
        return json.dumps(value, ensure_ascii=False)

    def difference(self, parts: Parts, indent: int, include: list[str] | None = None) -> list[Line]:
        """What differs, and what does not beside it; with ``include``, only these names."""
        keys = [k for k in parts.names() if not include or k in include]
        return self.some(parts, keys, indent, beside=keys)

    def some(
        self, parts: Parts, keys: Iterable[Key], indent: int, beside: Iterable[Key] | None = None
    ) -> list[Line]:
        """These of the parts, names padded to the longest of all, or of those ``beside``."""
        width = max((len(str(k)) for k in (parts.names() if beside is None else beside)), default=0)
        return [line for k in keys for line in self.part(parts, k, f"{k:<{width}}: ", indent)]

    def part(self, parts: Parts, key: Key, title: str, indent: int, deeper: int = 0) -> list[Line]:
        """One part of a difference."""
        if key in parts.adds:
            return self.entry(title, parts.adds[key], indent, "create", deeper)
        if key in parts.deletes:
            return self.entry(title, parts.deletes[key], indent, "delete", deeper)
        if key in parts.updates:
            return self._change(title, parts.updates[key], indent, deeper)
        same = parts.sames[key]
        return self.entry(title, same, indent, "same", deeper) if is_shown(same) else []

    def _change(self, title: str, change: Change, indent: int, deeper: int) -> list[Line]:
        start, inner = lead(indent, "update") + title, indent + deeper
        if change.object is not None:
            inside = self.difference(change.object, inner + 1)
            return [Line(start + "{", "update"), *inside, Line(lead(inner) + "}", "update")]
        if change.array is not None:
            lines = [Line(start + "[", "update")]
            for i in change.array.names():
                lines += self.part(change.array, i, f"[{i}]: ", inner + 1, deeper=1)
            return [*lines, Line(lead(inner) + "]", "update")]
        old, new = self._open(change.old), self._open(change.new)
        if isinstance(old, (dict, list)) or isinstance(new, (dict, list)):
            lines = self.entry(title, old, indent, "delete", deeper) if is_shown(old) else []
            return lines + (self.entry(title, new, indent, "create", deeper) if is_shown(new) else [])
        if isinstance(old, str) and isinstance(new, str) and "\n" in old + new:
            return [Line(start.rstrip(), "update"), *_text_difference(old, new, inner + 1)]
        return [Line(f"{start}{self.primitive(old)} => {self.primitive(new)}", "update")]

    def _open(self, value: Value) -> Any:
        while self._show_secrets and isinstance(value, Secret):
            value = value.value
        return value


def _text_difference(old: str, new: str, indent: int) -> list[Line]:
    """Texts of several lines: the lines that differ, and a few around them."""
    ops: dict[str, Op] = {"+": "create", "-": "delete", " ": "same"}
    lines: list[Line] = []
    for text in difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=CONTEXT):
        if text.startswith(("---", "+++")) and len(lines) < 2 and not text[3:].strip():
            continue
        if text.startswith("@@"):
            if lines:
                lines.append(Line(lead(indent) + "..."))
            continue
        op = ops[text[0]]
        lines.append(Line((lead(indent, op) + text[1:]).rstrip(), op))
    return lines
