"""One run of the engine, from the snapshot it begins with to the one it leaves."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import Any

from engine.events import Emit, PreludeEvent, SummaryEvent
from engine.options import Cancellation, Kind, Options, Program, Project, Providers, Result, Save
from engine.program.monitor import Monitor
from engine.program.program import ProgramRun
from engine.program.registrations import Registrations
from engine.run.deletes import delete
from engine.run.executor import Executor
from engine.run.importing import take_over
from engine.run.journal import Journal
from engine.run.planner import Planner
from engine.run.refresh import refresh, refresh_rest
from engine.run.session import HaltError, Session
from engine.state.records import Snapshot

HASTE = 1.0  # seconds that a program gets to end after the second signal


async def run(
    kind: Kind,
    options: Options,
    snapshot: Snapshot,
    project: Project,
    emit: Emit,
    save: Save,
    providers: Providers,
    program: Program,
    cancellation: Cancellation | None = None,
) -> Result:
    """Preview, update, refresh or destroy a stack.

    Everything that is to be said goes to ``emit``, on the calling loop.  ``save`` is called there too (what it
    returns, in a thread), with all of the state, before and after each step that changes something, and at the end;
    never by a preview.
    Errors of the program and of providers are told and make the result a failed one; they are not raised.
    """
    preview = options.preview or kind == "preview"
    passes_by = options.scope.narrows or options.run_program
    journal = Journal(snapshot, save, persist=not preview, passes_by=passes_by)
    session = Session(kind, options, project, journal, providers, emit)
    return await _Run(session, program, snapshot, cancellation or Cancellation()).go()


@dataclass
class _Run:
    session: Session
    program: Program
    before: Snapshot
    cancellation: Cancellation

    def __post_init__(self) -> None:
        self.executor = Executor(self.session)
        self.loop = asyncio.get_running_loop()
        self.terminated = asyncio.Event()

    async def go(self) -> Result:
        session = self.session
        project = session.project
        config = {k: "[secret]" if k in project.secret_keys else v for k, v in sorted(project.config.items())}
        session.emit(PreludeEvent(config))
        self.cancellation.watch(self._cancel_soon)
        work = asyncio.create_task(self._work())
        end = asyncio.create_task(self.terminated.wait())
        await asyncio.wait({work, end}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
            session.journal.write()
        final = self.before if session.preview else session.journal.snapshot()
        if not work.done():
            session.journal.write()
            session.journal.freeze()
            work.cancel()
            await asyncio.wait({work})
        end.cancel()
        self._conclude()
        await self.session.registry.cancel()
        if not self.terminated.is_set():  # else a call still hangs, and closing would hang with it
            self.session.registry.close()
        return Result(
            failed=session.failed,
            changes=dict(session.changes),
            snapshot=final,
            canceled=session.canceled,
            terminated=self.terminated.is_set(),
        )

    async def _work(self) -> None:
        session = self.session
        with contextlib.suppress(HaltError):
            known = {r.urn for r in session.journal.base}
            if session.kind in ("refresh", "destroy") and not session.has_targets(known):
                return
            if (session.kind == "refresh" and not session.options.run_program) or session.options.refresh:
                await refresh(session)
            if session.kind == "import":
                await take_over(session, self.executor)
            elif session.kind == "destroy":
                self._warn_of_interrupted()
                await delete(session, self.executor)
            elif session.kind != "refresh" or session.options.run_program:
                self._warn_of_interrupted()
                await self._run_program()
        await session.idle.wait()

    async def _run_program(self) -> None:
        """The program, then what it no longer has; a program that fails deletes nothing."""
        session = self.session
        planner = Planner(session)
        registrations = Registrations(session, planner, self.executor)
        monitor = Monitor(self.loop, session, registrations)
        program = ProgramRun(session, monitor, self.program)
        program.start()
        stopping = asyncio.create_task(session.stopping.wait())
        try:
            ends: list[asyncio.Future[Any]] = [program.outcome, stopping]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if session.stopping.is_set():
                await session.idle.wait()
                await program.stop()
                return
            error = program.outcome.result()
        except asyncio.CancelledError:
            monitor.abandon()
            await program.stop(HASTE)
            raise
        finally:
            monitor.abandon()  # a program that was left behind must not keep the process from ending
            stopping.cancel()
            registrations.transforms.close()
        if error:
            session.say("error", error)
            registrations.keep_old_outputs()
        elif session.kind == "refresh":
            await refresh_rest(session)
        elif not session.has_targets(
            {r.urn for r in [*session.journal.base, *session.journal.current()]} | planner.seen
        ):
            return
        elif not session.failed or (session.preview and session.step_failed):
            await delete(session, self.executor, planner.replacements)

    def _cancel_soon(self) -> None:
        with contextlib.suppress(RuntimeError):  # the run is over, and its loop closed
            self.loop.call_soon_threadsafe(self._on_cancel)

    def _on_cancel(self) -> None:
        session = self.session
        if not session.canceled:
            session.canceled = True
            session.stopping.set()
            # Held on to: a task that nobody has may be lost.
            self.telling = asyncio.create_task(session.registry.cancel())
        if self.cancellation.terminated:
            self.terminated.set()

    def _conclude(self) -> None:
        """The last words: what became of the run as a whole."""
        session = self.session
        what = "preview" if session.preview else "update"
        if session.step_failed:
            session.say("error", f"{what} failed: {session.reason}" if session.reason else f"{what} failed")
        elif session.canceled:
            session.say("error", f"{what} canceled")
        session.emit(
            SummaryEvent(
                preview=session.preview,
                seconds=time.monotonic() - session.began,
                changes=dict(session.changes),
                failed=session.failed,
                errored=len(session.errored),
            )
        )

    def _warn_of_interrupted(self) -> None:
        interrupted = self.session.journal.interrupted
        if not interrupted or self.session.preview:
            return
        lines = "\n".join(f"  * {o.resource.urn}, interrupted while {o.type}" for o in interrupted)
        self.session.say(
            "warning",
            f"Attempting to deploy or update resources with {len(interrupted)} pending operations from previous "
            f"deployment.\n{lines}\nThese resources are in an unknown state because a run was interrupted while it "
            "changed them. See on the hypervisor what became of them; `refresh` takes what is there into the state.",
        )
