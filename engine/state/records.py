"""The records of a checkpoint: one resource, one snapshot, in Pulumi's own form."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal

from engine.state.values import Props

OperationType = Literal["creating", "updating", "deleting", "reading", "importing"]


@dataclass(kw_only=True)
class Resource:
    """One resource of the state.  Times are RFC 3339 with nanoseconds and ``Z``; URNs are plain strings.

    The fields stand in the order of the state file, which has the same names, in Go's spelling.
    """

    urn: str
    custom: bool = False
    delete: bool = False
    id: str = ""
    type: str
    inputs: Props = field(default_factory=dict)
    outputs: Props = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    external: bool = False
    dependencies: list[str] = field(default_factory=list)
    init_errors: list[str] = field(default_factory=list)
    provider: str = ""  # "<provider urn>::<provider id>"
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    pending_replacement: bool = False
    additional_secret_outputs: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    import_id: str = ""
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    created: str = ""
    modified: str = ""
    source_position: str = ""
    stack_trace: list[dict[str, str]] = field(default_factory=list)
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)

    def copy(self, **changes: Any) -> Resource:
        """A shallow copy with some fields changed."""
        return Resource(**({f.name: getattr(self, f.name) for f in fields(Resource)} | changes))


@dataclass
class PendingOperation:
    resource: Resource
    type: OperationType


@dataclass
class Snapshot:
    """All that a checkpoint's ``latest`` holds.  ``resources`` is in an order where dependencies come first."""

    resources: list[Resource] = field(default_factory=list)
    pending_operations: list[PendingOperation] = field(default_factory=list)
    secrets_provider: dict[str, Any] = field(default_factory=dict)  # type, and a state with its salt
    metadata: dict[str, Any] = field(default_factory=dict)
