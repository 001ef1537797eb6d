"""What the parts of one run share: options, events, counts, and whether it is to stop."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from engine.events import Diagnostic, Emit, Event, Severity, Step, StepDone, StepFailed, StepStarted
from engine.options import Kind, Options, Project, Providers
from engine.providers.registry import Registry
from engine.run.aim import Aim
from engine.run.journal import Journal
from engine.run.masks import Mask
from engine.state import urns
from engine.state.records import Resource

UNCOUNTED = frozenset({"create-replacement", "delete-replaced"})


class HaltError(Exception):
    """This piece of work has failed, or must not start any more; what is to be said has been said."""


class Session:
    """The state of a run.  Lives on the engine's event loop; nothing here is for other threads."""

    def __init__(
        self,
        kind: Kind,
        options: Options,
        project: Project,
        journal: Journal,
        providers: Providers,
        emit: Emit,
    ):
        self.kind, self.options, self.project, self.journal = kind, options, project, journal
        self.preview = options.preview or kind == "preview"
        self.stack_urn = urns.stack_urn(project.stack, project.name)
        self.aim = Aim(options.scope)
        self.changes: Counter[str] = Counter()
        self.errored: set[str] = set()
        self.unread: dict[int, Resource] = {}  # by identity: what a preview goes past
        self.step_failed = False
        self.reason = ""  # why the run as a whole failed, where one line can say it
        self.canceled = False
        self.began = time.monotonic()
        self.slots = asyncio.Semaphore(max(1, options.parallel))
        self.stopping = asyncio.Event()  # no step may start any more
        self.mask = Mask()
        for key in project.secret_keys:
            self.mask.learn_setting(project.config.get(key, ""))
        for r in journal.base:
            self.mask.learn(r.inputs, r.outputs)
        self._emit = emit
        self.registry = Registry(
            providers, journal.find, lambda urn, severity, message: self.say(severity, message, urn)
        )
        self._busy = 0
        self.idle = asyncio.Event()
        self.idle.set()

    @property
    def failed(self) -> bool:
        return bool(self.errored)

    def is_unread(self, r: Resource | None) -> bool:
        """Whether it can't be said what there is of it."""
        return id(r) in self.unread

    def emit(self, event: Event) -> None:
        """Default providers are not shown."""
        steps = (StepStarted, StepDone, StepFailed)
        if not (isinstance(event, steps) and urns.is_default_provider(event.step.urn)):
            self._emit(event)

    def say(self, severity: Severity, message: str, urn: str = "", ephemeral: bool = False) -> None:
        """A diagnostic, without what is secret; one without URN is the stack's.  Errors make the run a failed one."""
        if severity == "error":
            self.errored.add(urn or self.stack_urn)
        self.emit(Diagnostic(severity, self.mask.hide(message), urn, ephemeral=ephemeral))

    def refuse(self, message: str, urn: str = "") -> HaltError:
        """Say the error, let no step start any more; the caller raises what comes back."""
        self.say("error", message, urn)
        self.stopping.set()
        return HaltError(message)

    def fail(self, step: Step, message: str, go_on: bool = False) -> HaltError:
        """A step has not come to its end, and no other may start, unless they ``go_on``; as with `refuse`."""
        self.step_failed = True
        self.say("error", f"Preview failed: {message}" if self.preview else message, step.urn)
        self.emit(StepFailed(step))
        if not go_on:
            self.stopping.set()
        return HaltError(message)

    def tell(self, step: Step) -> None:
        """Say and count a step that takes no time: for a resource that no program asks for."""
        self.emit(StepStarted(step))
        self.count(step)
        self.emit(StepDone(step))

    def has_targets(self, known: Collection[str]) -> bool:
        """Whether all that the command line names is among ``known``; what is not is told."""
        missing = self.options.scope.missing(known)
        for urn in missing:
            hint = "" if "$" in urn else " Did you forget to escape $ in your shell?"
            self.say("error", f"Target '{urn}' could not be found in the stack.{hint}")
        return not missing

    def give_up(self) -> None:
        """Something has failed: no step may start any more, unless the run was asked to go on."""
        if not self.options.continue_on_error:
            self.stopping.set()

    def count(self, step: Step) -> None:
        known = not urns.is_default_provider(step.urn) and not self.is_unread(step.old)
        if step.op not in UNCOUNTED and known:
            self.changes[step.op] += 1

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Something is under way, until which the run does not end."""
        self._busy += 1
        self.idle.clear()
        try:
            yield
        finally:
            self._busy -= 1
            if not self._busy:
                self.idle.set()
