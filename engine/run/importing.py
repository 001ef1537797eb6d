"""Taking over objects that exist: all of them are read first, and either all go into the state or none does."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace

from engine.events import Step, StepDone, StepFailed, StepStarted
from engine.options import Import, ProviderError, UnsupportedError
from engine.run.executor import Executor
from engine.run.goals import default_provider
from engine.run.planner import Planner, complaint
from engine.run.session import Session
from engine.state import urns
from engine.state.clock import timestamp
from engine.state.records import Resource

SUSPECT = "what was read is not what the provider would take: it is imported, but a program can't say the same of it"


@dataclass
class Taken:
    """One import under way: ``why`` says what is in its way, empty when nothing is."""

    step: Step
    new: Resource
    wanted: Import
    why: str


async def take_over(session: Session, executor: Executor) -> None:
    """Carry out ``options.imports``.  Safer than the CLI, which keeps what it came to before a failure."""
    journal = session.journal
    _settle_stack(session)
    taken_over = {i.urn for i in session.options.imports}  # what a program only read may be taken over
    there = {r.urn: r for r in journal.current() if not r.delete}
    there = {urn: r for urn, r in there.items() if not (r.external and urn in taken_over)}
    for r in journal.base:
        if there.get(r.urn) is r:
            session.tell(Step.of("same", r, r))
    wanted = [i for i in session.options.imports if not _is_there(there.get(i.urn), i)]
    providers = await _providers(session, executor, wanted)
    work = [_begin(i, providers, there, wanted) for i in wanted]
    await asyncio.gather(*(_look(session, t) for t in work))
    if session.stopping.is_set() or any(t.why for t in work):
        journal.revert()
        _refuse(session, work)
        return
    journal.keep_first()
    for r in journal.current():
        if r.external and r.urn in taken_over:
            journal.forget(r)
    for taken in work:
        journal.settle(taken.new.urn)
        journal.add(taken.new)
        session.count(taken.step)
        session.emit(StepDone(taken.step))
    journal.write()


def _is_there(old: Resource | None, wanted: Import) -> bool:
    """Whether the state has it already."""
    if old is None:
        return False
    return not old.custom if wanted.component else wanted.id in (old.id, old.import_id)


def _settle_stack(session: Session) -> None:
    """A stack that nothing was ever made in gets its own record."""
    if session.journal.find(session.stack_urn) is not None:
        return
    new = Resource(urn=session.stack_urn, type=urns.STACK_TYPE, created=timestamp())
    new.modified = new.created
    session.journal.add(new)
    session.tell(Step.of("create", None, new))


async def _providers(
    session: Session, executor: Executor, wanted: list[Import]
) -> dict[tuple[str, str], str]:
    """The reference of each default provider that is needed, by package and version; missing ones are made."""
    found: dict[tuple[str, str], str] = {}
    planner = Planner(session)
    for i in wanted:
        key = (urns.package_of(i.type), i.version)
        if i.component or i.provider or key in found:
            continue
        goal = default_provider(session.project, *key)
        if session.journal.find(goal.urn) is None:
            try:
                await executor.run(await planner.plan(goal))
            except (ProviderError, UnsupportedError) as e:
                session.journal.revert()
                raise session.refuse(str(e), goal.urn) from None
        record = session.journal.find(goal.urn)
        assert record is not None
        found[key] = f"{record.urn}::{urns.known(record.id)}"
    return found


def _begin(
    i: Import, providers: dict[tuple[str, str], str], there: dict[str, Resource], wanted: list[Import]
) -> Taken:
    """The record to be, and whether something stands in its way already."""
    reference = providers.get((urns.package_of(i.type), i.version), "")
    if i.provider:
        reference = f"{i.provider}::{there[i.provider].id}" if i.provider in there else ""
    new = Resource(
        urn=i.urn,
        type=i.type,
        custom=not i.component,
        id=i.id,
        parent=i.parent,
        protect=i.protect,
        provider="" if i.component else reference,
    )
    return Taken(Step.of("import", None, new), new, i, _hindrance(i, new, there, {w.urn for w in wanted}))


def _hindrance(i: Import, new: Resource, there: dict[str, Resource], coming: set[str]) -> str:
    if i.urn in there:
        return f"resource '{i.urn}' already exists, as '{there[i.urn].id}'"
    if i.parent not in there and i.parent not in coming:
        return f"unknown parent '{i.parent}' for resource '{i.urn}'"
    if i.provider and i.provider not in there:
        return f"the state has no provider '{i.provider}'"
    for r in () if i.component else there.values():
        if r.custom and not r.external and (r.type, r.id, r.provider) == (new.type, new.id, new.provider):
            return f"the state has '{i.id}' already, as '{r.urn}'"
    return ""


async def _look(session: Session, taken: Taken) -> None:
    """Read one object, and have its inputs checked.  What goes wrong is noted, and no reason to stop the others."""
    async with session.slots:
        if session.stopping.is_set():
            return
        session.emit(StepStarted(taken.step))
        began = time.monotonic()
        try:
            if not taken.why and taken.new.custom:
                with session.busy():
                    await _read(session, taken)
        except (ProviderError, UnsupportedError) as e:
            taken.why = str(e)
        taken.step.seconds = time.monotonic() - began
        taken.new.created = taken.new.modified = timestamp()


async def _read(session: Session, taken: Taken) -> None:
    new, client = taken.new, await session.registry.client(taken.new.provider)
    found = await client.read(new, with_inputs=False)
    if found is None:
        taken.why = f"resource '{new.id}' does not exist"
        return
    if found.inputs is None:
        taken.why = f"the provider can't import resources of type {new.type}: it read no inputs"
        return
    keep = taken.wanted.properties
    news = {k: v for k, v in found.inputs.items() if k in keep or not keep}
    new.id, new.outputs = found.id, found.outputs
    new.inputs, failures = await client.check(new.urn, found.inputs, news)
    for failure in failures:
        session.say("warning", complaint(new, failure, news), new.urn)
    if failures:
        session.say("warning", SUSPECT, new.urn)


def _refuse(session: Session, work: list[Taken]) -> None:
    """Say of each what is in its way; those that are well are not imported either."""
    failed = [t for t in work if t.why]
    for taken in failed:
        session.say("error", f"Preview failed: {taken.why}" if session.preview else taken.why, taken.step.urn)
    for taken in work:
        session.emit(StepFailed(replace(taken.step)))
    if not failed:
        return
    session.step_failed = True
    session.stopping.set()
    if len(failed) == 1:
        session.reason = f"step application failed: {failed[0].why}"
    else:
        session.reason = f"{len(failed)} of {len(work)} resources can't be imported, so none was"
