"""The map as a PNG: its text drawn without any font of the machine, two pixels for one."""

from __future__ import annotations

import struct
import zlib

import pytest

from cli.map import png, svg


def test_the_text_of_a_png_is_drawn_without_any_font_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    import resvg_py

    draw = resvg_py.svg_to_bytes
    monkeypatch.setattr(resvg_py, "svg_to_bytes", lambda **options: draw(**options, skip_system_fonts=True))
    for bold, mono in ((False, False), (True, False), (False, True)):
        for text in ("Lothigometh", "52:54:00:02:02:0f", "mW@%&Øж≠×…", "trop02 · 192.168.202.0/24 – iljftr"):
            shape = svg.text(5, 18, text, size=10, bold=bold, mono=mono)
            columns = ink(png.render(svg.document(300, 24, "", [shape])))
            assert columns, text
            assert max(columns) / png.FINE - 5 <= svg.width(text, 10, bold=bold, mono=mono) + 1, text


def ink(picture_: bytes) -> list[int]:
    """The columns of a PNG in which there is anything dark."""
    width, height = struct.unpack(">II", picture_[16:24])
    data, at = b"", 8
    while at < len(picture_):
        length, kind = struct.unpack(">I4s", picture_[at : at + 8])
        data += picture_[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    raw, stride, above = zlib.decompress(data), width * 4, bytes(width * 4)
    dark = set()
    for y in range(height):
        row = unfiltered(
            raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1 : (y + 1) * (stride + 1)]), above
        )
        dark |= {x for x in range(width) if row[4 * x] < 128 and row[4 * x + 3] > 128}
        above = bytes(row)
    return sorted(dark)


def unfiltered(kind: int, row: bytearray, above: bytes) -> bytearray:
    for i in range(len(row)):
        left, up = row[i - 4] if i >= 4 else 0, above[i]
        corner = above[i - 4] if i >= 4 else 0
        distances = [(abs(left + up - corner - v), n, v) for n, v in enumerate((left, up, corner))]
        row[i] = (row[i] + (0, left, up, (left + up) // 2, min(distances)[2])[kind]) % 256
    return row


def test_a_png_has_two_pixels_for_one_until_it_would_be_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = svg.document(400, 100, "", [])
    assert struct.unpack(">II", png.render(drawn)[16:24]) == (800, 200)
    monkeypatch.setattr(png, "MOST_PIXELS", 400 * 100 / 4)
    assert struct.unpack(">II", png.render(drawn)[16:24]) == (200, 50)
