"""The properties of GuestFiles, and what can be wrong with them by themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from provider.guest import store
from provider.resource.base import COMPUTED, Failure, Props
from provider.resource.names import domain_failures, short
from provider.resource.specs import STRING, STRINGS, integer, mapping, resource, said, string

_PATH: Final = re.compile(r"(?!.*/\.{1,2}(/|$))(?!.*//)/[^\x00-\x1f\x7f]{1,1000}(?<![/~])")
_MODE: Final = re.compile(r"0?[0-7]{3}")
_OWNER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}:[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}")
_SECRET: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
MOST_FILES: Final = 200
LARGEST: Final = 1 << 20  # bytes of one file
LARGEST_SECRET: Final = 500_000  # bytes
LONGEST_COMMAND: Final = 100_000  # characters
LONGEST_WAIT: Final = 3600  # seconds
WAIT: Final = 300
TIMEOUT: Final = 600

_TEXTS: Final = mapping(STRING)
SCHEMA: Final = resource(
    "Files in a guest, written by its agent, and a command that applies them.",
    {
        "domain": string("UUID of the domain, whose agent is asked."),
        "files": said(
            mapping(_TEXTS),
            "By absolute path: content, and mode (0644) and owner (root:root) where they are others.",
        ),
        "secretFiles": said(
            _TEXTS,
            "Contents by name, there only while apply runs: in the folder whose path is in $SECRETS.",
        ),
        "concerns": said(
            mapping(STRINGS), "By the name of a secret file: what of state another content restarts."
        ),
        "apply": string("A shell command that brings state about; it may be run again at any time."),
        "remove": string("A shell command that undoes it, before the files go."),
        "read": string(
            'A shell command that changes nothing and prints {"state": {NAME: {FIELD: TEXT}}, "notes": [TEXT]}; an '
            "empty text says that it can't be told. What it may print beside: remarks, a list as notes are; fixed, by "
            "NAME why that can't be changed; keeps, by NAME and FIELD what it has that may hold data."
        ),
        "state": said(
            mapping(_TEXTS), "What read is to say; what it names beside it is told, and left alone."
        ),
        "keeps": said(
            mapping(_TEXTS),
            "By name of state and field, what it has once it is as declared; a change that would lose more of what "
            "read says under keeps is refused as data loss.",
        ),
        "keeping": string("How an operator declares what is to stay; for the line that refuses."),
        "wait": integer(f"Seconds that up waits for the agent; {WAIT} when not given."),
        "timeout": integer(f"Seconds for apply to end; {TIMEOUT} when not given."),
    },
    {
        "guest": string("Name of the domain."),
        "undeclared": said(STRINGS, "What read names and state does not."),
    },
    given=["domain"],
    told=["domain", "guest", "undeclared"],
)


def failures(inputs: Props) -> Iterator[Failure]:
    yield from domain_failures("domain", inputs["domain"])
    yield from _named("files", inputs, _file)
    yield from _named("secretFiles", inputs, _secret)
    yield from _named("concerns", inputs, _concern)
    yield from _named("state", inputs, _state)
    if len(_mapping(inputs, "files")) > MOST_FILES:
        yield Failure("files", f"are {len(inputs['files'])}; allowed: up to {MOST_FILES}")
    for key in ("apply", "read", "remove"):
        command = inputs.get(key, COMPUTED)
        if isinstance(command, str) and not 0 < len(command) <= LONGEST_COMMAND:
            yield Failure(key, f"has {len(command)} characters; allowed: 1 to {LONGEST_COMMAND}")
    for key in ("wait", "timeout"):
        seconds = inputs.get(key, COMPUTED)
        if isinstance(seconds, int) and not 1 <= seconds <= LONGEST_WAIT:
            yield Failure(key, f"must be 1 to {LONGEST_WAIT} seconds, not {seconds}")
    for key, needs in (("state", "read"), ("secretFiles", "apply"), ("concerns", "secretFiles")):
        if key in inputs and needs not in inputs:
            yield Failure(key, f"is of no use without {needs}: give that too")


def _mapping(inputs: Props, key: str) -> Props:
    value = inputs.get(key)
    return value if isinstance(value, dict) else {}


def _named(key: str, inputs: Props, judge: Callable[[str, Any], str]) -> Iterator[Failure]:
    """``judge``: why a name and its value are not accepted; "" when they are."""
    for name, value in _mapping(inputs, key).items():
        why = "" if value is COMPUTED else judge(name, value)
        if why:
            yield Failure(f"{key}[{short(name)}]", why)


def _file(path: str, value: Any) -> str:
    if not _PATH.fullmatch(path) or not path.isprintable():
        return "is no absolute path of a file; allowed: one such as /etc/motd, without . and .."
    if (
        not isinstance(value, dict)
        or not set(value) <= {"content", "mode", "owner"}
        or "content" not in value
    ):
        return "must have content, and may have mode and owner"
    if any(not isinstance(part, str) and part is not COMPUTED for part in value.values()):
        return "must have texts only"
    if isinstance(value["content"], str) and _size(value["content"]) > LARGEST:
        return f"has {_size(value['content'])} bytes; allowed: up to {LARGEST}"
    mode, owner = value.get("mode", COMPUTED), value.get("owner", COMPUTED)
    if isinstance(mode, str) and not _MODE.fullmatch(mode):
        return f"has the mode {short(mode)}; allowed: octal digits such as 0644"
    if isinstance(owner, str) and not _OWNER.fullmatch(owner):
        return f"has the owner {short(owner)}; allowed: one such as root:root"
    return ""


def _secret(name: str, value: Any) -> str:
    """Never with the value."""
    if not _SECRET.fullmatch(name):
        return "is no name of a file; allowed: letters, digits, dots, hyphens and underscores"
    if not isinstance(value, str):
        return "must be a text"
    size = _size(value)
    return "" if 0 < size <= LARGEST_SECRET else f"has {size} bytes; allowed: 1 to {LARGEST_SECRET}"


def _concern(_name: str, value: Any) -> str:
    right = isinstance(value, list) and all(isinstance(each, str) or each is COMPUTED for each in value)
    return "" if right else "must be a list of names of state"


def _state(_name: str, value: Any) -> str:
    if not isinstance(value, dict):
        return "must be texts by name"
    return "" if all(isinstance(v, str) or v is COMPUTED for v in value.values()) else "must have texts only"


def _size(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


def files(inputs: Props) -> dict[str, store.File]:
    """As they are to be."""
    return {path: store.File(**value) for path, value in inputs.get("files", {}).items()}
