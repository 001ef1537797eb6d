"""The floors of the house: who may import whom inside cli, engine and provider, and how large files and rooms may be.

A breach is told as it stands: where, the import itself, and why it is one.
"""

from __future__ import annotations

import pytest

from cli import ROOT
from tests.house import rules
from tests.house.floors import HOUSE
from tests.house.imports import of_file, read
from tests.house.rules import BECAUSE, MOST_FILES, MOST_LINES

FILES = read(ROOT, *HOUSE)
MADE_UP = {"engine": (("run",), ("state", "errors"))}


def hold(breaches: list[str]) -> None:
    if breaches:
        pytest.fail("\n".join(breaches), pytrace=False)


def test_no_room_imports_from_one_above_or_beside_it() -> None:
    hold(rules.upward(FILES, HOUSE))


def test_no_files_import_each_other_in_a_loop() -> None:
    hold(rules.loops(FILES))


def test_every_room_is_on_a_floor_and_every_floors_rooms_are_there() -> None:
    hold(rules.unlisted(FILES, HOUSE))


def test_every_room_says_what_it_is_for() -> None:
    hold(rules.silent(FILES))


def test_no_room_has_too_many_files() -> None:
    hold(rules.crowded(FILES))


def test_no_file_is_too_long() -> None:
    """Tests and fakes too."""
    folders = [path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")]
    hold(rules.long(read(ROOT, "__main__.py", *sorted(folders))))


UPWARD = "engine/state/urns.py:{}: {}: engine.run stands above engine.state in tests/house/floors.py"


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("from engine.run import graph", 1, "from engine.run import graph"),
        ("import json, engine.run.graph", 1, "import json, engine.run.graph"),
        ("from engine.run.graph import order", 1, "from engine.run.graph import order"),
        ("from ..run import graph", 1, "from ..run import graph"),
        ("from engine import (\n    run,\n)", 1, "from engine import ( run, )"),
        ("def f():\n    from engine.run import graph", 2, "from engine.run import graph"),
        ("if TYPE_CHECKING:\n    from engine.run import graph", 2, "from engine.run import graph"),
        ("\nx = import_module('engine.run.graph')", 2, "x = import_module('engine.run.graph')"),
    ],
    ids=[
        "plain",
        "two at once",
        "a name in it",
        "relative",
        "lines",
        "lazy",
        "for types alone",
        "by its name",
    ],
)
def test_an_import_from_above_is_told_as_it_stands(source: str, line: int, said: str) -> None:
    files = {"engine/__init__.py": "", "engine/state/urns.py": source}
    files |= {"engine/run/__init__.py": "", "engine/run/graph.py": "import os"}

    assert rules.upward(files, MADE_UP) == [UPWARD.format(line, said)]


def test_one_from_the_same_floor_is_told_and_one_from_below_is_not() -> None:
    files = {
        "engine/run/graph.py": "from engine import errors\nfrom engine.state import urns",
        "engine/errors.py": "from engine.state.urns import name",
        "engine/state/urns.py": "import libvirt\nfrom engine.state import values",
        "engine/state/values.py": "",
    }

    assert rules.upward(files, MADE_UP) == [
        "engine/errors.py:1: from engine.state.urns import name: engine.state stands beside engine.errors in "
        "tests/house/floors.py"
    ]


def test_a_loop_of_three_is_told_once_with_each_import_of_it() -> None:
    files = {
        "engine/run/a.py": "def f():\n    from engine.run.b import g",
        "engine/run/b.py": "from . import c",
        "engine/run/c.py": "import os\nfrom engine.run import a, d",
        "engine/run/d.py": "from engine.run import e",
        "engine/run/e.py": "",
    }
    way = "a loop: engine.run.a > engine.run.b > engine.run.c > engine.run.a"

    assert rules.loops(files) == [
        f"engine/run/a.py:2: from engine.run.b import g: {way}",
        f"engine/run/b.py:1: from . import c: {way}",
        f"engine/run/c.py:2: from engine.run import a, d: {way}",
    ]


def test_two_loops_are_told_apart() -> None:
    files = {"a/b.py": "import a.c", "a/c.py": "import a.b", "a/d.py": "import a.e", "a/e.py": "import a.d"}

    assert [line.partition(": a loop: ")[2] for line in rules.loops(files)] == [
        *["a.b > a.c > a.b"] * 2,
        *["a.d > a.e > a.d"] * 2,
    ]


def test_a_package_that_imports_one_of_its_files_is_no_file_of_the_room_above() -> None:
    names = [
        found.name for found in of_file("engine/run/__init__.py", "from . import graph\nfrom .. import app")
    ]

    assert names == ["engine.run.graph", "engine.app"]


def test_a_room_that_no_floor_has_and_one_that_is_not_there_are_told() -> None:
    files = {"engine/run/__init__.py": "", "engine/verbs.py": ""}

    assert rules.unlisted(files, {"engine": (("run",), ("state", "run"))}) == [
        "engine/verbs.py: engine.verbs is on no floor of tests/house/floors.py",
        "tests/house/floors.py: there is no engine.state",
        "tests/house/floors.py: engine.run stands there 2 times",
    ]


def test_a_room_without_a_sentence_is_told() -> None:
    files = {
        "engine/__init__.py": '"""The engine."""',
        "engine/run/__init__.py": "",
        "engine/state/urns.py": "",
    }

    assert [line.partition(":")[0] for line in rules.silent(files)] == [
        "engine/run/__init__.py",
        "engine/state/__init__.py",
    ]


def test_a_room_of_too_many_files_is_told() -> None:
    files = {f"engine/run/f{number}.py": "" for number in range(MOST_FILES)}

    assert rules.crowded(files) == []
    assert rules.crowded({**files, "engine/run/__init__.py": ""}) == [
        "engine/run: 21 Python files, more than 20"
    ]


def test_a_file_that_is_too_long_is_told_unless_it_says_why() -> None:
    lines = "x = 1\n" * MOST_LINES
    excused = f'"""A table,\n{BECAUSE}\nit is one table."""\n{lines}'

    assert rules.long({"a.py": lines, "b.py": excused}) == []
    assert [line.partition(", ")[0] for line in rules.long({"c.py": lines + lines})] == ["c.py: 600 lines"]
