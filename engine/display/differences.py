"""What differs between two sets of properties, part by part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import paths
from engine.events import PropertyDiff, Step
from engine.state.records import Resource
from engine.state.values import UNKNOWN, Props, Secret, Value

Key = str | int


@dataclass
class Parts:
    """The parts of an object (by name) or a list (by index), each in one of four states."""

    adds: dict[Key, Value] = field(default_factory=dict)
    deletes: dict[Key, Value] = field(default_factory=dict)
    sames: dict[Key, Value] = field(default_factory=dict)
    updates: dict[Key, Change] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.adds or self.deletes or self.updates)

    def names(self) -> list[Key]:
        """All of them, those that are the same too, in order."""
        return sorted(
            {**self.adds, **self.deletes, **self.sames, **self.updates}, key=lambda k: (str(type(k)), k)
        )


@dataclass
class Change:
    """One value that became another; ``object`` or ``array`` say where, when both are of one kind."""

    old: Value
    new: Value
    object: Parts | None = None
    array: Parts | None = None


def is_internal(key: Key) -> bool:
    return isinstance(key, str) and key.startswith("__")


def objects(old: Props, new: Props) -> Parts:
    """Names that begin with two underscores are between engine and provider, and never differ."""
    return _parts(old, new, sorted(key for key in {**old, **new} if not is_internal(key)))


def _parts(old: Mapping[Any, Value], new: Mapping[Any, Value], keys: Iterable[Key]) -> Parts:
    """What is nothing on one side only is as if it was not there."""
    parts = Parts()
    for key in keys:
        before, after = old.get(key), new.get(key)
        if key not in old or (before is None and after is not None):
            parts.adds[key] = after
        elif key not in new or (after is None and before is not None):
            parts.deletes[key] = before
        elif (change := values(before, after)) is None:
            parts.sames[key] = after
        else:
            parts.updates[key] = change
    return parts


def values(old: Value, new: Value) -> Change | None:
    """None when they are equal."""
    if isinstance(old, dict) and isinstance(new, dict):
        inside = objects(old, new)
        return Change(old, new, object=inside) if inside else None
    if isinstance(old, list) and isinstance(new, list):
        inside = _parts(dict(enumerate(old)), dict(enumerate(new)), range(max(len(old), len(new))))
        return Change(old, new, array=inside) if inside else None
    if isinstance(old, Secret) and isinstance(new, Secret):
        return Change(old, new) if values(old.value, new.value) is not None else None
    kinds = {type(old), type(new)}  # True is not 1, and 1.0 is
    same = old is new if UNKNOWN in (old, new) else old == new and (len(kinds) == 1 or kinds <= {int, float})
    return None if same else Change(old, new)


def of_step(step: Step, *, outputs: bool = False) -> Parts | None:
    """The difference that a step makes; None when it has not both sides, empty when they are equal.

    ``outputs`` is for a refresh, which moves outputs; all others move inputs.
    """
    if step.old is None or step.new is None:
        return None
    if step.detailed_diff is not None:
        return _detailed(step.detailed_diff, step.old, step.new, outputs)
    if outputs:
        return objects(step.old.outputs, step.new.outputs)
    return objects(step.old.inputs, step.new.inputs)


def _detailed(told: dict[str, PropertyDiff], old: Resource, new: Resource, outputs: bool) -> Parts:
    """The difference as the provider told it: only the paths that it named."""
    root = Change(None, None, object=Parts())
    for path, diff in sorted(told.items()):
        steps = paths.parse(path)
        before = old.inputs if diff.input_diff and not outputs else old.outputs
        if steps:
            _add(root, steps, diff, before, new.outputs if outputs else new.inputs)
    return root.object or Parts()


def _add(holder: Change, steps: list[Key], diff: PropertyDiff, old: Value, new: Value) -> None:
    key, rest = steps[0], steps[1:]
    before, after = _inside(old, key), _inside(new, key)
    if isinstance(key, int):
        holder.array = parts = holder.array or Parts()
    else:
        holder.object = parts = holder.object or Parts()
    if rest:
        _add(parts.updates.setdefault(key, Change(before, after)), rest, diff, before, after)
    elif diff.kind.startswith("add"):
        parts.adds[key] = after
    elif diff.kind.startswith("delete"):
        parts.deletes[key] = before
    else:
        parts.updates[key] = values(before, after) or Change(before, after)


def _inside(value: Value, key: Key) -> Value:
    while isinstance(value, Secret):
        inner = _inside(value.value, key)
        return None if inner is None else Secret(inner)
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and isinstance(key, int):
        return value[key] if key < len(value) else None
    return UNKNOWN if value is UNKNOWN else None


def without_new_unknowns(parts: Parts) -> Parts:
    """Less what only becomes unknown: in a preview that says nothing about the stack's outputs."""
    updates: dict[Key, Change] = {}
    for key, change in parts.updates.items():
        if change.new is UNKNOWN:
            continue
        inside = change.object and without_new_unknowns(change.object)
        updates[key] = Change(change.old, change.new, object=inside, array=change.array)
    return Parts(parts.adds, parts.deletes, parts.sames, updates)
