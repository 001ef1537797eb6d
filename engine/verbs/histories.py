"""`stack history`: the runs that a stack has had.  `stack export --version` takes a state by the number told here."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from engine.context import Context
from engine.display.words import ago, duration
from engine.errors import CommandError
from engine.settings.stackfile import is_secret, masked, plain
from engine.state import history
from engine.state.checkpoint import Json
from engine.state.history import Past
from engine.verbs.settings import entry

PAGE = 10


def show(context: Context) -> int:
    """The newest run first, page by page."""
    context.backend.require(context.stack)
    parsed = context.parsed
    size, page = int(parsed.values.get("page-size", PAGE)), int(parsed.values.get("page", 1))
    if size < 1 or page < 1:
        raise CommandError("--page-size and --page: expected numbers from 1 on")
    found = history.past(context.backend, context.stack)
    if parsed.given("page-size") or parsed.given("page"):
        found = found[(page - 1) * size : page * size]
    if parsed.on("json"):
        context.console.json([_document(context, run) for run in found])
    elif not found:
        context.console.print("Stack has never been updated")
    else:
        for run in found:
            context.console.print("\n".join([*_lines(run, parsed.on("full-dates")), ""]))
    return 0


def _document(context: Context, run: Past) -> Json:
    """One run as --json has it: times in words of the CLI's, settings as `config --json` shows them."""
    record = run.record
    return {
        "version": run.version,
        "kind": record["kind"],
        "startTime": _stamp(record["startTime"]),
        "message": record.get("message"),
        "environment": record.get("environment"),
        "config": _settings(context, record.get("config") or {}),
        "result": record["result"],
        "endTime": _stamp(record["endTime"]),
        "resourceChanges": record.get("resourceChanges") or {},
    }


def _settings(context: Context, config: Json) -> Json:
    """The settings as the run had them; secrets are decrypted only when they are to be shown."""
    show = context.parsed.on("show-secrets")
    decrypt = context.vault(context.document()).decrypt_setting if show else masked
    return {k: entry(plain(v, decrypt), is_secret(v), show) for k, v in sorted(config.items())}


def _stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _lines(run: Past, full_dates: bool) -> list[str]:
    record = run.record
    changes: dict[str, Any] = record.get("resourceChanges") or {}
    create, delete, update, same = (changes.get(op, 0) for op in ("create", "delete", "update", "same"))
    when = _stamp(record["startTime"]) if full_dates else ago(max(0.0, time.time() - record["startTime"]))
    took = duration(max(0, record["endTime"] - record["startTime"]))
    return [
        f"Version: {run.version}",
        f"UpdateKind: {record['kind']}",
        f"Status: {record['result']}",
        f"Message: {record.get('message', '')}",
        f"+{create}-{delete}~{update} {same} Updated {when} took {took}",
        *(f"    {key}: {value}" for key, value in sorted((record.get("environment") or {}).items())),
    ]
