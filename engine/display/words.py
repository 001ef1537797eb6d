"""The words and symbols of the Pulumi CLI, for operations, types and times."""

from __future__ import annotations

import math
from typing import Final

from engine.events import Op, Step
from engine.state.records import Resource

SYMBOLS: Final[dict[Op, str]] = {
    "same": "  ",
    "create": "+ ",
    "update": "~ ",
    "delete": "- ",
    "replace": "+-",
    "create-replacement": "++",
    "delete-replaced": "--",
    "read": "> ",
    "read-replacement": ">>",
    "refresh": "~ ",
    "discard": "< ",
    "import": "= ",
}
PLANNED: Final[dict[Op, str]] = {
    "same": "",
    "create": "create",
    "update": "update",
    "delete": "delete",
    "replace": "replace",
    "create-replacement": "create replacement",
    "delete-replaced": "delete original",
    "read": "read",
    "read-replacement": "read for replacement",
    "refresh": "refreshing",
    "discard": "discard",
    "import": "import",
}
RUNNING: Final[dict[Op, str]] = {
    "same": "",
    "create": "creating",
    "update": "updating",
    "delete": "deleting",
    "replace": "replacing",
    "create-replacement": "creating replacement",
    "delete-replaced": "deleting original",
    "read": "reading",
    "read-replacement": "reading for replacement",
    "refresh": "refreshing",
    "discard": "discarding",
    "import": "importing",
}
DONE: Final[dict[Op, str]] = {
    "same": "",
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "replace": "replaced",
    "create-replacement": "created replacement",
    "delete-replaced": "deleted original",
    "read": "read",
    "read-replacement": "read for replacement",
    "refresh": "refresh",
    "discard": "discarded",
    "import": "imported",
}
FAILED: Final[dict[Op, str]] = {
    "same": "failed",
    "create": "creating failed",
    "update": "updating failed",
    "delete": "deleting failed",
    "replace": "replacing failed",
    "create-replacement": "creating failed",
    "delete-replaced": "deleting failed",
    "read": "reading failed",
    "read-replacement": "reading failed",
    "refresh": "refreshing failed",
    "discard": "discarding failed",
    "import": "importing failed",
}
SUMMARY_ORDER: Final[tuple[Op, ...]] = (
    "create", "update", "delete", "replace", "read", "refresh", "discard", "import",
)  # fmt: skip


def short_type(type_: str) -> str:
    """``libvirt:index:Network`` for ``libvirt:index/network:Network``."""
    parts = type_.split(":")
    if len(parts) != 3:
        return type_
    package, module, name = parts
    folder, slash, file = module.rpartition("/")
    if slash and file == name[:1].lower() + name[1:]:
        module = folder
    return f"{package}:{module}:{name}"


def took(seconds: float) -> str:
    """How long a step took: ``0.01s`` below a second, whole seconds from there."""
    return f"{seconds:.2f}s" if seconds < 1 else f"{int(seconds)}s"


def duration(seconds: float) -> str:
    """How long a run took, rounded up to seconds: ``2s``, ``1m5s``, ``1h0m3s``."""
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}h" if hours else ""
    text += f"{minutes}m" if hours or minutes else ""
    return f"{text}{rest}s"


def ago(seconds: float) -> str:
    """A time gone by in words: ``now``, ``3 seconds ago``, ``1 hour ago``."""
    for size, unit in (
        (604800 * 52, "year"),
        (604800, "week"),
        (86400, "day"),
        (3600, "hour"),
        (60, "minute"),
    ):
        if seconds >= size:
            return f"{plural(int(seconds // size), unit)} ago"
    return f"{plural(int(seconds), 'second')} ago" if seconds >= 1 else "now"


def plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def retain(step: Step) -> str:
    """The mark of a delete that leaves the object where it is."""
    deletes = step.op in ("delete", "delete-replaced")
    return "[retain]" if deletes and step.old is not None and step.old.retain_on_delete else ""


def lock(old: Resource | None, new: Resource | None) -> str:
    """The mark of a protected resource, and of one that ceases to be."""
    if new is not None and new.protect:
        return " 🔒"
    if old is not None and old.protect:
        return " 🔒" if new is None else " 🔓"
    return ""
