"""Property paths, as options name them: ``memory``, ``tags.owner``, ``disks[0].size``, ``disks[*].size``."""

from __future__ import annotations

import re
from typing import Any

from engine.options import UnsupportedError
from engine.state.values import Props, Secret

PART = re.compile(r"""\.?([^.\[\]"]+)|\[(\d+|\*)\]|\[?"((?:[^"\\]|\\.)*)"\]?""")
MISSING: Any = object()


def parse(path: str) -> list[str | int]:
    """The steps of a path; ``*`` stands for every key or index.  Raises `UnsupportedError` for what is not a path."""
    parts = list(PART.finditer(path))
    if "".join(part[0] for part in parts) != path:
        raise UnsupportedError(f"'{path}' is not a property path")
    steps: list[str | int] = []
    for name, index, quoted in (part.groups() for part in parts):
        if index is not None:
            steps.append(index if index == "*" else int(index))
        else:
            steps.append(name if name is not None else quoted.replace('\\"', '"'))
    return steps


def contains(pattern: list[str | int], path: list[str | int]) -> bool:
    """Whether ``path`` is what the pattern names, or a part of it."""
    heads = path[: len(pattern)]
    return len(heads) == len(pattern) and all(p in ("*", h) for p, h in zip(pattern, heads, strict=True))


def keep_old(news: Props, olds: Props, ignored: list[str]) -> Props:
    """``news`` with the ignored paths as they are in ``olds``: absent there, absent here."""
    for path in ignored:
        news = _reset(news, olds, parse(path))
    return news


def _reset(new: Any, old: Any, steps: list[str | int]) -> Any:
    if isinstance(new, Secret) or isinstance(old, Secret):
        inner = _reset(_open(new), _open(old), steps)
        return inner if inner is MISSING else Secret(inner)
    if not steps:
        return old
    step, rest = steps[0], steps[1:]
    if isinstance(new, dict) and (isinstance(old, dict) or old is MISSING):
        return _reset_keys(new, {} if old is MISSING else old, step, rest)
    if isinstance(new, list) and isinstance(old, list):
        wanted = range(len(new)) if step == "*" else [step] if isinstance(step, int) else []
        return [_reset(v, old[i], rest) if i in wanted and i < len(old) else v for i, v in enumerate(new)]
    return new


def _reset_keys(new: Props, old: Props, step: str | int, rest: list[str | int]) -> Props:
    result = dict(new)
    for key in {**new, **old} if step == "*" else [str(step)]:
        if key not in new and (rest or key not in old):
            continue
        value = _reset(new.get(key, MISSING), old.get(key, MISSING), rest)
        if value is MISSING:
            result.pop(key, None)
        else:
            result[key] = value
    return result


def _open(value: Any) -> Any:
    return value.value if isinstance(value, Secret) else value
