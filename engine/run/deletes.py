"""Deleting: what the program no longer has, old copies of what was replaced, or all of a stack."""

from __future__ import annotations

import asyncio

from engine.events import Step, StepStarted
from engine.options import ProviderError
from engine.run import aim, graph
from engine.run.executor import Executor
from engine.run.replacing import Replacements, would_go
from engine.run.session import HaltError, Session
from engine.state.records import Resource


async def delete(session: Session, executor: Executor, replacements: Replacements | None = None) -> None:
    """Delete every record that this run has not dealt with, dependents before what they depend on.

    Safer than the Pulumi CLI, which deletes all else before it fails at a protected resource: nothing is deleted at
    all while one of them is protected.
    """
    chosen = _choose(session, replacements)
    condemned = [r for r in chosen if not r.external]
    if session.stopping.is_set() or _refuse_protected(session, condemned):
        return
    for r in chosen:
        if r.external:
            session.journal.forget(r)
    executor.condemned = {r.urn for r in condemned if not r.delete}
    if await _refused(session, executor, condemned):
        return
    for records in graph.deletion_rounds(condemned):
        chains = [executor.run([_step(r, replacements)]) for r in records]
        results = await asyncio.gather(*chains, return_exceptions=True)
        errors = [e for e in results if isinstance(e, BaseException)]
        for e in errors:
            if not isinstance(e, HaltError):
                raise e
        if errors:
            return


def _choose(session: Session, replacements: Replacements | None) -> list[Resource]:
    """The records to be deleted, as far as the run is about them.  Nothing is, when something is in the way."""
    wanted, journal = session.options.scope, session.journal
    replaced = replacements.steps.keys() if replacements else ()
    going, blocked = aim.deletes(
        wanted, journal.remaining(), journal.current(), replaced, session.aim.reached
    )
    for r in blocked:
        session.say("error", would_go(r.urn), r.urn)
    if blocked:
        session.step_failed = True
        session.stopping.set()
    elif session.kind == "destroy" and wanted.narrows:
        for r in journal.current():  # what a narrowed destroy leaves as it is
            if not r.delete and not any(r is other for other in going):
                session.tell(Step.of("same", r, r))
    return going


async def _refused(session: Session, executor: Executor, condemned: list[Resource]) -> bool:
    """Whether a provider would refuse one of the deletes; each is told.  Safer than the CLI, which doesn't ask.

    Nor does a real run begin with one where another is refused; what each does is told when it is done.
    """
    if session.stopping.is_set():
        return False
    changing = frozenset(executor.changing | {r.id for r in condemned})

    async def ask(r: Resource) -> None:
        client = await session.registry.client(r.provider)
        await client.preview_delete(r, changing, quiet=not session.preview)

    asked = [(_step(r, None), r) for r in condemned]
    asked = [(step, r) for step, r in asked if executor.touches(step)]
    answers = await asyncio.gather(*(ask(r) for _, r in asked), return_exceptions=True)
    refused = False
    for (step, _), answer in zip(asked, answers, strict=True):
        if isinstance(answer, ProviderError):
            _fail(session, step, str(answer))
            refused = True
        elif isinstance(answer, BaseException):
            raise answer
    return refused


def _fail(session: Session, step: Step, message: str) -> None:
    session.emit(StepStarted(step))
    session.fail(step, message)


def _step(r: Resource, replacements: Replacements | None) -> Step:
    step = Step.of("delete-replaced" if r.delete else "delete", r)
    same = replacements.steps.get(id(r)) if replacements else None
    if same is not None:
        step.diffs, step.replaces, step.detailed_diff = same.diffs, same.replaces, same.detailed_diff
    return step


def _refuse_protected(session: Session, condemned: list[Resource]) -> bool:
    """Whether protected resources stand in the way; each is named, unless it was complained of already."""
    protected = [r for r in condemned if r.protect and not r.delete and r.urn not in session.errored]
    wording, stack = session.options.wording, session.project.stack
    for r in protected:
        command = wording.command(f"state unprotect '{r.urn}'", stack)
        _fail(
            session,
            Step.of("delete", r),
            f'resource "{r.urn}" cannot be deleted\nbecause it is protected; nothing has been deleted. '
            f"To unprotect the resource, either {wording.unprotect(r.urn)}, or use the command:\n"
            f"`{command}`",
        )
    return bool(protected)
