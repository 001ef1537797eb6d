"""docs/rooms.svg, drawn from the imports as they are: ``python -m tests.house.picture``.  Lengths are in pixels."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cli import ROOT
from cli.map import svg
from cli.map.svg import Look
from tests.house import imports, rules
from tests.house.floors import HOUSE, Floors
from tests.house.graph import Graph, graph
from tests.house.imports import Files

FILE: Final = ROOT / "docs" / "rooms.svg"
COMMAND: Final = "python -m tests.house.picture"
TITLE: Final = "The rooms of cli, engine and provider, and which of them use which"

WIDTH: Final = 900.0
HEAD: Final = 34.0  # where the columns begin
TOP: Final = 128.0  # the first floor
FLOOR: Final = 52.0  # from one floor to the next
HIGH: Final = 26.0  # a box
EDGE: Final = 14.0  # of the picture, and inside a column
APART: Final = 14.0  # columns, and boxes at least: lines that pass a floor go between them
SIZE: Final = 11.5
CLEAR: Final = 6.0  # between a line and a box that it passes
FEW: Final = 3  # imports past a floor that are not drawn for themselves
MANY: Final = ((12, 4.0), (3, 2.2), (0, 1.0))  # from so many imports on, a line is so wide

LEGEND: Final = (
    "Blue: a folder; dashed: a single file. A line runs down from a room to one that it uses; the wider, the more "
    "imports. Orange: package to package.",
    "Not drawn: uses that the way over other rooms shows already, and those past a floor with fewer than "
    f"{FEW} imports.",
)

COLUMN: Final = Look("#f6f8fa", "#d8dee4")
FOLDER: Final = Look("#ddf4ff", "#54aeff", 1.2)
SINGLE: Final = Look("#ffffff", "#afb8c1", 1, "3 2")
LINE: Final = "#8c959f"
OUTSIDE: Final = "#bc4c00"


@dataclass(frozen=True)
class Box:
    """A room's place; ``folder`` or a single file."""

    room: str
    x: float
    y: float
    width: float
    folder: bool

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass(frozen=True)
class Column:
    package: str
    x: float
    width: float
    rows: list[list[Box]]


def picture(files: Files, house: Mapping[str, Floors]) -> str:
    uses = graph(files)
    shown = _columns(files, house, uses)
    bottom = TOP + FLOOR * (max(len(column.rows) for column in shown) - 1) + HIGH + EDGE
    shapes = [
        shape
        for column in shown
        for shape in (
            svg.box(column.x, HEAD, column.width, bottom - HEAD, COLUMN, 8),
            *_heading(column, files),
            *_lines(column, uses),
            *(shape for row in column.rows for box in row for shape in _room(box)),
        )
    ]
    return svg.document(WIDTH, bottom + 52, TITLE, [*shapes, *_across(shown, uses), *_legend(bottom + 26)])


def _columns(files: Files, house: Mapping[str, Floors], uses: Graph) -> list[Column]:
    """One a package, as wide as its widest floor asks for."""
    drawn = {room for pair in uses.inside for room in pair}
    folders = {rules.room_of(imports.module_of(path)) for path in files if path.count("/") > 1}
    floors = {
        package: [[f"{package}.{name}" for name in row if f"{package}.{name}" in drawn] for row in rows]
        for package, rows in house.items()
    }
    least = {
        package: max(sum(map(_wide, row)) + APART * (len(row) + 1) for row in rows)
        for package, rows in floors.items()
    }
    spare = (WIDTH - 2 * EDGE - APART * (len(house) - 1) - sum(least.values())) / len(house)
    columns, x = [], EDGE
    for package, rows in floors.items():
        width = least[package] + spare
        places = [_row(row, x, width, TOP + FLOOR * level, folders) for level, row in enumerate(rows)]
        columns.append(Column(package, x, width, places))
        x += width + APART
    return columns


def _wide(room: str) -> float:
    return svg.width(_name(room), SIZE) + 14


def _name(room: str) -> str:
    return room.partition(".")[2]


