"""What a cloud-init disk says, judged before a guest reads it: of what it cannot read, a guest says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import yaml  # type: ignore[import-untyped]

from provider.resource.base import Failure, Props

# How user-data begins, as cloud-init knows it: letter case and blanks before it aside.  The longer of two comes first.
_HEADERS: Final = (
    "#cloud-config-archive", "#cloud-config-jsonp", "#cloud-config", "#cloud-boothook", "#include", "#part-handler",
    "#upstart-job", "#!", "## template: jinja",
)  # fmt: skip
_YAML: Final = {
    "#cloud-config": (yaml.MappingNode, "a mapping of keys to values"),
    "#cloud-config-archive": (yaml.SequenceNode, "a list"),
}
# Anywhere near the beginning, it makes the text a message with headers and parts.
_MIME: Final = "mime-version:"
_NEAR: Final = 4096  # characters
_GZIP: Final = "H4sI"  # how base64 of what gzip has packed begins
LONGEST: Final = 1 << 20  # characters of one text
MOST: Final = 20_000  # values in one text, those that aliases repeat counted each time
DEEPEST: Final = 50
LONGEST_NUMBER: Final = 100  # characters


def failures(inputs: Props) -> Iterator[Failure]:
    """What cloud-init would not understand; texts that are not known yet are judged when they are."""
    for key in ("userData", "metaData", "networkConfig"):
        text = inputs.get(key)
        if not isinstance(text, str):
            continue
        if len(text) > LONGEST:
            yield Failure(key, f"has {len(text)} characters; allowed: up to {LONGEST}")
        elif key == "userData":
            yield from _user_data(text)
        else:
            yield from _yaml(key, text, "#cloud-config")


def _user_data(text: str) -> Iterator[Failure]:
    if not text.strip() or _MIME in text[:_NEAR].lower():
        return
    start = text.lstrip()
    header = next((h for h in _HEADERS if start[:40].lower().startswith(h)), "")
    if header in _YAML:
        yield from _yaml("userData", text, header)
    elif not header:
        first = start.split("\n", 1)[0]
        said = repr(first if len(first) <= 40 else first[:37] + "...")
        packed = "; it looks like gzip in base64: give the text itself" if start.startswith(_GZIP) else ""
        yield Failure(
            "userData",
            f"begins with {said}, and cloud-init would not read it{packed}; allowed: a first line that begins with one "
            f"of {', '.join(sorted(_HEADERS))}, or a MIME message with MIME-Version",
        )


def _yaml(key: str, text: str, kind: str) -> Iterator[Failure]:
    node, words = _YAML[kind]
    why = _why_not(text, node, words)
    if why:
        yield Failure(key, f"is not YAML that cloud-init can use: {why}; allowed: {words}")


def _why_not(text: str, wanted: type[Any], words: str) -> str:
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return ""
        wrong = _too_much(node)
        if not wrong and not isinstance(node, wanted):
            wrong = f"it is not {words}"
        if wrong:
            return wrong
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
            if node.tag == "tag:yaml.org,2002:int" and len(node.value) > LONGEST_NUMBER:
                raise ValueError(f"a number has {len(node.value)} characters, more than {LONGEST_NUMBER}")
        return sizes[id(node)]

    if size(root, 0) > MOST:
        return f"it has more than {MOST} values, what its aliases repeat counted each time"
    return ""
