"""What a run knows to be secret is taken out of everything that it says."""

from __future__ import annotations

import contextlib
import json
import urllib.parse
from collections.abc import Iterable, Iterator
from typing import Final
from xml.sax.saxutils import escape

from engine.state.values import Secret, Value, parts

HIDDEN: Final = "[secret]"
# Characters of a secret that is looked for, as with the CLI: less would hide half of every text.
SHORTEST: Final = 3
LINE: Final = 8  # of a line of a longer secret
PIECE: Final = 16  # of any other part of one: what is cut off in the middle, or stands among other words
LONGEST: Final = 1 << 16  # of a secret whose parts are looked for


class Mask:
    """Learns the secrets that pass by; `hide` puts ``[secret]`` in the place of them, and of their lines and pieces."""

    def __init__(self) -> None:
        self._whole: set[str] = set()
        self._pieces: set[str] = set()

    def learn(self, *values: Value) -> None:
        """Every secret in the values, at any depth."""
        for secret in (part for part in parts(list(values)) if isinstance(part, Secret)):
            for inner in parts(secret.value):
                if isinstance(inner, str | int | float) and not isinstance(inner, bool):
                    self.learn_text(str(inner))

    def learn_setting(self, text: str) -> None:
        """A secret setting; one that is an object is JSON, and its parts are secret too."""
        self.learn_text(text)
        with contextlib.suppress(ValueError, RecursionError):
            self.learn(Secret(json.loads(text)))

    def learn_text(self, text: str) -> None:
        if len(text) < SHORTEST or text in self._whole:
            return
        self._learn_form(text)
        for written in set(_as_written(text[:LONGEST])) - {text}:
            self._learn_form(written)

    def _learn_form(self, text: str) -> None:
        lines = [form for line in text.splitlines() for form in (line.strip(), " ".join(line.split()))]
        plain = " ".join(text[:LONGEST].split())
        self._whole |= {text, *(line for line in (*lines, plain) if len(line) >= LINE)}
        self._pieces |= {plain[i : i + PIECE] for i in range(len(plain) - PIECE + 1)}

    def hide(self, text: str) -> str:
        for secret in sorted((s for s in self._whole if s in text), key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return _without(text, self._places(text))

    def _places(self, text: str) -> Iterable[int]:
        if not self._pieces:
            return ()
        return (i for i in range(len(text) - PIECE + 1) if text[i : i + PIECE] in self._pieces)


def _without(text: str, places: Iterable[int]) -> str:
    """The text with one mark for each stretch that pieces at these places make together."""
    kept, end, done = [], -1, 0
    for place in places:
        if place > end:
            kept += [text[done:place], HIDDEN]
        end = done = place + PIECE
    return "".join([*kept, text[done:]])


def _as_written(text: str) -> Iterator[str]:
    """The spellings that messages quote a text in: XML's (attributes and text), JSON's, Python's and a URL's."""
    yield escape(text)
    yield escape(text, {'"': "&quot;"})
    yield escape(text, {'"': "&quot;", "'": "&apos;"})
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield repr(text)[1:-1]
    yield urllib.parse.quote(text, errors="replace")
    yield urllib.parse.quote(text, safe="", errors="replace")
