"""What all displays of a run have in common: what is shown, how, and where it goes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from engine.display.console import BOLD, Console
from engine.display.properties import Line
from engine.events import Event, PropertyDiff, SummaryEvent

TITLES: Final = {
    "update": "Updating",
    "refresh": "Refreshing",
    "destroy": "Destroying",
    "import": "Importing",
}


@dataclass(frozen=True)
class Run:
    """What is displayed: which kind of run, of which stack."""

    kind: str  # update, refresh, destroy, import
    preview: bool
    stack: str
    stack_urn: str

    @property
    def doing(self) -> str:
        return f"Previewing {self.kind}" if self.preview else TITLES[self.kind]


@dataclass(frozen=True)
class Wishes:
    """How the operator wants it shown; the fields have the names of the flags."""

    show_secrets: bool = False
    show_config: bool = False
    suppress_outputs: bool = False
    suppress_progress: bool = False
    show_sames: bool = False
    show_replacement_steps: bool = False


@dataclass(eq=False)
class Display(ABC):
    """One run as it is shown: `begin`, each event to `take`, `end`."""

    _console: Console
    _run: Run
    _wishes: Wishes

    def __post_init__(self) -> None:
        self._summary: SummaryEvent | None = None

    def begin(self) -> None:
        self._console.print(self._console.paint(f"{self._run.doing} ({self._run.stack}):", BOLD))

    @abstractmethod
    def take(self, event: Event) -> None: ...

    def interrupt(self, text: str) -> None:
        """Say something in between."""
        self._console.print(text)

    @abstractmethod
    def end(self, terminated: bool = False) -> None: ...

    def _print(self, lines: Iterable[Line]) -> None:
        self._console.print(self._console.lines(lines), end="")


class JsonDisplay(Display):
    """Nothing but JSON goes to standard output."""

    def begin(self) -> None:
        """The JSON says it."""

    def interrupt(self, text: str) -> None:
        self._console.error(text)


def diff_document(detailed: dict[str, PropertyDiff]) -> dict[str, Any]:
    """A provider's difference as JSON has it."""
    return {path: {"kind": d.kind, "inputDiff": d.input_diff} for path, d in detailed.items()}
