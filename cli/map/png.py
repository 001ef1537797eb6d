"""An SVG as PNG, drawn by resvg with the fonts that come among this project's own requirements.

No browser and no font of the machine is needed; for letters that those fonts lack the machine's are taken, if any.
"""

from __future__ import annotations

from typing import Final
from xml.etree import ElementTree

FINE: Final = 2.0  # pixels of the PNG in one of the SVG, while it stays below
MOST_PIXELS: Final = 60e6


def render(svg: str) -> bytes:
    """The picture of an SVG whose width and height are in pixels."""
    import fontpkg  # these take a while to load, and hardly any command needs them
    import resvg_py

    root = ElementTree.fromstring(svg)
    area = float(root.attrib["width"]) * float(root.attrib["height"])
    fonts = [fontpkg.path("Noto Sans"), fontpkg.path("IBM Plex Mono")]
    return resvg_py.svg_to_bytes(
        svg_string=svg,
        zoom=min(FINE, (MOST_PIXELS / area) ** 0.5),
        font_files=[str(path) for path in fonts],
        sans_serif_family="Noto Sans",
        monospace_family="IBM Plex Mono",
    )
