"""`config`: the settings of a stack, in its file."""

from __future__ import annotations

import getpass
import math
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.context import Context
from engine.errors import CommandError, in_line
from engine.settings.stackfile import (
    Step,
    full_key,
    holds_secret,
    masked,
    plain,
    short_key,
    split_path,
    text_of,
)
from engine.state.checkpoint import Json
from engine.verbs.contents import columns

# What is longer is no number that every reader can hold.
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")


def _place(context: Context, text: str) -> tuple[str, list[Step]]:
    if context.parsed.on("path"):
        return split_path(text, context.project.name)
    return full_key(text, context.project.name), []


def list_(context: Context) -> int:
    context.backend.require(context.stack)
    show = context.parsed.on("show-secrets")
    file = context.stack_file
    decrypt = context.vault(context.document()).decrypt_setting if show and file.secret_keys else masked
    values = {k: plain(v, decrypt) for k, v in file.values()}
    if context.parsed.on("json"):
        context.console.json({k: entry(v, k in file.secret_keys, show) for k, v in values.items()})
        return 0
    rows = [[short_key(k, context.project.name), text_of(v)] for k, v in values.items()]
    context.console.print(columns([["KEY", "VALUE"], *rows]))
    return 0


def entry(value: Any, secret: bool, show: bool) -> Json:
    """A setting as --json has it; a secret has no value unless it is to be shown."""
    entry: Json = {}
    if show or not secret:
        entry["value"] = text_of(value)
        if isinstance(value, (dict, list)):
            entry["objectValue"] = value
    return entry | {"secret": secret}


def get(context: Context) -> int:
    context.backend.require(context.stack)
    text = context.parsed.words[0]
    key, steps = _place(context, text)
    file = context.stack_file
    try:
        value = file.get(key, steps)
    except KeyError:
        shown = text if steps else short_key(key, context.project.name)
        raise CommandError(f"configuration key '{shown}' not found for stack '{context.stack}'") from None
    secret = holds_secret(value)
    found = plain(value, context.vault(context.document()).decrypt_setting if secret else masked)
    if context.parsed.on("json"):
        context.console.json(entry(found, secret, True))
    else:
        context.console.print(text_of(found))
    return 0


def set_(context: Context) -> int:
    context.backend.require(context.stack)
    key, steps = _place(context, context.parsed.words[0])
    secret, kind = context.parsed.on("secret"), context.parsed.text("type")
    if kind and (secret or context.parsed.on("plaintext")):
        raise CommandError("--type can't be given together with --secret or --plaintext")
    text = _given_value(context, secret)
    file = context.stack_file
    guessed = context.parsed.on("path") and steps and not secret
    value: Any = _of_type(text, kind) if kind else _typed(text) if guessed else text
    if secret:
        vault = context.vault(context.document())
        value = {"secure": vault.own.encrypt(text)}
        file.salt = vault.salt  # which may have been only in the state
    file.set(key, steps, value)
    file.save()
    return 0


def _given_value(context: Context, secret: bool) -> str:
    if len(context.parsed.words) > 1:
        return context.parsed.words[1]
    if context.console.interactive:
        return getpass.getpass("value: ") if secret else input("value: ")
    try:
        return sys.stdin.buffer.read().decode().removesuffix("\n")
    except UnicodeError as error:
        raise CommandError("the value on standard input is no UTF-8 text") from error


def _typed(text: str) -> Any:
    """A value inside a structure: true, false and whole numbers are what they look like."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if _WHOLE.fullmatch(text) else text


def _whole(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) else None


def _number(text: str) -> float | None:
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


# What ``--type`` can say: how the text is read, None where it is none; and what is allowed.
_TYPES: Final[Mapping[str, tuple[Callable[[str], Any], str]]] = {
    "string": (str, "any text"),
    "bool": ({"true": True, "false": False}.get, "true or false"),
    "int": (_whole, "a whole number of up to 18 digits"),
    "float": (_number, "a number, as 1.5"),
}


def _of_type(text: str, kind: str) -> Any:
    if kind not in _TYPES:
        raise CommandError(f"--type {in_line(kind)} is unknown; allowed: {', '.join(_TYPES)}")
    read, allowed = _TYPES[kind]
    value = read(text)
    if value is None:
        raise CommandError(f"--type {kind}: {in_line(text)} is not accepted; allowed: {allowed}")
    return value


def rm(context: Context) -> int:
    context.backend.require(context.stack)
    key, steps = _place(context, context.parsed.words[0])
    if context.stack_file.remove(key, steps):
        context.stack_file.save()
    return 0
