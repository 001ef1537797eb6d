"""Several `./trop` at the same time, as processes of their own: what each says is kept, and a Ctrl-C goes to all."""

from __future__ import annotations

import contextlib
import functools
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.text import Text

from cli.processes import itself
from cli.processes.signals import handled

TICK: Final = 0.1  # seconds between two looks


@dataclass(frozen=True)
class Ended:
    """``output`` is all that was written, in its order; ``seconds`` from start to end."""

    code: int
    output: str
    seconds: float


class Interrupted(Exception):
    """Somebody wanted to stop; ``ended`` is what each command, told so, had done by then."""

    def __init__(self, ended: Mapping[str, Ended]) -> None:
        super().__init__()
        self.ended = ended


@dataclass
class _Child:
    words: Sequence[str]
    tell: Callable[[str], None]
    started: float = field(default_factory=time.monotonic)
    lines: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            itself.line(self.words),
            env=itself.environment(PYTHONUNBUFFERED="1"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,  # a Ctrl-C of the terminal does not reach it: it is told once, by us
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            self.tell(line.rstrip())
        self.process.wait()
        self.seconds = time.monotonic() - self.started

    @property
    def ended(self) -> Ended:
        return Ended(self.process.wait(), "".join(self.lines), self.seconds)


def run(jobs: Mapping[str, Sequence[str]], console: Console, *, verbose: bool) -> dict[str, Ended]:
    """Runs the words of each stack to their end, all at the same time.  Raises `Interrupted` when they have ended.

    On a terminal there is a line for each while it runs; with ``verbose`` all that they say, each line with its stack.
    """
    said = threading.Lock()
    children: dict[str, _Child] = {}
    arrived = 0

    def tell(stack: str, line: str) -> None:
        if verbose:
            with said:
                console.print(f"{stack} │ {line}", markup=False, highlight=False, soft_wrap=True)

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        nonlocal arrived
        arrived += 1
        for child in children.values():
            _interrupt(child.process)

    with handled(pass_on):
        for stack, words in jobs.items():
            children[stack] = _Child(words, functools.partial(tell, stack))
            if arrived:  # before this one was there to be told
                _interrupt(children[stack].process)
        shown = Live(
            get_renderable=lambda: _shown(children), console=console, transient=True, refresh_per_second=8
        )
        with contextlib.nullcontext() if verbose or not console.is_terminal else shown:
            while any(child.reader.is_alive() for child in children.values()):
                time.sleep(TICK)  # in short waits, so that a signal is taken up at once
    ended = {stack: child.ended for stack, child in children.items()}
    if arrived:
        raise Interrupted(ended)
    return ended


def _interrupt(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)


def _shown(children: Mapping[str, _Child]) -> Text:
    """One line for each stack: how long it has been at work, and what it said last."""
    text = Text(no_wrap=True, overflow="ellipsis")
    width = max(map(len, children), default=0)
    for stack, child in children.items():
        running = child.reader.is_alive()
        seconds = time.monotonic() - child.started if running else child.seconds
        last = next((line for line in reversed(child.lines) if line.strip()), "") if running else "ended"
        text.append(f"{stack:<{width}}  {seconds:4.0f} s  {' '.join(last.split())}\n")
    return text
