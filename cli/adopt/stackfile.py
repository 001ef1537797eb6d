"""Keys added to the VMs of a stack's file, as text: every byte that is there stays.  Pure.

PyYAML tells where each node begins and ends; the new lines go behind the last one of theirs.  A file is only then
changed when it afterwards says what it did before, and the additions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import Any, Final

import yaml  # type: ignore[import-untyped]

from cli.adopt.complete import Additions, merged
from cli.words.command_line import UsageError
from config.yaml_text import Dumper, Loader

CONFIG: Final = "config"
VMS: Final = "trop:vms"
STEP: Final = 2  # columns from one level to the next, where the file shows no other

Edit = tuple[int, int, str]  # from, to, what is put there


def edited(text: str, new: Additions, where: str) -> str:
    """The file with the additions.  Raises `UsageError` for one that is written in a way that can't be added to."""
    if not new:
        return text
    result = text if text.endswith("\n") or not text else text + "\n"
    # From the end on, and of two at one place the later first: what is grown stays before what is new.
    for start, end, put in sorted(_edits(result, new), key=lambda edit: edit[:2])[::-1]:
        result = result[:start] + put + result[end:]
    before = yaml.load(text, Loader) or {}
    if yaml.load(result, Loader) != {**before, CONFIG: merged(before.get(CONFIG) or {}, new, VMS)}:
        raise UsageError(
            f"{where}: it is written so that nothing can be added to {VMS} by itself; add it by hand"
        )
    return result


def difference(before: str, after: str, name: str) -> str:
    """A unified diff; empty when there is none."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return "".join(unified_diff(old, new, fromfile=name, tofile=f"{name} (completed)", n=2))


def _edits(text: str, new: Additions) -> Iterator[Edit]:
    root = yaml.compose(text, Loader)
    settings = _member(root, CONFIG)
    vms = None if settings is None else _member(settings, VMS)
    if vms is None or not vms.value:
        yield from _first(text, root, settings, vms, new)
        return
    fresh: list[str] = []
    for name, own in new.items():
        there = _member(vms, name)
        if there is None:
            fresh += _entry(name, own, _column(vms)) if not vms.flow_style else []
        elif own:
            yield _grown(text, there, own, _column(vms))
    if vms.flow_style:
        missing = {name: own for name, own in new.items() if _member(vms, name) is None}
        if missing:
            yield _into_flow(vms, missing)
    elif fresh:
        at = _end(text, vms)
        yield at, at, "".join(fresh)


def _first(text: str, root: Any, settings: Any, vms: Any, new: Additions) -> Iterator[Edit]:
    """No VM is there yet: the key is written anew."""
    base = _column(settings) if settings is not None and settings.value else STEP
    lines = [line for name, own in new.items() for line in _entry(name, own, base + STEP)]
    if vms is not None:
        yield _after_colon(text, vms), vms.end_mark.index, "\n" + "".join(lines).rstrip("\n")
    elif settings is not None and settings.value and not settings.flow_style:
        at = _end(text, settings)
        yield at, at, f"{' ' * base}{VMS}:\n" + "".join(lines)
    elif settings is None:
        yield len(text), len(text), f"{CONFIG}:\n{' ' * base}{VMS}:\n" + "".join(lines)


def _grown(text: str, there: Any, own: Mapping[str, Any], column: int) -> Edit:
    """One VM's mapping with more keys."""
    if isinstance(there, yaml.MappingNode) and there.value and not there.flow_style:
        at = _end(text, there)
        return at, at, "".join(_pairs(own, _column(there)))
    if isinstance(there, yaml.MappingNode) and there.value:
        return _into_flow(there, own)
    put = "".join(_pairs(own, column + STEP)).rstrip("\n")
    return _after_colon(text, there), there.end_mark.index, "\n" + put


def _after_colon(text: str, node: Any) -> int:
    """Where the white space before the node begins."""
    return len(text[: node.start_mark.index].rstrip(" "))


def _into_flow(there: Any, own: Mapping[str, Any]) -> Edit:
    """``{a: 1}`` with more keys, in the same braces."""
    last = there.value[-1][1].end_mark.index
    return last, last, "".join(f", {_flow({key: value})}" for key, value in own.items())


def _entry(name: str, own: Mapping[str, Any], column: int) -> list[str]:
    head = f"{' ' * column}{_plain(name)}:"
    return [f"{head}\n", *_pairs(own, column + STEP)] if own else [f"{head} {{}}\n"]


def _pairs(own: Mapping[str, Any], column: int) -> list[str]:
    return [f"{' ' * column}{_flow({key: value})}\n" for key, value in own.items()]


def _flow(pair: Mapping[str, Any]) -> str:
    """``key: value`` on one line; a text of several in double quotes, as JSON has it."""
    ((key, value),) = pair.items()
    said = (
        json.dumps(value, ensure_ascii=False) if isinstance(value, str) and "\n" in value else _plain(value)
    )
    return f"{_plain(key)}: {said}"


def _plain(value: Any) -> str:
    text: str = yaml.dump([value], Dumper=Dumper, default_flow_style=True, allow_unicode=True, width=10**6)
    return text.strip()[1:-1]


def _member(node: Any, key: str) -> Any:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _column(node: Any) -> int:
    return int(node.value[0][0].start_mark.column)


def _end(text: str, node: Any) -> int:
    """Where the line after the node's last value begins; comments of their own lines stay below."""
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    end: int = node.end_mark.index
    if end and text[end - 1] == "\n":
        return end
    return text.find("\n", end) + 1 or len(text)
