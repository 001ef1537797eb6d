"""What the program wants, taken from its RegisterResource; what this engine can't do is refused by name."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from engine.options import CLI, Project, UnsupportedError
from engine.run import aliases
from engine.run.aliases import Alias
from engine.state import urns
from engine.state.records import Resource
from engine.state.values import Props, Secret, from_wire

UNSUPPORTED = {  # field of the request -> name of the option in a Python program
    "state_migrations": "state_migrations",
    "hideDiffs": "hide_diffs",
    "envVarMappings": "env_var_mappings",
    "pluginDownloadURL": "plugin_download_url",
    "packageRef": "a parameterized package",
    "remote": "a remote component",
}
DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


@dataclass(kw_only=True)
class Goal(Resource):
    """One resource of the program, and what no record has.

    ``provider`` is a reference, empty for the default provider of ``version``.  ``former`` says what it was called
    before.  Of what is left open (None), protection and retention are the parent's.
    """

    version: str = ""
    protection: bool | None = None
    retention: bool | None = None
    delete_before_replace: bool | None = None
    former: list[Alias] = field(default_factory=list)

    def record(self) -> Resource:
        """The record of this goal, before any provider has seen it."""
        return self.copy(protect=bool(self.protection), retain_on_delete=bool(self.retention))


def from_request(request: Any, project: Project) -> Goal:
    """The goal of a RegisterResourceRequest.  Raises `UnsupportedError`."""
    _refuse(request)
    urn = urns.make(project.stack, project.name, request.parent, request.type, request.name)
    return Goal(
        urn=urn,
        type=request.type,
        custom=request.custom,
        parent=request.parent,
        inputs=from_wire(request.object),
        provider=request.provider,
        version=request.version,
        protection=request.protect if request.HasField("protect") else None,
        retention=request.retainOnDelete if request.HasField("retainOnDelete") else None,
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        dependencies=sorted(request.dependencies),
        property_dependencies={k: sorted(v.urns) for k, v in sorted(request.propertyDependencies.items())},
        ignore_changes=list(request.ignoreChanges),
        replace_on_changes=list(request.replaceOnChanges),
        additional_secret_outputs=list(request.additionalSecretOutputs),
        custom_timeouts=_timeouts(request.customTimeouts),
        import_id=request.importId,
        deleted_with=request.deletedWith,
        replace_with=sorted(request.replace_with),
        source_position=position(request.sourcePosition, project.root),
        stack_trace=trace(request.stackTrace, project.root),
        former=aliases.from_request(request),
    )


def default_provider(project: Project, package: str, version: str) -> Goal:
    """The default provider of a package, configured by the stack's ``<package>:*`` settings."""
    type_ = urns.PROVIDER_PREFIX + package
    ours = {k: v for k, v in sorted(project.config.items()) if k.startswith(f"{package}:")}
    inputs: Props = {
        k.partition(":")[2]: Secret(v) if k in project.secret_keys else v for k, v in ours.items()
    }
    if version:
        inputs["version"] = version
    name = urns.default_provider_name(version)
    return Goal(
        urn=urns.make(project.stack, project.name, "", type_, name), type=type_, custom=True, inputs=inputs
    )


def _refuse(request: Any) -> None:
    wanted = [name for key, name in UNSUPPORTED.items() if getattr(request, key)]
    if request.HasField("hooks") and request.hooks.ListFields():
        wanted.append("hooks")
    if request.HasField("replacement_trigger"):
        wanted.append("replacement_trigger")
    if wanted:
        names = ", ".join(sorted(set(wanted)))
        raise UnsupportedError(
            f"resource '{request.name}' asks for {names}: this engine does not have that; {CLI}"
        )


def _timeouts(timeouts: Any) -> dict[str, float]:
    """Seconds by operation; those not set are absent."""
    texts = {k: getattr(timeouts, k) for k in ("create", "update", "delete", "read")}
    return {k: seconds(v) for k, v in texts.items() if v}


def seconds(text: str) -> float:
    """Seconds of a Go duration such as ``1h30m``.  Raises `UnsupportedError` for anything else."""
    parts = DURATION.findall(text)
    if "".join(n + unit for n, unit in parts) != text:
        raise UnsupportedError(f"custom_timeouts: '{text}' is not a duration such as 90s, 10m or 1h30m")
    return sum(float(n) * SECONDS[unit] for n, unit in parts)


def position(source: Any, root: Path) -> str:
    """``project:///__main__.py#60`` for a file of the project; empty for others, whose paths mean nothing elsewhere."""
    path = _in_project(source.uri, root)
    return f"project:///{path}#{source.line}" if path else ""


@functools.lru_cache(maxsize=4096)
def _in_project(uri: str, root: Path) -> str:
    path = Path(unquote(urlparse(uri).path)) if uri.startswith("file:") else None
    return path.relative_to(root).as_posix() if path is not None and path.is_relative_to(root) else ""


def trace(stack: Any, root: Path) -> list[dict[str, str]]:
    """The project's own frames."""
    places = [position(frame.pc, root) for frame in stack.frames]
    return [{"sourcePosition": place} for place in places if place]
