"""Where text goes: two streams, in colour or not, and nothing kept back."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, TextIO

from engine.display.properties import Line
from engine.display.words import LOOKS
from engine.events import Op

RESET: Final = "\033[0m"
BOLD: Final = "\033[1m"
COLORS: Final = {
    "red": "\033[31m",
    "green": "\033[32m",
    "yellow": "\033[33m",
    "blue": "\033[34m",
    "cyan": "\033[36m",
}


@dataclass
class Console:
    """The two streams of a command.  They are taken once: a program that is run may put others in their place."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    color: bool = False
    interactive: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    def paint(self, text: str, style: str) -> str:
        return f"{style}{text}{RESET}" if self.color and style and text.strip() else text

    def op(self, text: str, op: Op) -> str:
        return self.paint(text, COLORS.get(LOOKS[op].color, ""))

    def lines(self, lines: Iterable[Line]) -> str:
        return "".join(self.op(line.text, line.op) + "\n" for line in lines)

    def print(self, text: str = "", end: str = "\n") -> None:
        """To standard output, and on its way at once; a reader that has gone is not our affair."""
        self._write(self.out, text + end)

    def json(self, value: Any) -> None:
        self.print(json.dumps(value, indent=2, ensure_ascii=False))

    def error(self, text: str, end: str = "\n") -> None:
        self._write(self.err, text + end)

    def _write(self, stream: TextIO, text: str) -> None:
        with self.lock:
            stream.write(text)
            stream.flush()


def make(color: str, non_interactive: bool) -> Console:
    """The console of this process.  ``color`` is always, never, raw or auto; a terminal decides for auto."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a padlock is not worth an error where it can't be written
    terminal = sys.stdout.isatty()
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return Console(
        color=color == "always" or (color == "auto" and terminal and not plain),
        interactive=terminal and sys.stdin.isatty() and not non_interactive,
    )
