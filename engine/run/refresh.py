"""Refresh: what is really there, into the state.  Reads of all at the same time, then a Diff each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from engine.events import DiffKind, Op, PropertyDiff, Step, StepDone, StepStarted
from engine.options import InitError, ProviderError, UnsupportedError
from engine.providers.client import Diff, Read
from engine.run import aim, graph
from engine.run.session import HaltError, Session
from engine.state import urns
from engine.state.clock import timestamp
from engine.state.records import Resource
from engine.state.values import mark_secret

T = TypeVar("T")
TURNED: dict[DiffKind, DiffKind] = {
    "add": "delete",
    "delete": "add",
    "add-replace": "delete-replace",
    "delete-replace": "add-replace",
}


@dataclass
class Sight:
    """One record, and what was found of it: ``new`` is None when it is gone."""

    step: Step
    old: Resource
    new: Resource | None
    began: float


async def refresh(session: Session) -> None:
    """Read everything and rebase the run on what was found.  Raises `HaltError` when something can't be read; a preview
    goes on with what can be."""
    journal = session.journal
    chosen = aim.of_state(session.options.scope, journal.base)
    sights = await _together([_look(session, r) for r in chosen])
    await _together([_judge(session, s) for s in sights])
    if session.unread and all(session.is_unread(r) for r in chosen if is_readable(r)):
        raise HaltError("nothing can be read")
    gone = {s.old.urn: s.old.parent for s in sights if s.new is None and not s.old.delete}
    seen = {id(s.old): s.new for s in sights}
    found = [seen.get(id(r), r) for r in journal.base]
    journal.rebase(graph.without_gone([r for r in found if r is not None], gone))
    journal.write()


async def reread(session: Session, old: Resource) -> Resource | None:
    """Take into the state what there is of one resource; None when it is gone, and then nothing mentions it."""
    sight = await _look(session, old)
    await _judge(session, sight)
    session.journal.forget(old)
    if sight.new is not None:
        session.journal.add(sight.new)
    elif not old.delete:
        graph.without_gone(session.journal.current(), {old.urn: old.parent})
    return sight.new


async def refresh_rest(session: Session) -> None:
    """After the program of a refresh: what it did not register is read too."""
    for old in aim.of_state(session.options.scope, session.journal.remaining()):
        await reread(session, old)
    session.journal.write()


async def _together(work: Iterable[Awaitable[T]]) -> list[T]:
    """All of it at the same time; the first failure is raised after everything has ended."""
    results = await asyncio.gather(*work, return_exceptions=True)
    for r in results:
        if isinstance(r, BaseException):
            raise r
    return [r for r in results if not isinstance(r, BaseException)]


async def _look(session: Session, old: Resource) -> Sight:
    """Read one resource; components, providers and what a replacement waits for are as they are."""
    step = Step.of("refresh", old, old, during_refresh=session.kind != "refresh")
    began = time.monotonic()
    async with session.slots:
        if session.stopping.is_set():
            raise HaltError(old.urn)
        session.emit(StepStarted(step))
        if not is_readable(old):
            return Sight(step, old, old, began)
        try:
            with session.busy():
                found = await (await session.registry.client(old.provider)).read(old)
            return Sight(step, old, _seen(old, found) if found else None, began)
        except InitError as e:
            session.say("warning", "\n".join(e.reasons), old.urn)
            new = _seen(old, Read(e.id or old.id, e.inputs or None, e.outputs))
            new.init_errors = [session.mask.hide(reason) for reason in e.reasons]
            return Sight(step, old, new, began)
        except (ProviderError, UnsupportedError) as e:
            _unread(session, step, old, e)
            return Sight(step, old, old, began)


def _unread(session: Session, step: Step, old: Resource, error: Exception) -> None:
    """Say it.  A preview takes that one as the state has it, and judges all else; a real run ends."""
    halt = session.fail(step, str(error), go_on=session.preview)
    if not session.preview:
        raise halt from None
    session.unread[id(old)] = old


def is_readable(r: Resource) -> bool:
    return r.custom and not urns.is_provider(r.type) and not r.pending_replacement and not r.external


def _seen(old: Resource, found: Read) -> Resource:
    inputs = old.inputs if found.inputs is None else found.inputs
    outputs = mark_secret(found.outputs, old.additional_secret_outputs)
    new = old.copy(id=found.id, inputs=inputs, outputs=outputs, init_errors=[])
    if (new.inputs, new.outputs, new.id) != (old.inputs, old.outputs, old.id):
        new.modified = timestamp()
    return new


async def _judge(session: Session, sight: Sight) -> None:
    """Ask the provider whether what was found differs from what is in the state, and tell."""
    old, new = sight.old, sight.new
    if session.is_unread(old):
        return
    op: Op = "same" if new is not None else "delete"
    diff = Diff()
    if new is not None and is_readable(old):
        try:
            client = await session.registry.client(old.provider)
            # The other way round: what was read is the provider's old, the state's inputs are its news.
            diff = await client.diff(new, old.inputs, old.ignore_changes)
        except (ProviderError, UnsupportedError) as e:
            _unread(session, sight.step, old, e)
            return
        diff.fall_back(old.inputs, new.inputs)
        op = "update" if diff.changes else "same"
    done = replace(
        sight.step,
        op="refresh" if sight.step.during_refresh else op,
        new=new,
        diffs=diff.keys,
        detailed_diff=turned(diff.detailed),
        seconds=time.monotonic() - sight.began,
    )
    if not sight.step.during_refresh:
        session.count(done)
    session.emit(StepDone(done))


def turned(detailed: dict[str, PropertyDiff] | None) -> dict[str, PropertyDiff] | None:
    """A difference as seen from the other side."""
    if detailed is None:
        return None
    return {k: PropertyDiff(TURNED.get(d.kind, d.kind), d.input_diff) for k, d in detailed.items()}
