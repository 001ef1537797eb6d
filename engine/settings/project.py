"""Pulumi.yaml, and which of its stacks is at hand."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ruamel.yaml.error import YAMLError

from engine.errors import CommandError, cut, in_line, unsupported
from engine.settings import yaml_limits, yaml_text
from engine.state import atomic, documents
from engine.state.backend import ORGANIZATION, home

FILE: Final = "Pulumi.yaml"
STACK_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")  # the CLI's rule, for stacks and projects
KNOWN: Final = frozenset(
    {
        "name",
        "description",
        "author",
        "license",
        "website",
        "tags",
        "runtime",
        "main",
        "backend",
        "options",
        "plugins",
    }
)


@dataclass(frozen=True)
class ProjectFile:
    """What the engine reads of Pulumi.yaml; ``program`` is the folder or file to run."""

    name: str
    path: Path
    program: Path
    backend_url: str = ""
    refresh: bool = False

    @property
    def root(self) -> Path:
        return self.path.parent


def find(folder: Path) -> ProjectFile:
    """The project of ``folder`` or of the nearest folder above it that has one."""
    for place in (folder, *folder.parents):
        if (place / FILE).is_file():
            return read(place / FILE)
    raise CommandError(
        "no Pulumi.yaml project file found (searching upwards from "
        f"{folder}). If you have not created a project yet, use `pulumi new` to do so"
    )


def read(path: Path) -> ProjectFile:
    document = load_yaml(path)
    unknown = sorted(str(key) for key in set(document) - KNOWN)
    if unknown:
        raise unsupported(f"{path}: {', '.join(unknown)}")
    name = document.get("name")
    if not isinstance(name, str) or not name:
        raise CommandError(f"{path}: project is missing a 'name' attribute")
    if not STACK_NAME.fullmatch(name) or len(name) > 100 or name in (".", ".."):
        raise CommandError(
            f"{path}: name: {documents.short(name)} is no project name; allowed: up to 100 letters, digits, hyphens, "
            "underscores and periods"
        )
    _require_python(path, document.get("runtime"))
    backend, options = _mapping(document, "backend", path), _mapping(document, "options", path)
    return ProjectFile(
        name=name,
        path=path,
        program=path.parent / str(document.get("main") or ""),
        backend_url=str(backend.get("url") or ""),
        refresh=options.get("refresh") == "always",
    )


def load_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping (an empty file is an empty one); any fault is one line that names file and line."""
    reader = yaml_text.round_trip()
    try:
        text = _text(path)
        clear = yaml_limits.check(reader.parse(text))
        document = reader.load(text) if clear else None
    except yaml_limits.Beyond as error:
        raise CommandError(f"{path}: {error}") from error
    except YAMLError as error:
        raise CommandError(f"{path}: not valid YAML: {one_line(error)}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    except RecursionError as error:
        raise CommandError(
            f"{path}: not valid YAML: nested deeper than {yaml_limits.DEEPEST} levels"
        ) from error
    except Exception as error:  # what the reader itself trips over: a date of month 13, a tag without a value
        raise CommandError(f"{path}: not valid YAML: {in_line(str(error))}") from error
    if not clear:
        raise CommandError("\n".join(f"{path}: {line}" for line in yaml_text.unclear(text)))
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise CommandError(f"{path}: expected a mapping, got {type(document).__name__}")
    wrong = yaml_limits.why_not(document)
    if wrong:
        raise CommandError(f"{path}: {wrong}")
    return document


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(yaml_limits.LARGEST + 1)  # of a device there would be no end
    if len(data) > yaml_limits.LARGEST:
        raise yaml_limits.Beyond(f"is too large; allowed: up to {yaml_limits.LARGEST} bytes")
    return data.decode("utf-8-sig")


def one_line(error: YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
    line = f"line {mark.line + 1}: {problem}" if mark is not None else problem
    return in_line(line)


def _mapping(document: Mapping[str, Any], key: str, path: Path) -> Mapping[str, Any]:
    value = document.get(key) or {}
    if not isinstance(value, dict):
        raise CommandError(f"{path}: {key}: expected a mapping, got {value!r}")
    return value


def _require_python(path: Path, runtime: Any) -> None:
    name = runtime.get("name") if isinstance(runtime, dict) else runtime
    if not name:
        raise CommandError(f"{path}: project is missing a 'runtime' attribute")
    if name != "python":
        raise unsupported(f"{path}: runtime {name}")


def stack_name(text: str, project: str) -> str:
    """The bare name in ``stack``, ``project/stack`` or ``organization/project/stack``."""
    parts = text.split("/")
    name = parts[-1]
    wrong = ""
    if len(parts) > 3 or not STACK_NAME.fullmatch(name):
        wrong = "a stack name may only contain alphanumeric, hyphens, underscores, or periods"
    elif len(name) > 100:
        wrong = "a stack name cannot exceed 100 characters"
    elif name in (".", ".."):
        wrong = "it is a folder's; allowed: a name with a letter or a digit"
    if wrong:
        raise CommandError(f"invalid stack name {cut(text, 60)!r}: {wrong}")
    if len(parts) == 3 and parts[0] != ORGANIZATION:
        raise CommandError(f"organization must be '{ORGANIZATION}', got {parts[0]!r}")
    if len(parts) > 1 and parts[-2] != project:
        raise CommandError(f"provided project name {parts[-2]!r} doesn't match Pulumi.yaml ({project!r})")
    return name


def _selection_file(project: ProjectFile, environment: Mapping[str, str]) -> Path:
    digest = hashlib.sha1(str(project.path.absolute()).encode(), usedforsecurity=False).hexdigest()
    return home(environment) / "workspaces" / f"{project.name}-{digest}-workspace.json"


def selected(project: ProjectFile, environment: Mapping[str, str] = os.environ) -> str:
    """The stack that PULUMI_STACK names or `stack select` chose; empty when there is none."""
    text = environment.get("PULUMI_STACK", "")
    if not text:
        try:
            text = json.loads(_selection_file(project, environment).read_text())["stack"]
        except (OSError, ValueError, KeyError, TypeError):
            return ""
    return stack_name(str(text), project.name) if text else ""


def select(project: ProjectFile, stack: str, environment: Mapping[str, str] = os.environ) -> None:
    """Remember the stack as the CLI would; an empty name forgets it."""
    file = _selection_file(project, environment)
    if not stack:
        file.unlink(missing_ok=True)
        return
    atomic.write(file, json.dumps({"stack": f"{ORGANIZATION}/{project.name}/{stack}"}, indent=4).encode())


@functools.cache
def package_version(package: str) -> str:
    """The version of the package's SDK that programs here use: default providers carry it in their names."""
    try:
        return importlib.metadata.version(f"pulumi-{package}")
    except importlib.metadata.PackageNotFoundError:
        return ""
