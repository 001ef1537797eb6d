"""Steps carried out: the provider called, the journal kept, the events told."""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import cast

from engine.events import Step, StepDone, StepStarted
from engine.options import InitError, ProviderError
from engine.providers.client import INTERNAL, ProviderClient
from engine.run.session import HaltError, Session
from engine.state import urns
from engine.state.clock import timestamp
from engine.state.records import OperationType, PendingOperation, Resource
from engine.state.values import Props, mark_secret

PENDING: dict[str, OperationType] = {
    "create": "creating",
    "create-replacement": "creating",
    "update": "updating",
    "delete": "deleting",
    "delete-replaced": "deleting",
    "import": "importing",
    "read": "reading",
}


class Executor:
    """Carries out chains of steps, as many chains at a time as the run allows."""

    def __init__(self, session: Session):
        self.session = session
        self.condemned: set[str] = set()  # all that this run deletes, for deleted_with
        self.changing: set[str] = set()  # the IDs of what it changes

    async def run(self, steps: Sequence[Step]) -> None:
        """One chain, in order.  Raises `HaltError` when a step fails, or the run stops before a step."""
        session = self.session
        with session.busy():
            async with session.slots:
                for step in steps:
                    if session.stopping.is_set():
                        raise HaltError(step.urn)
                    await self._run(step)

    async def _run(self, step: Step) -> None:
        session = self.session
        session.emit(StepStarted(step))
        began = time.monotonic()
        operation = self._operation(step)
        try:
            if operation is not None:
                await session.journal.begin(operation)
            await self._apply(step)
        except BaseException as e:
            if operation is not None:
                session.journal.end(operation)
                session.journal.write()
            if isinstance(e, ProviderError):
                text = _listing(e.reasons) if isinstance(e, InitError) else str(e)
                raise session.fail(step, text, session.options.continue_on_error) from e
            raise
        if operation is not None:
            session.journal.end(operation)
            await session.journal.saved()
        step.seconds = time.monotonic() - began
        session.count(step)
        r = step.new or step.old
        # Components are done when they have registered their outputs, and not before (deletes aside).
        if (r is not None and r.custom) or step.op.startswith("delete"):
            session.emit(StepDone(replace(step)))

    def _operation(self, step: Step) -> PendingOperation | None:
        """What must be on disk before the step begins: only what calls a provider can be cut short."""
        kind = PENDING.get(step.op)
        subject = step.old if kind == "deleting" else step.new
        if kind is None or subject is None or self.session.preview or not self.touches(step):
            return None
        return PendingOperation(subject.copy(), kind)

    async def _apply(self, step: Step) -> None:
        old, new = cast(Resource, step.old), cast(Resource, step.new)  # what the operation is on is there
        match step.op:
            case "same":
                await self._same(old, new)
            case "create" | "create-replacement":
                await self._create(step.old, new)
            case "update":
                await self._update(old, new)
            case "delete" | "delete-replaced":
                await self._delete(step, old)
            case "import" | "read":
                await self._read(new, importing=step.op == "import")

    def touches(self, step: Step) -> bool:
        """Whether the step calls a provider about an object."""
        deleting = PENDING.get(step.op) == "deleting"
        r = step.old if deleting else step.new
        if r is None or not r.custom or urns.is_provider(r.type):
            return False
        return not (deleting and (r.external or r.retain_on_delete or r.deleted_with in self.condemned))

    async def _same(self, old: Resource, new: Resource) -> None:
        new.id, new.outputs = old.id, old.outputs
        new.created, new.modified = old.created, old.modified
        if urns.is_provider(new.type):
            await self.session.registry.settle(new, changed=False)
        journal = self.session.journal
        journal.forget(old)
        journal.add(new)
        if not _says_the_same(old, new):
            await journal.saved()

    async def _make(
        self, new: Resource, work: Callable[[ProviderClient], Awaitable[tuple[str, Props]]]
    ) -> InitError | None:
        """Have it made so, and note what came of it; the error of one that is there, but did not come up."""
        failure: InitError | None = None
        if urns.is_provider(new.type):
            await self.session.registry.settle(new, changed=True)
            new.outputs = {k: v for k, v in new.inputs.items() if k != INTERNAL}
        elif new.custom:
            try:
                new.id, outputs = await work(await self.session.registry.client(new.provider))
            except InitError as e:
                failure, new.id, outputs = e, new.id or e.id, e.outputs
                new.init_errors = [self.session.mask.hide(reason) for reason in e.reasons]
            new.outputs = mark_secret(outputs, new.additional_secret_outputs)
        self.session.mask.learn(new.outputs)
        return failure

    async def _create(self, replaced: Resource | None, new: Resource) -> None:
        preview = self.session.preview
        if urns.is_provider(new.type):
            new.id = "" if preview else str(uuid.uuid4())  # the engine's to give
        failure = await self._make(new, lambda client: client.create(new, preview))
        new.created = new.modified = timestamp()
        self._put(replaced or self.session.journal.find(new.urn), new)
        if not new.custom:
            await self.session.journal.saved()
        if failure is not None:
            raise failure

    def _put(self, old: Resource | None, new: Resource) -> None:
        """A new record stands; the one that it replaces waits for its delete, or has had it."""
        journal = self.session.journal
        if old is not None and (old.pending_replacement or old.external):
            journal.forget(old)
        elif old is not None:
            old.delete = True
        journal.settle(new.urn)
        journal.add(new)

    async def _update(self, old: Resource, new: Resource) -> None:
        preview = self.session.preview
        self.changing.add(old.id)
        new.id, new.created, new.modified = old.id, old.created, timestamp()
        new.outputs = old.outputs
        failure = await self._make(new, lambda client: client.update(old, new, preview))
        self.session.journal.forget(old)
        self.session.journal.add(new)
        if failure is not None:
            raise failure

    async def _delete(self, step: Step, old: Resource) -> None:
        if not self.session.preview and self.touches(step):
            await (await self.session.registry.client(old.provider)).delete(old)
        if step.op == "delete-replaced" and not old.delete:
            old.pending_replacement = True  # until its replacement is there
        else:
            self.session.journal.forget(old)

    async def _read(self, new: Resource, importing: bool) -> None:
        """An import, or a `.get()`: the object must be there."""
        found = await (await self.session.registry.client(new.provider)).read(new, not importing)
        if found is None:
            raise ProviderError(f"resource '{new.id}' does not exist")
        new.id = found.id
        new.outputs = mark_secret(found.outputs, new.additional_secret_outputs)
        if importing:
            new.inputs = found.inputs or {}
            new.created = new.modified = timestamp()
        else:
            new.inputs = {}
        old = self.session.journal.find(new.urn)
        if old is not None:
            self.session.journal.forget(old)
        self.session.journal.add(new)


def _listing(reasons: list[str]) -> str:
    many = "1 error" if len(reasons) == 1 else f"{len(reasons)} errors"
    return f"{many} occurred:\n" + "\n".join(f"\t* {r}" for r in reasons)


def _says_the_same(old: Resource, new: Resource) -> bool:
    """Whether the state need not be written for the new record: where in the program it stands is no reason.

    A refresh leaves out the properties that depend on nothing, and the program tells them again each time.
    """
    told = [{k: v for k, v in r.property_dependencies.items() if v} for r in (old, new)]
    exact = ("source_position", "stack_trace", "property_dependencies")
    return told[0] == told[1] and old.copy(**{k: getattr(new, k) for k in exact}) == new
