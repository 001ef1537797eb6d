"""What a cloud-init disk says, judged before a guest reads it: of what it cannot read, a guest says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import yaml  # type: ignore[import-untyped]

from provider.resources.base import Failure, Props

CLOUD_CONFIG: Final = "#cloud-config"
# How user-data of another kind than #cloud-config begins, as cloud-init knows it.
_KINDS: Final = (
    "#!", "#include", "#cloud-boothook", "#cloud-config-archive", "#part-handler", "#cloud-config-jsonp",
    "#template", "## template:", "Content-Type:", "MIME-Version:", "From ",
)  # fmt: skip
LONGEST: Final = 1 << 20  # characters of one text
MOST: Final = 20_000  # values in one text, those that aliases repeat counted each time
DEEPEST: Final = 50


def failures(inputs: Props) -> Iterator[Failure]:
    """What cloud-init would not understand; texts that are not known yet are judged when they are."""
    for key in ("userData", "metaData", "networkConfig"):
        text = inputs.get(key)
        if not isinstance(text, str):
            continue
        if len(text) > LONGEST:
            yield Failure(key, f"has {len(text)} characters; allowed: up to {LONGEST}")
        elif key != "userData":
            yield from _mapping(key, text)
        else:
            yield from _user_data(text)


def _user_data(text: str) -> Iterator[Failure]:
    first = text.split("\n", 1)[0].rstrip("\r")
    if first.rstrip() == CLOUD_CONFIG:
        yield from _mapping("userData", text)
    elif text.strip() and not text.startswith(_KINDS):
        said = repr(first if len(first) <= 40 else first[:37] + "...")
        yield Failure(
            "userData",
            f"begins with {said}, and cloud-init would not read it; allowed: {CLOUD_CONFIG} as first line, "
            f"or another kind of user-data ({', '.join(_KINDS)})",
        )


def _mapping(key: str, text: str) -> Iterator[Failure]:
    why = _why_no_mapping(text)
    if why:
        yield Failure(
            key, f"is not YAML that cloud-init can use: {why}; allowed: a mapping of keys to values"
        )


def _why_no_mapping(text: str) -> str:
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        wrong = _too_much(node)
        if wrong:
            return wrong
        if node is not None and not isinstance(node, yaml.MappingNode):
            return "it is no mapping"
        if node is not None:
            loader.construct_document(node)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        return f"{where}{fault.problem}"
    except (yaml.YAMLError, ValueError, OverflowError, TypeError) as fault:
        return str(fault)[:200]
    except RecursionError:
        return f"it is nested deeper than {DEEPEST} levels"
    return ""


def _too_much(root: Any) -> str:
    """Why a document is too large once its aliases stand for what they name; "" when it is not."""
    sizes: dict[int, int] = {}

    def size(node: Any, depth: int) -> int:
        if depth > DEEPEST:
            raise RecursionError
        if id(node) not in sizes:
            sizes[id(node)] = MOST + 1  # of one that has itself inside
            inner = node.value if isinstance(node, yaml.CollectionNode) else ()
            parts = [part for item in inner for part in (item if isinstance(item, tuple) else (item,))]
            sizes[id(node)] = min(MOST + 1, 1 + sum(size(part, depth + 1) for part in parts))
        return sizes[id(node)]

    if root is not None and size(root, 0) > MOST:
        return f"it has more than {MOST} values, what its aliases repeat counted each time"
    return ""
