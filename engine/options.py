"""What a run is asked to do, what stands around it, and what comes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from engine.scope import EVERYTHING, Scope
from engine.state.records import Snapshot
from engine.wording import PULUMI, Wording

Kind = Literal["preview", "update", "refresh", "destroy", "import"]
Write = Callable[[], None]
# Takes the state as it is at that moment; what comes back, if anything does, writes it, in any thread.
Save = Callable[[Snapshot], Write | None]
Program = Callable[[], None] | Path
ProviderFactory = Callable[[], Any]  # makes a ResourceProviderServicer
Providers = Mapping[str, ProviderFactory]  # by package: {"libvirt": servicer}

CLI: Final = "use the Pulumi CLI for it (`--engine pulumi`)"  # of what this engine does not have


@dataclass(frozen=True)
class Import:
    """One resource to take over: a component, or the object ``id`` of a provider.

    ``parent`` is a URN, ``provider`` too (empty for the default provider of ``version``).  ``properties`` are the
    inputs to keep; all that the provider reads when there are none.
    """

    urn: str
    type: str
    parent: str
    id: str = ""
    component: bool = False
    provider: str = ""
    version: str = ""
    protect: bool = False
    properties: tuple[str, ...] = ()


@dataclass(frozen=True)
class Options:
    """How a run goes.

    ``preview`` makes any kind of run a look ahead that saves nothing (kind "preview" always is one).
    ``refresh`` reads every resource first, in the same run.  ``parallel`` bounds the steps under way.
    ``run_program`` makes a refresh run the program, for the settings of its providers and the stack's outputs.
    ``scope`` narrows a run to a part of the stack.
    ``imports`` is what a run of kind "import" takes over, parents before their children.
    ``wording`` is how the run tells what to type.
    """

    preview: bool = False
    refresh: bool = False
    parallel: int = 16
    continue_on_error: bool = False
    run_program: bool = False
    imports: tuple[Import, ...] = ()
    scope: Scope = EVERYTHING
    wording: Wording = PULUMI


@dataclass(frozen=True)
class Project:
    """The project and stack at hand.  ``config`` has texts by full key (``trop:token``); objects as JSON."""

    name: str
    stack: str
    root: Path
    organization: str = "organization"
    config: Mapping[str, str] = field(default_factory=dict)
    secret_keys: frozenset[str] = frozenset()


@dataclass
class Result:
    """What came of a run.

    ``changes`` counts resources by operation as `SummaryEvent` does; ``snapshot`` is the state after the run
    (of a preview: the state before it).  ``failed`` is true after any error, ``canceled`` after a cancel.
    ``terminated`` is true when the second signal left operations unfinished (exit code 8).
    """

    failed: bool
    changes: dict[str, int]
    snapshot: Snapshot
    canceled: bool = False
    terminated: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything was done or planned: what --expect-no-changes asks.  Reading is no change."""
        return any(n for op, n in self.changes.items() if op not in ("same", "read"))


class Cancellation:
    """The operator's wish to stop; safe to use from a signal handler or another thread.

    `cancel` (first SIGINT): providers get Cancel, running steps finish, no new ones start.
    `terminate` (second): the run ends at once and leaves its running steps as pending operations.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal's handler may come in while its own thread holds it
        self._callbacks: list[Callable[[], None]] = []
        self.canceled = False
        self.terminated = False

    def cancel(self) -> None:
        with self._lock:
            self.canceled = True
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()

    def terminate(self) -> None:
        with self._lock:
            self.terminated = True
        self.cancel()

    def watch(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` on each `cancel` and `terminate`, and now if that has happened already."""
        with self._lock:
            self._callbacks.append(callback)
            already = self.canceled
        if already:
            callback()


class ProviderError(Exception):
    """A provider's call failed; the text is the provider's own line."""


class InitError(ProviderError):
    """The object was made but did not come up: it is stored, with ``reasons``."""

    def __init__(
        self, message: str, id: str, outputs: dict[str, Any], inputs: dict[str, Any], reasons: list[str]
    ):
        super().__init__(message)
        self.id, self.outputs, self.inputs, self.reasons = id, outputs, inputs, reasons


class UnsupportedError(Exception):
    """Something that this engine does not do; the text names it and points to the Pulumi CLI."""
