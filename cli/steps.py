"""Steps of a longer job on a terminal: each announced in a line, and timed where it has no words of its own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console


class StepError(Exception):
    """The job cannot go on; the message is the one line that says why."""


class Steps:
    """Numbers the steps of one job; what takes long without a word of its own gets a spinner on a terminal."""

    def __init__(self, console: Console, total: int) -> None:
        self.console, self.total, self.number = console, total, 0

    def say(self, text: str) -> None:
        self.number += 1
        self.console.print(f"[bold][{self.number}/{self.total}][/bold] {text}", highlight=False)

    def note(self, text: str) -> None:
        """A line under the last step."""
        self.console.print(f"      [dim]{text}[/dim]", highlight=False)

    @contextlib.contextmanager
    def waiting(self, text: str) -> Iterator[Callable[[str], None]]:
        """A step with a spinner; what is called with a text shows it beside."""
        self.say(text)
        start = time.monotonic()
        with self.console.status(text) as status:
            yield lambda more: status.update(f"{text}: {more}")
        self.note(f"done in {time.monotonic() - start:.0f} s")
