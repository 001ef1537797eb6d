"""Progress on a terminal: the tree of what changes, redrawn in place, then the same closing words."""

from __future__ import annotations

from typing import Final

from rich.console import Console as RichConsole
from rich.live import Live as RichLive
from rich.table import Table
from rich.text import Text

from engine.display import words
from engine.display.progress import RowDisplay
from engine.display.rows import Row
from engine.events import Event, StepDone, StepStarted

REDRAWS: Final = 4  # a second


class Live(RowDisplay):
    """The display of one run on a terminal."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._parents: dict[str, str] = {}
        rich = RichConsole(file=self._console.out, no_color=not self._console.color, highlight=False)
        self._live = RichLive(console=rich, get_renderable=self._table, refresh_per_second=REDRAWS)

    def begin(self) -> None:
        super().begin()
        self._live.start()

    def take(self, event: Event) -> None:
        if isinstance(event, (StepStarted, StepDone)):
            self._parents[event.step.urn] = event.step.parent
        with self._console.lock:
            self._take(event)

    def interrupt(self, text: str) -> None:
        self._live.console.print(Text(text))

    def end(self, terminated: bool = False) -> None:
        self._board.finish(terminated)
        self._live.stop()
        self._console.print()
        self._close()

    def _table(self) -> Table:
        """The rows that have something to say, each below its parent."""
        table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
        for title in ("", "Type", "Name", "Plan" if self._run.preview else "Status", "Info"):
            table.add_column(title, overflow="ellipsis", no_wrap=True)
        with self._console.lock:
            shown = {row.urn: row for row in self._board.rows.values() if not row.hidden}
            for prefix, row in tree(shown, self._parents):
                table.add_row(*self._cells(prefix, row))
        return table

    def _cells(self, prefix: str, row: Row) -> list[Text]:
        look = words.LOOKS[row.op]
        board = self._board
        failed = "red bold" if row.failed or row.count("error") else look.color
        return [
            Text(f" {look.symbol}", look.color),
            Text(prefix + words.short_type(row.type)),
            Text(row.name),
            Text(board.status(row), failed),
            Text(board.info(row)),
        ]


def tree(rows: dict[str, Row], parents: dict[str, str]) -> list[tuple[str, Row]]:
    """The rows in the order of their tree, with its branches; those whose parent is not shown hang one level higher."""
    children: dict[str, list[Row]] = {}
    for urn, row in rows.items():
        parent = parents.get(urn, "")
        while parent and parent not in rows:
            parent = parents.get(parent, "")
        children.setdefault(parent if parent != urn else "", []).append(row)
    below = words.branches(children.get("", []), lambda row: children.get(row.urn, []) if row.urn else [])
    return [(branch, row) for row, branch, _ in below]
