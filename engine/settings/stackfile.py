"""Pulumi.<stack>.yaml: the configuration of one stack, edited without touching what a person wrote around it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.errors import CommandError, in_line, unsupported
from engine.settings import yaml_text
from engine.settings.project import load_yaml
from engine.state import atomic
from engine.state.values import parts

Step = str | int
Decrypt = Callable[[str], str]

UNSUPPORTED: Final = ("environment", "encryptedkey", "secretsprovider")
_STEP: Final = re.compile(r"""\.?([^.\[\]"]+)|\.?\[(\d+)\]|\.?\["((?:[^"\\]|\\.)*)"\]""")


def full_key(key: str, project: str) -> str:
    """``namespace:name``; a bare name is the project's, and ``ns:config:name`` an old way to write it."""
    parts = key.split(":")
    if len(parts) == 3 and parts[1] == "config":
        parts = [parts[0], parts[2]]
    if len(parts) == 1:
        parts = [project, key]
    if len(parts) != 2 or not all(parts):
        raise CommandError(f"invalid configuration key: {_no_key(key)}")
    return ":".join(parts)


def _no_key(text: str) -> str:
    form = "(configuration keys should be of the form `<namespace>:<name>`)"
    return f"could not parse {in_line(text)} as a configuration key {form}"


def short_key(key: str, project: str) -> str:
    return key.removeprefix(project + ":")


def split_path(text: str, project: str) -> tuple[str, list[Step]]:
    """The key and the steps inside its value of ``a.b[0]["c"]``."""
    namespace, colon, rest = text.rpartition(":")
    found = list(_STEP.finditer(rest))
    steps: list[Step] = [
        int(index[:18]) if index is not None else name or _unquoted(quoted, text)
        for name, index, quoted in (match.groups() for match in found)
    ]
    if "".join(match[0] for match in found) != rest or not steps or not isinstance(steps[0], str):
        raise CommandError(f"invalid configuration path {text!r}")
    return full_key(namespace + colon + steps[0], project), steps[1:]


def _unquoted(quoted: str, text: str) -> str:
    try:
        return str(json.loads(f'"{quoted}"', strict=False))
    except ValueError as error:
        raise CommandError(f"invalid configuration path {text!r}") from error


def is_secret(value: Any) -> bool:
    return isinstance(value, dict) and list(value) == ["secure"] and isinstance(value["secure"], str)


def holds_secret(value: Any) -> bool:
    """Whether a value is a secret or has one anywhere inside."""
    return any(map(is_secret, parts(value)))


def masked(_sealed: str) -> str:
    """What stands for a secret that is not to be shown."""
    return "[secret]"


def plain(value: Any, decrypt: Decrypt) -> Any:
    """A value with its secrets as ``decrypt`` gives them."""
    if is_secret(value):
        return decrypt(value["secure"])
    if isinstance(value, dict):
        return {str(k): plain(v, decrypt) for k, v in sorted(value.items(), key=lambda item: str(item[0]))}
    return [plain(v, decrypt) for v in value] if isinstance(value, list) else value


def text_of(value: Any) -> str:
    """What a program is given for a value: a string as it is, anything else as JSON."""
    return (
        str(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    )


@dataclass
class StackFile:
    """The file and what is in it.  Editing calls change it in memory; `save` writes it."""

    path: Path
    project: str
    document: dict[str, Any]

    @classmethod
    def read(cls, path: Path, project: str) -> StackFile:
        """The stack's file; one that is not there is an empty one."""
        document = load_yaml(path) if path.exists() else {}
        for key in UNSUPPORTED:
            if document.get(key) not in (None, "", "passphrase"):
                raise unsupported(f"{path}: {key}")
        if not isinstance(document.get("config") or {}, dict):
            raise CommandError(f"{path}: config: expected a mapping, got {document['config']!r}")
        return cls(path, project, document)

    @property
    def salt(self) -> str:
        return str(self.document.get("encryptionsalt") or "")

    @salt.setter
    def salt(self, value: str) -> None:
        if hasattr(self.document, "insert") and "encryptionsalt" not in self.document:
            self.document.insert(0, "encryptionsalt", value)
        else:
            self.document["encryptionsalt"] = value

    def values(self) -> Iterator[tuple[str, Any]]:
        """Full keys and values as they stand in the file, sorted by key."""
        config = self.document.get("config") or {}
        for key in config:
            if ":" not in str(key):
                raise CommandError(f"{self.path}: config: {_no_key(str(key))}")
        yield from sorted((full_key(str(k), self.project), v) for k, v in config.items())

    @property
    def secret_keys(self) -> frozenset[str]:
        return frozenset(key for key, value in self.values() if holds_secret(value))

    def texts(self, decrypt: Decrypt) -> dict[str, str]:
        """All values as the program is to get them."""
        return {key: text_of(plain(value, decrypt)) for key, value in self.values() if value is not None}

    def get(self, key: str, steps: list[Step]) -> Any:
        """The value at a place; KeyError when there is none."""
        value: Any = dict(self.values())[key]
        for step in steps:
            if not isinstance(value, (dict, list)) or isinstance(value, list) != isinstance(step, int):
                raise KeyError(step)
            try:
                value = value[step]  # type: ignore[index]  # a list has an index here, a mapping a name
            except IndexError as error:
                raise KeyError(step) from error
        return value

    def set(self, key: str, steps: list[Step], value: Any) -> None:
        holder: Any = self._config()
        last: Step = self._own_name(key)
        for step in steps:
            inside = _child(holder, last)
            if not isinstance(inside, list if isinstance(step, int) else dict):
                inside = [] if isinstance(step, int) else {}
                _put(holder, last, inside)
            holder, last = inside, step
        _put(holder, last, value)

    def remove(self, key: str, steps: list[Step]) -> bool:
        """Take a value out; whether it was there."""
        path = [self._own_name(key), *steps]
        holder: Any = self._config()
        for step in path[:-1]:
            holder = _child(holder, step)
        if _child(holder, path[-1]) is None:
            return False
        del holder[path[-1]]
        return True

    def save(self) -> None:
        mode = self.path.stat().st_mode & 0o777 if self.path.exists() else 0o644
        atomic.write(self.path, yaml_text.written(self.document).encode(), mode=mode)

    def _config(self) -> Any:
        if self.document.get("config") is None:
            self.document["config"] = {}
        return self.document["config"]

    def _own_name(self, key: str) -> str:
        """The key as the file writes it, which may be an old way."""
        return next((str(k) for k in self._config() if full_key(str(k), self.project) == key), key)


def _child(holder: Any, step: Step) -> Any:
    if isinstance(holder, dict):
        return holder.get(step)
    return holder[step] if isinstance(holder, list) and isinstance(step, int) and step < len(holder) else None


def _put(holder: Any, step: Step, value: Any) -> None:
    if isinstance(holder, list) and isinstance(step, int) and step == len(holder):
        holder.append(value)
    elif isinstance(holder, list) and (not isinstance(step, int) or step > len(holder)):
        raise CommandError(f"index {step} is beyond the end of the list")
    else:
        holder[step] = value
