"""The words and symbols of the Pulumi CLI, for operations, types and times, and the branches of its trees."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, TypeVar

from engine.events import Op, Step
from engine.state.records import Resource

T = TypeVar("T")


class Look(NamedTuple):
    """How an operation is shown: its symbol, its colour, and what is said of it before, while and after it is done."""

    symbol: str
    color: str
    planned: str
    running: str
    done: str

    @property
    def failed(self) -> str:
        return f"{self.running.partition(' ')[0]} failed".lstrip()


LOOKS: Final[dict[Op, Look]] = {
    "same": Look("  ", "", "", "", ""),
    "create": Look("+ ", "green", "create", "creating", "created"),
    "update": Look("~ ", "yellow", "update", "updating", "updated"),
    "delete": Look("- ", "red", "delete", "deleting", "deleted"),
    "replace": Look("+-", "yellow", "replace", "replacing", "replaced"),
    "create-replacement": Look(
        "++", "green", "create replacement", "creating replacement", "created replacement"
    ),
    "delete-replaced": Look("--", "red", "delete original", "deleting original", "deleted original"),
    "read": Look("> ", "cyan", "read", "reading", "read"),
    "refresh": Look("~ ", "yellow", "refreshing", "refreshing", "refresh"),
    "import": Look("= ", "blue", "import", "importing", "imported"),
}
SUMMARY_ORDER: Final[tuple[Op, ...]] = ("create", "update", "delete", "replace", "import")


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


def branches(items: Iterable[T], below: Callable[[T], list[T]]) -> Iterator[tuple[T, str, str]]:
    """A tree's items, top down, each with its branch, and the blanks and branches for more lines about it."""

    def walk(item: T, first: str, others: str) -> Iterator[tuple[T, str, str]]:
        yield item, first, others
        children = below(item)
        for i, child in enumerate(children, 1):
            last = i == len(children)
            yield from walk(child, others + ("└─ " if last else "├─ "), others + ("   " if last else "│  "))

    for item in items:
        yield from walk(item, "", "")
