"""What a run tells while it works.  The core emits these; display, history and JSON output are made from them.

Operations and their symbols are Pulumi's: same, create, update, delete, replace, create-replacement,
delete-replaced, read, import, refresh.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.state.records import Resource
from engine.state.values import Props

Op = Literal[
    "same", "create", "update", "delete", "replace", "create-replacement", "delete-replaced",
    "read", "import", "refresh",
]  # fmt: skip
DiffKind = Literal["add", "add-replace", "delete", "delete-replace", "update", "update-replace"]
Severity = Literal["debug", "info", "info#err", "warning", "error"]


@dataclass(frozen=True)
class PropertyDiff:
    kind: DiffKind
    input_diff: bool = False


@dataclass
class Step:
    """One operation on one resource, planned or under way.

    ``old`` and ``new`` are the records before and after; ``new`` gains id and outputs when the step ends.
    ``detailed_diff`` is None when the provider gave none; ``diffs`` are the top-level keys that differ.
    """

    op: Op
    urn: str
    type: str
    old: Resource | None = None
    new: Resource | None = None
    diffs: list[str] = field(default_factory=list)
    replaces: list[str] = field(default_factory=list)
    detailed_diff: dict[str, PropertyDiff] | None = None
    provider: str = ""
    seconds: float = 0.0  # how long it took, once done
    during_refresh: bool = False  # part of the refresh that goes before an update

    @classmethod
    def of(cls, op: Op, old: Resource | None, new: Resource | None = None, **more: Any) -> Step:
        """A step on what one of the records, or both of them, are of."""
        r = new or old
        assert r is not None, op
        return cls(op=op, urn=r.urn, type=r.type, old=old, new=new, provider=r.provider, **more)

    @property
    def parent(self) -> str:
        """The URN of the parent; empty for none."""
        r = self.new or self.old
        return r.parent if r else ""


@dataclass(frozen=True)
class PreludeEvent:
    """The run begins.  ``config`` has secrets as ``[secret]``."""

    config: dict[str, str]


@dataclass(frozen=True)
class StepStarted:
    step: Step


@dataclass(frozen=True)
class StepDone:
    """The step has come to its end.

    Components (and the stack) have none for create, update and same: their end is `OutputsRegistered`, which does
    not come when the program fails before it.  A refresh's step has the op of its result here (same, update,
    delete), unless it goes before an update (``during_refresh``): then it stays "refresh".
    """

    step: Step


@dataclass(frozen=True)
class StepFailed:
    """The step did not come to its end; the reason comes as a `Diagnostic` of its own."""

    step: Step


@dataclass(frozen=True)
class OutputsRegistered:
    """A component, or the stack, has registered its outputs."""

    old: Props
    new: Props
    step: Step


@dataclass(frozen=True)
class Diagnostic:
    """A message; ``urn`` empty means the stack.  Ephemeral ones are status."""

    severity: Severity
    message: str
    urn: str = ""
    ephemeral: bool = False


@dataclass
class SummaryEvent:
    """The run ends.  ``changes`` counts resources by operation (providers that are default ones are not counted)."""

    preview: bool
    seconds: float
    changes: dict[str, int]
    failed: bool = False
    errored: int = 0


Event = PreludeEvent | StepStarted | StepDone | StepFailed | OutputsRegistered | Diagnostic | SummaryEvent
Emit = Callable[[Event], None]
