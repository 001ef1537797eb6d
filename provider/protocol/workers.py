"""Handler calls in threads: what they note is told to the engine, and their failures end in one line."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
import traceback
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NoReturn, TypeVar

import grpc

from provider.connection import errors
from provider.errors import Lacking, NotThere, OperatorError, Unfinished, Unreachable, plain
from provider.protocol.answers import Task
from provider.protocol.pace import Pace

T = TypeVar("T")
Report = Callable[[str, str, str], Awaitable[None] | None]  # URN, severity, text
Context = Any  # grpc.aio.ServicerContext, or the embedded engine's object with the same four methods

TELL_SECONDS = 1.0
THREADS = 16  # as many steps as an engine runs at the same time by default


class Workers:
    """``where`` says which libvirt it is that failed; ``report``: what takes the notes about a resource, if any."""

    def __init__(self, where: Callable[[], str], report: Callable[[], Report | None]) -> None:
        self._where, self._report = where, report
        self._pace = Pace()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="libvirt")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(
        self,
        context: Context,
        work: Callable[[], T],
        task: Task | None = None,
        here: bool = False,
        instead: Callable[[Lacking], T] | None = None,
    ) -> T:
        """``here``: in the caller's thread, for what waits for nobody: two changes of thread take longer than that.

        ``instead``: what to do where something is lacking that does not come later in the run.
        """
        try:
            with self._pace.call():
                done = await self._worked(work, task, here, instead)
            await self._tell(task)
            return done
        except Exception as error:
            await self._tell(task)
            if not isinstance(error, OperatorError) and os.environ.get("TROP_DEBUG"):
                traceback.print_exception(error, file=sys.stderr)
            return await fail(context, self._line(error, task))

    async def _worked(
        self,
        work: Callable[[], T],
        task: Task | None,
        here: bool,
        instead: Callable[[Lacking], T] | None,
    ) -> T:
        if instead is None or task is None:
            return work() if here else await self._in_thread(work, task)
        while True:
            made = self._pace.made
            try:
                done = await self._in_thread(work, task)
                self._pace.made += 1
                return done
            except Lacking as lack:
                untouched = isinstance(lack, NotThere) and not task.done
                comes = untouched and await self._pace.more_since(made)
                if not comes:
                    return await self._in_thread(partial(instead, lack), task)
            task.told.clear()
            task.heard = 0

    async def _in_thread(self, work: Callable[[], T], task: Task | None) -> T:
        """What is waited for is told while it is: it may be minutes."""
        done = asyncio.get_running_loop().run_in_executor(self._threads, work)
        while not (await asyncio.wait({done}, timeout=TELL_SECONDS))[0]:
            await self._tell(task)
        return done.result()

    async def _tell(self, task: Task | None) -> None:
        while task is not None and task.heard < len(task.told):
            task.heard += 1
            await self.tell(task.urn, "info", str(task.told[task.heard - 1]))

    async def tell(self, urn: str, severity: str, text: str) -> None:
        """A message to the engine, if there is one that listens; without a URN it is about the run."""
        report = self._report()
        if report is not None:
            sent = report(urn, severity, text)
            if inspect.isawaitable(sent):
                await sent

    def _line(self, error: Exception, task: Task | None) -> str:
        so_far = task.so_far if task else ""
        lost = None if isinstance(error, Unreachable) else errors.lost(error)
        if lost is not None:
            what = f"{task.subject}: " if task else ""
            return (
                f"{what}the connection to libvirt at {self._where()} was lost ({errors.said(lost)}): what was under "
                f"way may be done or not; run the same again{so_far}"
            )
        if isinstance(error, OperatorError):
            return str(error) if isinstance(error, Unfinished) else f"{error}{so_far}"
        if isinstance(error, errors.VirtError):
            what = f"{task.failure}: " if task else ""
            again = f"{so_far}; run the same again" if so_far else ""
            return f"{what}libvirt at {self._where()}: {errors.said(error)}{again}"
        return f"a fault of this provider ({type(error).__name__}: {error}); TROP_DEBUG=1 shows where{so_far}"


async def fail(context: Context, text: str) -> NoReturn:
    line = plain(text)
    await context.abort(grpc.StatusCode.FAILED_PRECONDITION, line)
    raise OperatorError(line)
