"""Progress as plain lines, one for each thing that happens: what the CLI prints when no terminal is there."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

from engine.display import summary, words
from engine.display.console import BOLD, Console
from engine.display.properties import Line, Printer
from engine.display.rows import Board, Row
from engine.events import Event, OutputsRegistered, StepDone, StepStarted, SummaryEvent
from engine.state.values import Props

TITLES: Final = {
    "update": "Updating",
    "refresh": "Refreshing",
    "destroy": "Destroying",
    "import": "Importing",
}
TICK: Final = 1.0  # seconds between two dots


@dataclass(frozen=True)
class Run:
    """What is displayed: which kind of run, of which stack."""

    kind: str  # update, refresh, destroy, import
    preview: bool
    stack: str
    stack_urn: str

    @property
    def title(self) -> str:
        doing = f"Previewing {self.kind}" if self.preview else TITLES[self.kind]
        return f"{doing} ({self.stack}):"

    @property
    def activity(self) -> str:
        return (f"previewing {self.kind}" if self.preview else TITLES[self.kind]).lower()


@dataclass(frozen=True)
class Wishes:
    """How the operator wants it shown."""

    show_secrets: bool = False
    show_config: bool = False
    suppress_outputs: bool = False
    suppress_progress: bool = False
    show_sames: bool = False
    show_replacement_steps: bool = False


class Dots:
    """``@ updating....``: that it still works.  A dot a second while nothing else is said."""

    def __init__(self, console: Console, activity: str, silent: bool) -> None:
        self._console, self._text, self._silent = console, f"@ {activity}....", silent
        self._open = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dots", daemon=True)

    def start(self) -> None:
        if not self._silent:
            self.tick()
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self.close()

    def tick(self) -> None:
        with self._console.lock:
            if not self._stop.is_set():
                self._console.print("." if self._open else self._text, end="")
                self._open = True

    def close(self) -> None:
        """End the line of dots, so that another can be printed."""
        with self._console.lock:
            if self._open:
                self._console.print()
            self._open = False

    def _run(self) -> None:
        while not self._stop.wait(TICK):
            self.tick()


class Outputs:
    """Follows what is known of the stack's outputs."""

    def __init__(self, run: Run, printer: Printer, sames: bool = False) -> None:
        """``sames``: show those that stay the same in a preview too."""
        self._run, self._printer, self._sames = run, printer, sames
        self._old: Props | None = None
        self._new: Props | None = None
        self._seen = False
        self._gone = run.kind == "destroy"

    def take(self, event: Event) -> None:
        match event:
            case StepStarted(step) | StepDone(step) if step.urn == self._run.stack_urn:
                self._seen = True
                self._gone = step.op == "delete"
                self._old = dict(step.old.outputs) if step.old else None
                self._new = (
                    self._old
                    if step.op == "refresh" or self._run.kind in ("refresh", "import", "destroy")
                    else None
                )
            case OutputsRegistered() if event.urn == self._run.stack_urn:
                self._old = event.old if event.step.old else None
                self._new = event.new

    def lines(self, failed: bool = False) -> list[Line]:
        """The block to show.

        Of a run that failed they are those that the program got to, over the old ones, which the state still has: the
        CLI shows these as removed where the program never came to any.
        """
        if not self._seen or self._gone or (self._run.preview and self._new is None):
            return []
        new = {**(self._old or {}), **(self._new or {})} if failed else self._new or {}
        return summary.outputs(
            self._old, new, preview=self._run.preview and not self._sames, printer=self._printer
        )


class Progress:
    """The plain display of one run."""

    def __init__(self, console: Console, run: Run, wishes: Wishes) -> None:
        self._console, self._run, self._wishes = console, run, wishes
        self._board = Board(run.kind, run.preview, run.stack_urn, show_sames=wishes.show_sames)
        self._outputs = Outputs(run, Printer(wishes.show_secrets), wishes.show_sames)
        self._dots = Dots(console, run.activity, wishes.suppress_progress)
        self._summary: SummaryEvent | None = None
        self._began = False

    def begin(self) -> None:
        self._console.print(self._console.paint(self._run.title, BOLD))
        self._dots.start()

    def take(self, event: Event) -> None:
        self._outputs.take(event)
        if isinstance(event, SummaryEvent):
            self._summary = event
        row = self._board.take(event)
        if row is not None:
            self._print_row(row)

    def interrupt(self, text: str) -> None:
        """Say something in between, on lines of its own."""
        with self._console.lock:
            self._dots.close()
            self._console.print(text)

    def end(self, terminated: bool = False) -> None:
        self._dots.stop()
        for row in self._board.finish(terminated):
            self._print_row(row)
        if not self._began:
            self._console.print()
        failed = self._summary is not None and self._summary.failed
        lines = [] if self._wishes.suppress_outputs else self._outputs.lines(failed)
        closing = summary.closing(self._board.rows.values(), lines, self._summary)
        self._console.print(self._console.lines(closing), end="")

    def _print_row(self, row: Row) -> None:
        board = self._board
        symbol = self._console.op(words.LOOKS[row.op].symbol, row.op)
        status = self._console.op(board.status(row), row.op)
        line = f" {symbol} {words.short_type(row.type)} {row.name} {status} {board.info(row)}"
        with self._console.lock:
            self._dots.close()
            if not self._began:
                self._console.print()
                self._began = True
            self._console.print(line)
