"""The few shapes that a map is made of, as SVG text.  Lengths are in pixels, from the top left."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

INK: Final = "#1f2328"
MUTED: Final = "#59636e"
SANS: Final = "'Noto Sans', 'DejaVu Sans', Verdana, 'Segoe UI', sans-serif"
MONO: Final = "'IBM Plex Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace"
LINE: Final = 1.2  # between two base lines, in sizes of the letters

# How wide letters are at most in the fonts named above, in sizes of the letter.
_WIDTHS: Final = {
    **dict.fromkeys("ijlI.,:;'| ·", 0.34),
    **dict.fromkeys('ftr()[]-/\\!{}`"–', 0.46),
    **dict.fromkeys("ckszvxyJ", 0.6),
    **dict.fromkeys("ABCEFKLPRSTVXYZ", 0.71),
    **dict.fromkeys("DGHNOQU&", 0.8),
    **dict.fromkeys("mwMW@%—…", 1.0),
}
_OTHER: Final = 0.64  # of ASCII
_OTHER_ALPHABET: Final = 0.95
_EAST_ASIAN: Final = 1.35  # and emoji
_BOLD: Final = 1.13
_MONO: Final = 0.603


@dataclass(frozen=True)
class Look:
    """How a shape is painted; ``dash`` is SVG's list of lengths, drawn and left out in turn; empty for a whole line."""

    fill: str
    stroke: str
    width: float = 1
    dash: str = ""

    def attributes(self) -> str:
        dash = f' stroke-dasharray="{self.dash}"' if self.dash else ""
        return f'fill="{self.fill}" stroke="{self.stroke}" stroke-width="{self.width:g}"{dash}'


def box(x: float, y: float, width: float, height: float, look: Look, radius: float = 6) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" {look.attributes()}/>'


def path(points: Iterable[tuple[float, float]], look: Look) -> str:
    """Straight lines from point to point."""
    d = "M" + " L".join(f"{x:g},{y:g}" for x, y in points)
    return f'<path d="{d}" stroke-linejoin="round" {look.attributes()}/>'


def dot(x: float, y: float, color: str, radius: float = 4) -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{color}"/>'


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: float = 12,
    color: str = INK,
    bold: bool = False,
    mono: bool = False,
    anchor: str = "start",
    room: float | None = None,
) -> str:
    """A line of text; ``y`` is its base line, ``anchor`` start, middle or end.

    What does not fit into ``room`` is cut, with an ellipsis; it can be read whole by pointing at it.
    """
    shown = words if room is None else fitting(words, room, size, bold=bold, mono=mono)
    weight = ' font-weight="bold"' if bold else ""
    family = ' class="m"' if mono else ""
    whole = f"<title>{escape(words)}</title>" if shown != words else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{color}" text-anchor="{anchor}"{weight}{family}>'
        f"{whole}{escape(shown)}</text>"
    )


def width(words: str, size: float = 12, *, bold: bool = False, mono: bool = False) -> float:
    """How wide a text is at most, in whichever of the fonts it is drawn."""
    em = sum(_letter(letter, mono) for letter in words)
    return em * size * (_BOLD if bold and not mono else 1)


def _letter(letter: str, mono: bool) -> float:
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return 0
    if unicodedata.east_asian_width(letter) in "WF":
        return _EAST_ASIAN
    if mono:
        return _MONO if letter.isascii() or letter in "·–…" else _OTHER_ALPHABET
    return _WIDTHS.get(letter, _OTHER if letter.isascii() else _OTHER_ALPHABET)


def fitting(words: str, room: float, size: float, *, bold: bool = False, mono: bool = False) -> str:
    """As much of a text as there is room for."""
    if width(words, size, bold=bold, mono=mono) <= room:
        return words
    cut = words
    while cut and width(cut + "…", size, bold=bold, mono=mono) > room:
        cut = cut[:-1]
    return cut.rstrip() + "…"


def wrapped(words: str, room: float, size: float) -> list[str]:
    """A text in lines of at most ``room``; a word that is longer than a line is cut."""
    lines: list[str] = []
    for word in words.split():
        if lines and width(f"{lines[-1]} {word}", size) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(fitting(word, room, size))
    return lines


def broken(name: str, room: float, size: float, *, bold: bool = False) -> list[str]:
    """A name in at most two lines, broken anywhere, the second cut."""
    end = len(name)
    while end and width(name[:end], size, bold=bold) > room:
        end -= 1
    return [part for part in (name[:end], fitting(name[end:], room, size, bold=bold)) if part]


def document(width: float, height: float, title: str, shapes: Iterable[str]) -> str:
    """A whole picture on white, readable on a dark page too; ``title`` is for those who can't see it."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
            f'height="{height:g}" role="img" aria-label={quoteattr(title)} font-family="{SANS}">',
            f"<title>{escape(title)}</title>",
            f"<style>.m{{font-family:{MONO}}}</style>",
            f'<rect width="{width:g}" height="{height:g}" rx="10" fill="#ffffff"/>',
            *shapes,
            "</svg>",
            "",
        ]
    )
