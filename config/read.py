"""From YAML text to checked models; every fault becomes a `Problem`, none a traceback."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, Union

import yaml  # type: ignore[import-untyped]
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.errors import ConfigError, Problem
from config.fleet import Fleet
from config.settings import NAMESPACE, Settings, names_of_secrets
from config.yaml_text import DEEPEST, Loader, Unclear
from plain_yaml import scalars

M = TypeVar("M", bound=BaseModel)


LARGEST = 4 << 20  # bytes


def yaml_mapping(path: Path, shown: str, asked_by: str) -> dict[str, Any]:
    """The mapping in a YAML file; ``shown`` names the file in messages, ``asked_by`` who wants it."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)  # of a device there would be no end
    except (OSError, ValueError) as fault:  # ValueError: a NUL in its name
        why = (fault.strerror if isinstance(fault, OSError) else str(fault)) or "can't be read"
        raise ConfigError([Problem(shown, asked_by, why, "a readable YAML file")]) from fault
    return _mapping_in(data, shown, asked_by)


def _mapping_in(data: bytes, shown: str, asked_by: str) -> dict[str, Any]:
    try:
        if len(data) > LARGEST:
            why = "is too large"
            raise ConfigError([Problem(shown, asked_by, why, f"a file of up to {LARGEST} bytes")])
        value = yaml.load(data.decode("utf-8-sig"), Loader)
    except UnicodeDecodeError as fault:
        raise ConfigError([Problem(shown, asked_by, "is no UTF-8 text", "a readable YAML file")]) from fault
    except Unclear as fault:
        raise ConfigError(
            Problem(shown, f"line {line}: {path}", scalars.why_not(text), scalars.allowed(text))
            for path, text, line in fault.found
        ) from fault
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark
        at = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the file"
        raise ConfigError([Problem(shown, at, str(fault.problem), "YAML, each key once")]) from fault
    except (
        yaml.YAMLError,
        ValueError,
        TypeError,
        OverflowError,
    ) as fault:  # a key that is a list
        raise ConfigError([Problem(shown, "the file", str(fault), "YAML")]) from fault
    except RecursionError as fault:
        why = f"is nested deeper than {DEEPEST} levels"
        raise ConfigError([Problem(shown, "the file", why, "YAML")]) from fault
    if not isinstance(value, dict):
        raise ConfigError([Problem(shown, "the file", "is no mapping", "a mapping of keys to values")])
    return value


def fleet_file(root: Path, relative: str) -> Fleet:
    """The fleet file at a path relative to the project's root."""
    declared = yaml_mapping(root / relative, relative, "the fleet's file")
    return checked(Fleet, declared, relative, "")


def stack_file(path: Path) -> dict[str, Any]:
    """The ``trop:`` settings of a Pulumi.<stack>.yaml, without the namespace; for those who run outside Pulumi."""
    return _own(yaml_mapping(path, path.name, "the stack's file"), path.name)


def same_for_every_reader(path: Path) -> None:
    """Raises `ConfigError` for a file that can't be read, or whose plain values readers of YAML take differently.

    The Pulumi CLI has read them before the program is asked: what it took them for can't be seen in a value any more.
    """
    if path.is_file():
        stack_file(path)


def stack_text(text: str, shown: str) -> dict[str, Any]:
    """The same of a file's text."""
    return _own(_mapping_in(text.encode(), shown, "the stack's file"), shown)


def _own(file: Mapping[str, Any], shown: str) -> dict[str, Any]:
    values = file.get("config") or {}
    if not isinstance(values, dict):
        raise ConfigError([Problem(shown, "config", "is no mapping", "a mapping of keys to values")])
    own = {str(k).removeprefix(NAMESPACE): v for k, v in values.items() if str(k).startswith(NAMESPACE)}
    return names_of_secrets(own)


def stack_settings(values: Mapping[str, Any], source: str) -> Settings:
    return checked(Settings, values, source, NAMESPACE)


def checked(model: type[M], values: Mapping[str, Any], file: str, prefix: str) -> M:
    """The model of these values, or a `ConfigError` with all that is wrong with them; ``prefix`` goes before paths."""
    try:
        return model.model_validate(values)
    except ValidationError as fault:
        raise ConfigError([_problem(model, e, file, prefix) for e in fault.errors()]) from fault


def _problem(model: type[BaseModel], error: ErrorDetails, file: str, prefix: str) -> Problem:
    loc = [part for part in error["loc"] if part != "[key]"]
    path = prefix + ".".join(str(part) for part in loc)
    if error["type"] == "extra_forbidden":
        keys = sorted(field.alias or name for name, field in _model_at(model, loc[:-1]).model_fields.items())
        return Problem(file, path, "unknown key", ", ".join(keys))
    if error["type"] == "missing":
        return Problem(file, path, "is missing", "a value")
    value = loc[-1] if "[key]" in error["loc"] else error["input"]
    mapping = error["type"] in ("dict_type", "model_type")
    said = error["msg"].removeprefix("Input should be ").replace("or False", "or false")  # as YAML spells it
    allowed = "a mapping of keys to values" if mapping else said
    return Problem(file, path, f"{_short(value)} is not accepted", allowed)


def _model_at(model: type[BaseModel], loc: list[int | str]) -> type[BaseModel]:
    """The model at a path of keys that begins in ``model``."""
    found: Any = model
    for part in loc:
        if isinstance(found, type) and issubclass(found, BaseModel):
            fields = found.model_fields
            found = next(f.annotation for n, f in fields.items() if part in (n, f.alias))
        else:
            found = typing.get_args(found)[-1]
        if typing.get_origin(found) in (Union, types.UnionType):
            found = typing.get_args(found)[0]
    assert isinstance(found, type)
    assert issubclass(found, BaseModel)
    return found


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
