"""Deleting: what the program no longer has, old copies of what was replaced, or all of a stack."""

from __future__ import annotations

import asyncio

from engine import graph
from engine.events import Step, StepFailed, StepStarted
from engine.executor import Executor
from engine.records import Resource
from engine.replacing import Replacements
from engine.session import HaltError, Session


async def delete(session: Session, executor: Executor, replacements: Replacements | None = None) -> None:
    """Delete every record that this run has not dealt with, dependents before what they depend on.

    Safer than the Pulumi CLI, which deletes all else before it fails at a protected resource: nothing is deleted at
    all while one of them is protected.
    """
    condemned = [r for r in session.journal.remaining() if not r.external]
    if _refuse_protected(session, condemned):
        return
    for r in session.journal.remaining():
        if r.external:
            session.journal.forget(r)
    executor.condemned = {r.urn for r in condemned if not r.delete}
    for records in graph.deletion_rounds(condemned):
        chains = [executor.run([_step(r, replacements)]) for r in records]
        results = await asyncio.gather(*chains, return_exceptions=True)
        errors = [e for e in results if isinstance(e, BaseException)]
        for e in errors:
            if not isinstance(e, HaltError):
                raise e
        if errors:
            return


def _step(r: Resource, replacements: Replacements | None) -> Step:
    same = replacements.step_for(r) if replacements else None
    return Step(
        op="delete-replaced" if r.delete else "delete",
        urn=r.urn,
        type=r.type,
        old=r,
        diffs=same.diffs if same else [],
        replaces=same.replaces if same else [],
        detailed_diff=same.detailed_diff if same else None,
        provider=r.provider,
    )


def _refuse_protected(session: Session, condemned: list[Resource]) -> bool:
    """Whether protected resources stand in the way; each is named, unless it was complained of already."""
    protected = [r for r in condemned if r.protect and not r.delete and r.urn not in session.errored]
    for r in protected:
        step = Step(op="delete", urn=r.urn, type=r.type, old=r, provider=r.provider)
        session.emit(StepStarted(step))
        prefix = "Preview failed: " if session.preview else ""
        session.say(
            "error",
            f'{prefix}resource "{r.urn}" cannot be deleted\nbecause it is protected; nothing has been deleted. '
            "To unprotect the resource, either remove the `protect` flag from the resource in your Pulumi program "
            f"and run `pulumi up`, or use the command:\n`pulumi state unprotect '{r.urn}'`",
            r.urn,
        )
        session.emit(StepFailed(step))
        session.step_failed = True
    if protected:
        session.stopping.set()
    return bool(protected)
