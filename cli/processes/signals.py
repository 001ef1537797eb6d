"""What a Ctrl-C, a hang-up and a polite kill do while something runs that must not be left halfway."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any, Final

from cli import ROOT

STOPS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Child = subprocess.Popen[bytes]
Handler = Callable[[int, FrameType | None], Any] | signal.Handlers


@contextlib.contextmanager
def handled(handler: Handler) -> Iterator[None]:
    """Gives the three signals to the handler, and back afterwards."""
    before = {number: signal.signal(number, handler) for number in STOPS}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """A handler that makes each of them a `KeyboardInterrupt`."""
    raise KeyboardInterrupt


def run_to_end(
    words: Sequence[str], environment: Mapping[str, str], *, tell: bool, quiet: bool = False
) -> int:
    """Runs a command out of Ctrl-C's reach and gives its exit code.

    What arrives meanwhile is passed on as one SIGINT each time if ``tell``; `KeyboardInterrupt` is raised only when
    the command has ended.
    """
    output = subprocess.DEVNULL if quiet else None

    def start() -> Child:
        return subprocess.Popen(
            words, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
        )

    return _to_end(start, lambda child, _: child.send_signal(signal.SIGINT) if tell else None)


def run_attached(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Runs a command in the project on this terminal, with all that it starts, and gives its exit code.

    Whatever stops this process is a Ctrl-C to them, and is raised as `KeyboardInterrupt` when the command has ended.
    """
    # On a terminal a Ctrl-C reaches them all by itself, and they may read from it.
    apart = not sys.stdin.isatty()

    def pass_on(child: Child, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if apart:
                os.killpg(child.pid, signal.SIGINT)
            elif number != signal.SIGINT:
                child.send_signal(signal.SIGINT)

    group = 0 if apart else None
    return _to_end(lambda: subprocess.Popen(words, cwd=ROOT, env=environment, process_group=group), pass_on)


def _to_end(start: Callable[[], Child], pass_on: Callable[[Child, int], None]) -> int:
    child: Child | None = None
    arrived: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        arrived.append(number)
        if child is not None:
            pass_on(child, number)

    with handled(note):
        child = start()
        if arrived:  # before there was a child to pass it on to
            pass_on(child, arrived[-1])
        code = child.wait()
    if arrived:
        raise KeyboardInterrupt
    return code
