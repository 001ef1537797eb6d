"""A recorded run, done again by the engine: same program, same stub provider, same faults."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.deployment import run
from engine.events import Diagnostic, Event, StepDone
from engine.options import Cancellation, Import, Kind, Options, Project, Result
from engine.run.imports import parse, resolve
from engine.run.pending import settle
from engine.scope import Scope
from engine.state.records import Snapshot
from tests.engine.recordings.reading import HERE, Call, Step

PROGRAM = HERE / "program"
CONFIG = {"libvirt:uri": "qemu:///system", "trop:token": "s3cr3t"}
ARGS = ("olds", "news", "old_inputs", "inputs", "properties", "ignoreChanges", "args", "tok")


def load_stub() -> Any:
    spec = importlib.util.spec_from_file_location("stub_provider", PROGRAM / "prov" / "__main__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


STUB = load_stub()


@dataclass
class Stack:
    """A stack between runs: its state, and the world of the stub as text."""

    snapshot: Snapshot = field(default_factory=Snapshot)
    world: str = ""


@dataclass
class Replayed:
    """What a replayed step came to: a run, or two (preview and update)."""

    results: list[Result]
    calls: list[Call]
    events: list[Event]
    saves: list[Snapshot]
    stack: Stack

    def diagnostics(self, severity: str = "error") -> list[str]:
        return [e.message for e in self.events if isinstance(e, Diagnostic) and e.severity == severity]

    def done(self) -> list[tuple[str, str]]:
        return [(e.step.op, e.step.urn) for e in self.events if isinstance(e, StepDone)]


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    saved = {k: v for k, v in os.environ.items() if k.startswith("TROP_")}
    for key in saved:
        del os.environ[key]
    os.environ.update(variables)
    try:
        yield
    finally:
        for key in [k for k in os.environ if k.startswith("TROP_")]:
            del os.environ[key]
        os.environ.update(saved)


def imports_of(step: Step) -> tuple[Import, ...]:
    """What a recorded import file asks for; a step that has none of its own takes that of 15/11."""
    if "resources.json" not in step.command:
        return ()
    text = step.text("resources.json") or Step("15/11-cli-file").text("resources.json") or ""
    protect = "--protect=false" not in step.command
    return resolve(parse(text.encode(), "resources.json"), "trop02", "trop", protect, lambda _: "", "file")


def scope_of(words: list[str]) -> Scope:
    """The part of the stack that a command line names."""

    def after(flag: str) -> tuple[str, ...]:
        return tuple(words[i + 1] for i, word in enumerate(words) if word == flag)

    return Scope(
        targets=after("--target"),
        target_dependents="--target-dependents" in words,
        excludes=after("--exclude"),
        exclude_protected="--exclude-protected" in words,
        replaces=after("--replace"),
    )


def runs_of(command: str, imports: tuple[Import, ...] = ()) -> list[tuple[Kind, Options]]:
    """The engine's runs that a command line stands for."""
    words = shlex.split(command)
    verb = words[1]
    refresh = "--refresh" in words
    parallel = int(words[words.index("--parallel") + 1]) if "--parallel" in words else 16
    kinds: dict[str, Kind] = {
        "up": "update",
        "preview": "preview",
        "refresh": "refresh",
        "destroy": "destroy",
        "import": "import",
    }
    scope = scope_of(words)
    ahead = Options(preview=True, refresh=refresh, parallel=parallel, imports=imports, scope=scope)
    real = Options(
        refresh=refresh,
        parallel=parallel,
        continue_on_error="--continue-on-error" in words,
        imports=imports,
        scope=scope,
        run_program="--run-program" in words,
    )
    if verb == "preview" or "--preview-only" in words:
        return [(kinds[verb], ahead)]
    return [(kinds[verb], real)] if "--skip-preview" in words else [(kinds[verb], ahead), (kinds[verb], real)]


def replay(
    step: Step,
    stack: Stack,
    folder: Path,
    config: dict[str, str] | None = None,
    refresh: bool = False,
    cancellation: Cancellation | None = None,
    command: str = "",
) -> Replayed:
    """Do a recorded step again, from ``stack``, with files of the stub in ``folder``."""
    variables, faults = step.variant()
    if "--clear-pending-creates" in step.command:
        snapshot = replace(stack.snapshot)
        settle(snapshot, {}, forget=True)
        stack = replace(stack, snapshot=snapshot)
    return play(
        stack,
        folder,
        runs_of(command or step.command, imports_of(step)),
        variables,
        faults,
        config or CONFIG,
        refresh,
        cancellation,
    )


def play(
    stack: Stack,
    folder: Path,
    runs: list[tuple[Kind, Options]],
    variables: dict[str, str] | None = None,
    faults: dict[str, Any] | None = None,
    config: dict[str, str] | None = None,
    refresh: bool = False,
    cancellation: Cancellation | None = None,
    program: Any = PROGRAM / "__main__.py",
) -> Replayed:
    log, world = _prepare(folder, stack.world, faults or {})
    project = Project(
        name="trop",
        stack="trop02",
        root=PROGRAM,
        config=CONFIG if config is None else config,
        secret_keys=frozenset({"trop:token"}),
    )
    out = Replayed([], [], [], [], stack)
    snapshot = stack.snapshot
    with environment(variables or {}):
        for kind, options in runs:
            if refresh:
                options = Options(preview=options.preview, refresh=True, parallel=options.parallel)
            providers = {"libvirt": STUB.Stub}
            work = run(
                kind,
                options,
                snapshot,
                project,
                out.events.append,
                out.saves.append,
                providers,
                program,
                cancellation,
            )
            result = asyncio.run(work)
            out.results.append(result)
            snapshot = result.snapshot
            if result.failed:
                break
    out.calls = read_log(log)
    out.stack = Stack(snapshot, world.read_text())
    return out


def _prepare(folder: Path, text: str, faults: dict[str, Any]) -> tuple[Path, Path]:
    """The stub's files: its log and its world."""
    log, world, fault_file = folder / "log", folder / "world", folder / "faults"
    log.write_text("")
    world.write_text(text)
    fault_file.write_text(json.dumps(_hurried(faults)))
    STUB.LOG, STUB.WORLD, STUB.FAULTS = str(log), str(world), str(fault_file)
    return log, world


def _hurried(faults: dict[str, Any]) -> dict[str, Any]:
    """The faults with sleeps a tenth as long."""
    return {
        k: {name: s / 10 for name, s in v.items()} if k.endswith("_sleep") else v for k, v in faults.items()
    }


def read_log(path: Path) -> list[Call]:
    calls = []
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        if entry["ev"] != "start":
            continue
        request = entry["req"]
        urn = request.get("urn", "")
        args = {k: v for k, v in request.items() if k in ARGS}
        calls.append(Call(entry["method"], urn, request.get("id", ""), request.get("preview", False), args))
    return calls


def short(urn: str) -> str:
    return re.sub(r"^.*::trop::", "…", urn)
