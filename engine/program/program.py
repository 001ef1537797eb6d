"""The user's program, run under the unmodified SDK in a thread and an event loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import runpy
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import Settings, configure, run_in_stack
from pulumi.runtime.config import set_all_config

from engine.events import Severity
from engine.options import Program
from engine.program.monitor import Monitor, ProgramStoppedError
from engine.run.session import Session

THREADS = 512  # each registration under way holds one; they are made when needed
PATIENCE = 10.0  # seconds for a program to end once it has been told to
ENVIRONMENT = {"TROP_ENGINE": "embedded"}


class ProgramRun:
    """One run of the program.  `start` it, await `outcome`, `stop` it early.

    The outcome is what is to be said, empty when all is well.
    """

    def __init__(self, session: Session, monitor: Monitor, program: Program):
        self._session, self._monitor, self._program = session, monitor, program
        self._engine_loop, self._engine_thread = asyncio.get_running_loop(), threading.get_ident()
        self.outcome: asyncio.Future[str] = self._engine_loop.create_future()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        threading.Thread(target=self._main, name="program", daemon=True).start()

    async def stop(self, patience: float = PATIENCE) -> None:
        """End a program that will get no more answers; one that does not end is left behind."""
        task = self._task
        if task is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed: it has ended by itself
                task.get_loop().call_soon_threadsafe(task.cancel)
        await asyncio.wait([self.outcome], timeout=patience)

    def _main(self) -> None:
        """The thread: a fresh context, so nothing of an earlier run's settings is seen."""
        try:
            with _surroundings(self._session.project.root, self._engine_thread, self._say):
                outcome = self._run()
        except BaseException as e:
            outcome = f"{type(e).__name__}: {e}"
        with contextlib.suppress(RuntimeError):
            self._engine_loop.call_soon_threadsafe(self.outcome.set_result, outcome)

    def _say(self, severity: Severity, line: str) -> None:
        self._engine_loop.call_soon_threadsafe(self._session.say, severity, line)

    def _run(self) -> str:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.set_exception_handler(lambda _loop, _context: None)  # as the CLI: an unfinished graph is no news
        loop.set_default_executor(ThreadPoolExecutor(THREADS, "registration"))
        self._configure()
        try:
            self._task = loop.create_task(run_in_stack(self._body))
            loop.run_until_complete(self._task)
            return ""
        except (asyncio.CancelledError, ProgramStoppedError):
            return ""
        except pulumi.RunError as e:
            return str(e)
        except SystemExit as e:
            return f"the program ended with exit code {e.code}" if e.code not in (None, 0) else ""
        except Exception as e:
            text = user_traceback(e, self._session.project.root)
            return f"Program failed with an unhandled exception:\n{text}"
        finally:
            _drain(loop)

    def _configure(self) -> None:
        project = self._session.project
        set_all_config(dict(project.config), sorted(project.secret_keys))
        configure(
            Settings(
                project=project.name,
                stack=project.stack,
                organization=project.organization,
                root_directory=str(project.root),
                monitor=self._monitor,
                engine=self._monitor,
                parallel=self._session.options.parallel,
                dry_run=self._session.preview,
            )
        )

    async def _body(self) -> None:
        """The program, and then one turn of the loop, in which all that it has registered begins.

        The SDK waits for registrations that have begun one after the other.  Finding none, it would wait for the first
        of all their outputs, and that again for each: the square of their number.
        """
        if isinstance(self._program, Path):
            runpy.run_path(str(self._program), run_name="__main__")
        else:
            self._program()
        await asyncio.sleep(0)


def _drain(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what the program left, wait for its threads, close the loop."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    with contextlib.suppress(Exception):
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_default_executor())
    asyncio.set_event_loop(None)
    loop.close()


def user_traceback(error: BaseException, root: Path) -> str:
    """The traceback from the program's first own frame on; without frames when none is the program's."""
    shown = traceback.TracebackException.from_exception(error)
    seen: set[int] = set()
    part: traceback.TracebackException | None = shown
    while part is not None and id(part) not in seen:
        seen.add(id(part))
        own = [is_project_file(f.filename, root) for f in part.stack]
        frames = part.stack[own.index(True) :] if True in own else []
        part.stack = traceback.StackSummary.from_list(frames)
        part = part.__cause__ or part.__context__
    return "".join(shown.format()).removesuffix("\n")


def is_project_file(name: str | None, root: Path) -> bool:
    """Whether a file is the project's own: inside its folder, and not of an environment that lies there."""
    if not name:
        return False
    path = Path(name)
    return path.is_relative_to(root) and "site-packages" not in path.parts


@contextlib.contextmanager
def _surroundings(root: Path, engine_thread: int, say: Callable[[Severity, str], None]) -> Iterator[None]:
    """Working folder, arguments, path and output as a program of its own would have them; all put back."""
    saved = sys.argv, list(sys.path), dict(os.environ)
    loaded = set(sys.modules)
    quiet = logging.getLogger("asyncio")
    level = quiet.level
    out = _Lines(sys.stdout, engine_thread, "info", say)
    err = _Lines(sys.stderr, engine_thread, "info#err", say)
    try:
        with contextlib.chdir(root), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            os.environ.update(ENVIRONMENT)
            sys.argv, sys.path[:0] = ["."], [str(root)]
            quiet.setLevel(logging.CRITICAL)
            yield
            out.close_line()
            err.close_line()
    finally:
        sys.argv, sys.path[:], environ = saved
        for key in set(os.environ) - set(environ):
            del os.environ[key]
        os.environ.update(environ)
        quiet.setLevel(level)
        _unload(loaded, root)


def _unload(loaded: set[str], root: Path) -> None:
    """Let the next run load the program's modules anew; packages that were there before it stay as they are."""
    before = {name.partition(".")[0] for name in loaded}
    for name, module in list(sys.modules.items()):
        ours = name not in loaded and name.partition(".")[0] not in before
        if ours and is_project_file(getattr(module, "__file__", None), root):
            del sys.modules[name]


class _Lines:
    """Standard output while a program runs: its lines are told, what the engine's thread writes passes through."""

    def __init__(
        self, real: Any, engine_thread: int, severity: Severity, say: Callable[[Severity, str], None]
    ):
        self._real, self._engine_thread = real, engine_thread
        self._severity, self._say = severity, say
        self._line = ""

    def write(self, text: str) -> int:
        if threading.get_ident() == self._engine_thread:
            return int(self._real.write(text))
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._say(self._severity, line)
        return len(text)

    def close_line(self) -> None:
        if self._line:
            self._say(self._severity, self._line)
            self._line = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
