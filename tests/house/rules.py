"""What the house must hold to, over sources as text: each breach is a line that says where it is, and why it is one."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from tests.house.floors import Floors
from tests.house.imports import Files, Import, imports, module_of, target

MOST_FILES: Final = 20  # in one folder, __init__.py too
MOST_LINES: Final = 300
BECAUSE: Final = f"longer than {MOST_LINES} lines because"  # in the docstring of a file that may be
LIST: Final = "tests/house/floors.py"


def room_of(module: str) -> str:
    """``engine.state`` of engine.state.urns, ``engine.__init__`` of engine itself."""
    package, _, rest = module.partition(".")
    return f"{package}.{rest.partition('.')[0] or '__init__'}"


def levels(house: Mapping[str, Floors]) -> dict[str, int]:
    """On which floor each room is, from 0 at the top of its package."""
    return {
        f"{package}.{name}": level
        for package, floors in house.items()
        for level, names in enumerate(floors)
        for name in names
    }


def between_rooms(files: Files) -> Iterator[tuple[Import, str, str]]:
    """Each import from one room to another one, with both."""
    modules = {module_of(path) for path in files}
    for found in imports(files):
        module = target(found.name, modules)
        if module is not None and room_of(module) != room_of(found.module):
            yield found, room_of(found.module), room_of(module)


def upward(files: Files, house: Mapping[str, Floors]) -> list[str]:
    """Imports within a package that do not go down."""
    level = levels(house)
    lines = []
    for found, room, other in between_rooms(files):
        if room.partition(".")[0] != other.partition(".")[0] or not {room, other} <= level.keys():
            continue
        if level[other] <= level[room]:
            where = "above" if level[other] < level[room] else "beside"
            lines.append(f"{found}: {other} stands {where} {room} in {LIST}")
    return list(dict.fromkeys(lines))


def loops(files: Files) -> list[str]:
    """Files that import each other in a circle of any length: the imports of it, one line each."""
    modules = {module_of(path) for path in files}
    ways: dict[str, dict[str, Import]] = {}
    for found in imports(files):
        module = target(found.name, modules)
        if module is not None:
            ways.setdefault(found.module, {}).setdefault(module, found)
    circles: dict[frozenset[str], list[str]] = {}
    for start in ways:
        circle = _way_back(start, ways)
        circles.setdefault(frozenset(circle), circle)
    return [
        f"{ways[one][two]}: a loop: {' > '.join([*circle, circle[0]])}"
        for circle in circles.values()
        for one, two in zip(circle, [*circle[1:], *circle[:1]], strict=True)
    ]


def _way_back(start: str, ways: Mapping[str, Iterable[str]]) -> list[str]:
    """The shortest way from a module through others to itself; empty where there is none."""
    before: dict[str, str] = {}
    edge = [start]
    while edge and start not in before:
        nexts = [(other, one) for one in edge for other in ways.get(one, ()) if other not in before]
        before.update(reversed(nexts))
        edge = list(dict.fromkeys(other for other, _ in nexts))
    if start not in before:
        return []
    back = [before[start]]
    while back[-1] != start:
        back.append(before[back[-1]])
    return back[::-1]


def unlisted(files: Files, house: Mapping[str, Floors]) -> list[str]:
    """Rooms that are on no floor or on two, and floors' rooms that are not there."""
    there = {room_of(module_of(path)): path for path in files}
    listed = Counter(
        f"{package}.{name}" for package, floors in house.items() for row in floors for name in row
    )
    return [
        *(f"{path}: {room} is on no floor of {LIST}" for room, path in there.items() if room not in listed),
        *(f"{LIST}: there is no {room}" for room in listed if room not in there),
        *(f"{LIST}: {room} stands there {times} times" for room, times in listed.items() if times > 1),
    ]


def silent(files: Files) -> list[str]:
    """Folders whose ``__init__.py`` has no sentence about them."""
    folders = {path.rpartition("/")[0] for path in files}
    return [
        f"{folder}/__init__.py: no docstring says what this room is for"
        for folder in sorted(folders)
        if not ast.get_docstring(ast.parse(files.get(f"{folder}/__init__.py", "")))
    ]


def crowded(files: Files) -> list[str]:
    counts = Counter(path.rpartition("/")[0] for path in files)
    return [
        f"{folder}: {n} Python files, more than {MOST_FILES}"
        for folder, n in counts.items()
        if n > MOST_FILES
    ]


def long(files: Files) -> list[str]:
    """Files of too many lines whose docstring does not say why."""
    counts = {path: len(text.splitlines()) for path, text in files.items()}
    return [
        f"{path}: {n} lines, more than {MOST_LINES}, and no docstring that says: {BECAUSE} …"
        for path, n in counts.items()
        if n > MOST_LINES
        and BECAUSE not in " ".join((ast.get_docstring(ast.parse(files[path])) or "").split())
    ]
