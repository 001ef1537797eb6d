"""What is kept of each run: its record, the state after it, and a backup of that state."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from engine.errors import CommandError, in_line
from engine.state import backend as backends
from engine.state import checkpoint, documents, forms
from engine.state.checkpoint import ENGINE_VERSION

KINDS: Final = {"update": "update", "refresh": "refresh", "destroy": "destroy", "import": "resource-import"}
LATEST: Final = 253402300799  # the end of the year 9999, in seconds since 1970: no later day can be shown
SYSTEMS: Final = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass
class Record:
    """One run.  Times are whole seconds since 1970; ``config`` is as in the stack file, secrets encrypted."""

    kind: str  # one of the values of KINDS
    start: int
    config: Mapping[str, Any]
    succeeded: bool = True
    end: int = 0
    changes: Mapping[str, int] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "startTime": self.start,
            "message": "",
            "environment": _environment(self.flags),
            "config": dict(sorted(self.config.items())),
            "version": 0,
            "result": "succeeded" if self.succeeded else "failed",
            "endTime": self.end,
            "resourceChanges": {op: n for op, n in sorted(self.changes.items()) if n},
        }


def _environment(flags: Mapping[str, str]) -> dict[str, str]:
    """The keys that `pulumi stack history` shows; values of variables are not among them."""
    values = {
        "exec.kind": "cli",
        "pulumi.arch": SYSTEMS.get(platform.machine(), platform.machine()),
        "pulumi.os": sys.platform,
        "pulumi.version": ENGINE_VERSION,
        "runtime.executable": sys.executable,
        "runtime.name": "python",
        "runtime.version": platform.python_version(),
        "stack.environments": "[]",
        "updatePlan": "false",
    }
    values |= {f"pulumi.env.{name}": "set" for name in os.environ if name.startswith("PULUMI_")}
    values |= {f"pulumi.flag.{name}": value for name, value in flags.items()}
    return dict(sorted(values.items()))


def keep(backend: backends.Backend, stack: str, record: Record) -> None:
    """Write the record, and the state as it is now beside it and among the backups, all in the form of the state."""
    state, form = backend.read(stack), forms.form_of(backend.state_file(stack))
    stamp = _next_stamp(backend, stack)
    line = json.dumps(record.document(), ensure_ascii=False, separators=(",", ":")).encode()
    folder, name = backend.history(stack), f"{stack}-{stamp}"
    record_file = folder / f"{name}.history.json{form}"
    backends.with_attributes(folder / f"{name}.checkpoint.json{form}", state, durable=False)
    backends.with_attributes(record_file, forms.packed(line, record_file), durable=False)
    backends.with_attributes(backend.backups(stack) / f"{stack}.{stamp}.json{form}", state)


def _next_stamp(backend: backends.Backend, stack: str) -> int:
    """Now, in ns since 1970, but behind all that was kept before: the clock may have been set back since."""
    records = [_stamp_of(file) for file in forms.matching(backend.history(stack), "[!.]*.history.json")]
    backups = [_stamp_of(file, ".") for file in forms.matching(backend.backups(stack), "[!.]*.json")]
    return max([time.time_ns(), *(stamp + 1 for stamp in (*records, *backups))])


@dataclass(frozen=True)
class Past:
    """A run that was kept.  ``version`` counts from 1, the oldest; ``checkpoint`` is the state that it left."""

    version: int
    record: dict[str, Any]
    checkpoint: Path


def past(backend: backends.Backend, stack: str) -> list[Past]:
    """The runs of a stack, the newest first.  Raises `CommandError` for a record that can't be read."""
    files = sorted(forms.matching(backend.history(stack), "[!.]*.history.json"), key=_stamp_of)
    return [_past(number, file) for number, file in reversed(list(enumerate(files, 1)))]


def _stamp_of(file: Path, before: str = "-") -> int:
    stamp = forms.plain(file.name).removesuffix(".json").removesuffix(".history").rpartition(before)[2]
    return int(stamp) if stamp.isdecimal() else 0


def _past(version: int, file: Path) -> Past:
    try:
        record = documents.parse(file.read_bytes())
        wrong = _wrong_with(record)
    except (OSError, documents.Malformed) as error:
        wrong = str(error)
    if wrong:
        raise CommandError(f"{file}: not a record of a run: {in_line(wrong)}")
    name = forms.plain(file.name).removesuffix(".history.json") + ".checkpoint.json"
    beside = forms.all_of(file.with_name(name))  # the CLI may have copied it in another form
    return Past(version, record, beside[0] if beside else file.with_name(name))


def _wrong_with(record: Any) -> str:
    """What of a record could not be told, in a few words; "" when nothing."""
    if not isinstance(record, dict):
        return "it is no object"
    for key in ("kind", "result"):
        if not isinstance(record.get(key), str):
            return f"{key} is no text"
    for key in ("startTime", "endTime"):
        when = record.get(key)
        if type(when) is not int or not 0 <= when <= LATEST:
            return f"{key} is no time in seconds since 1970"
    for key in ("config", "environment", "resourceChanges"):
        if not isinstance(record.get(key) or {}, dict):
            return f"{key} is no object"
    return "message is no text" if not isinstance(record.get("message", ""), str) else ""


def state_of(backend: backends.Backend, stack: str, version: int) -> checkpoint.Json:
    """The state that a run left.  Raises `CommandError` when there is none of that number."""
    runs = {run.version: run for run in past(backend, stack)}
    if version not in runs:
        have = f"there is 1 to {len(runs)}" if runs else "nothing was ever kept"
        listed = backend.wording.command("stack history", stack)
        raise CommandError(f"stack '{stack}' has no version {version}: {have} (`{listed}`)")
    file = runs[version].checkpoint
    try:
        return checkpoint.parse(file.read_bytes())
    except OSError as error:
        raise CommandError(f"version {version}: {file}: {error.strerror}") from error
    except checkpoint.Malformed as error:
        raise CommandError(f"version {version}: {file} is damaged ({error})") from error
