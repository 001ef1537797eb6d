"""Progress as plain lines, one for each thing that happens: what the CLI prints when no terminal is there."""

from __future__ import annotations

import threading
from typing import Final

from engine.display import summary, words
from engine.display.console import Console
from engine.display.display import Display, Run
from engine.display.properties import Line, Printer
from engine.display.rows import Board, Row
from engine.events import Event, OutputsRegistered, StepDone, StepStarted, SummaryEvent
from engine.state.values import Props

TICK: Final = 1.0  # seconds between two dots


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
        # Before and after the run, None for none; nothing at all where there is no stack.
        self._known: tuple[Props | None, Props | None] | None = None

    def take(self, event: Event) -> None:
        match event:
            case StepStarted(step) | StepDone(step) if step.urn == self._run.stack_urn:
                old = dict(step.old.outputs) if step.old else None
                stays = step.op == "refresh" or self._run.kind in ("refresh", "import", "destroy")
                self._known = None if step.op == "delete" else (old, old if stays else None)
            case OutputsRegistered(step=step) if step.urn == self._run.stack_urn:
                self._known = (event.old if step.old else None, event.new)

    def lines(self, failed: bool = False) -> list[Line]:
        """The block to show.

        Of a run that failed they are those that the program got to, over the old ones, which the state still has: the
        CLI shows these as removed where the program never came to any.
        """
        old, new = self._known or (None, None)
        if self._known is None or (self._run.preview and new is None):
            return []
        new = {**(old or {}), **(new or {})} if failed else new or {}
        return summary.outputs(old, new, preview=self._run.preview and not self._sames, printer=self._printer)


class RowDisplay(Display):
    """A row for each resource, and the closing words."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._board = Board(self._run, self._wishes.show_sames)
        self._outputs = Outputs(self._run, Printer(self._wishes.show_secrets), self._wishes.show_sames)

    def _take(self, event: Event) -> Row | None:
        """Note an event; the row that it changes to be seen."""
        self._outputs.take(event)
        if isinstance(event, SummaryEvent):
            self._summary = event
        return self._board.take(event)

    def _close(self) -> None:
        failed = self._summary is not None and self._summary.failed
        lines = [] if self._wishes.suppress_outputs else self._outputs.lines(failed)
        self._print(summary.closing(self._board.rows.values(), lines, self._summary))


class Progress(RowDisplay):
    """The plain display of one run."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._dots = Dots(self._console, self._run.doing.lower(), self._wishes.suppress_progress)
        self._began = False

    def begin(self) -> None:
        super().begin()
        self._dots.start()

    def take(self, event: Event) -> None:
        row = self._take(event)
        if row is not None:
            self._print_row(row)

    def interrupt(self, text: str) -> None:
        """On lines of its own."""
        with self._console.lock:
            self._dots.close()
            self._console.print(text)

    def end(self, terminated: bool = False) -> None:
        self._dots.stop()
        for row in self._board.finish(terminated):
            self._print_row(row)
        if not self._began:
            self._console.print()
        self._close()

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
