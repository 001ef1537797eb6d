"""The few shapes that a map is made of, as SVG text.  Lengths are in pixels, from the top left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

INK: Final = "#1f2328"
MUTED: Final = "#59636e"
SANS: Final = "'DejaVu Sans', Verdana, 'Segoe UI', sans-serif"
MONO: Final = "'DejaVu Sans Mono', Menlo, Consolas, monospace"


@dataclass(frozen=True)
class Look:
    """How a shape is painted."""

    fill: str
    stroke: str
    width: float = 1
    dashed: bool = False

    def attributes(self) -> str:
        dash = ' stroke-dasharray="4 3"' if self.dashed else ""
        return f'fill="{self.fill}" stroke="{self.stroke}" stroke-width="{self.width:g}"{dash}'


def box(x: float, y: float, width: float, height: float, look: Look, radius: float = 6) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" {look.attributes()}/>'


def path(points: Iterable[tuple[float, float]], look: Look) -> str:
    """Straight lines from point to point."""
    d = "M" + " L".join(f"{x:g},{y:g}" for x, y in points)
    return f'<path d="{d}" stroke-linejoin="round" {look.attributes()}/>'


def dot(x: float, y: float, color: str) -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="4" fill="{color}"/>'


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
) -> str:
    """A line of text; ``y`` is its base line, ``anchor`` start, middle or end."""
    weight = ' font-weight="bold"' if bold else ""
    family = ' class="m"' if mono else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{color}" text-anchor="{anchor}"{weight}{family}>'
        f"{escape(words)}</text>"
    )


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