def _row(rooms: list[str], x: float, width: float, y: float, folders: set[str]) -> list[Box]:
    """Boxes of one floor, with the same room between all of them and at both ends."""
    gap = (width - sum(map(_wide, rooms))) / (len(rooms) + 1)
    boxes = []
    for room in rooms:
        x += gap
        boxes.append(Box(room, x, y, _wide(room), room in folders))
        x += _wide(room)
    return boxes


def _room(box: Box) -> Iterator[str]:
    yield svg.box(box.x, box.y, box.width, HIGH, FOLDER if box.folder else SINGLE, 5)
    yield svg.text(box.middle, box.y + HIGH / 2 + 4, _name(box.room), size=SIZE, anchor="middle")


def _heading(column: Column, files: Files) -> Iterator[str]:
    """The package, and the first sentence about it."""
    yield svg.text(column.x + EDGE, HEAD + 24, column.package, size=16, bold=True)
    about = ast.get_docstring(ast.parse(files[f"{column.package}/__init__.py"])) or ""
    said = " ".join(about.partition("\n\n")[0].replace("`", "").split())
    for index, line in enumerate(svg.wrapped(said, column.width - 2 * EDGE, 10.5)):
        yield svg.text(column.x + EDGE, HEAD + 41 + 14 * index, line, size=10.5, color=svg.MUTED)


def _lines(column: Column, uses: Graph) -> Iterator[str]:
    level = {box.room: (index, box) for index, row in enumerate(column.rows) for box in row}
    for (room, other), times in sorted(uses.inside.items()):
        if room in level:
            (above, top), (below, bottom) = level[room], level[other]
            passed = column.rows[above + 1 : below]
            if passed and times < FEW:
                continue
            yield svg.path(_way(top, bottom, passed, column), Look("none", LINE, _thick(times)))


def _way(top: Box, bottom: Box, passed: list[list[Box]], column: Column) -> list[tuple[float, float]]:
    """Down from box to box; a floor between them is passed where no box is, straight down."""
    points = [(top.middle, top.y + HIGH)]
    for index, row in enumerate(passed):
        x = points[-1][0]
        aim = x + (bottom.middle - x) / (len(passed) + 1 - index)
        free = min(
            (min(max(aim, left), right) for left, right in _gaps(row, column)), key=lambda x: abs(x - aim)
        )
        level = top.y + FLOOR * (index + 1)
        points += [(free, level - 3), (free, level + HIGH + 3)]
    return [*points, (bottom.middle, bottom.y)]


def _gaps(row: list[Box], column: Column) -> Iterator[tuple[float, float]]:
    """From where to where a line may pass between the boxes of a floor."""
    ends = [column.x, *(end for box in row for end in (box.x, box.x + box.width)), column.x + column.width]
    for left, right in zip(ends[::2], ends[1::2], strict=True):
        yield left + CLEAR, right - CLEAR


def _thick(times: int) -> float:
    return next(width for least, width in MANY if times >= least)


def _across(columns: list[Column], uses: Graph) -> Iterator[str]:
    """From package to package, above the columns."""
    places = {column.package: column for column in columns}
    for index, ((package, other), times) in enumerate(sorted(uses.across.items())):
        one, two = places[package], places[other]
        y = HEAD - 10 - 8 * index
        begin, end = one.x + 34 - 14 * index, two.x + 40
        line = Look("none", OUTSIDE, _thick(times))
        yield svg.path([(begin, HEAD), (begin, y), (end, y), (end, HEAD - 6)], line)
        head = [(end - 5, HEAD - 8), (end + 5, HEAD - 8), (end, HEAD), (end - 5, HEAD - 8)]
        yield svg.path(head, Look(OUTSIDE, OUTSIDE))


def _legend(y: float) -> Iterator[str]:
    for index, line in enumerate(LEGEND):
        yield svg.text(EDGE, y + 15 * index, line, size=10.5, color=svg.MUTED)


def document() -> str:
    return picture(imports.read(ROOT, *HOUSE), HOUSE)


if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8")
