"""docs/architecture.md is a page, names every room, and only files and tests that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from cli import ROOT
from tests.house.floors import HOUSE

FILE = ROOT / "docs/architecture.md"
PAGE = FILE.read_text(encoding="utf-8")
LONGEST = 150
QUOTED = sorted(set(re.findall(r"`([^`\n]+)`", PAGE)))
TESTS = [name for name in QUOTED if "::" in name]
FILES = [name for name in QUOTED if re.fullmatch(r"[\w./-]+(/|\.(py|yaml|md|svg))", name)]


def functions_of(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def homes(test: str) -> list[str]:
    """Where a test of that name is."""
    found = [file for file in (ROOT / "tests").rglob("test_*.py") if test in functions_of(file)]
    return [file.relative_to(ROOT).as_posix() for file in found]


def test_it_is_read_in_one_go() -> None:
    assert len(PAGE.splitlines()) <= LONGEST


def test_there_is_something_to_hold() -> None:
    assert len(FILES) > 80
    assert len(TESTS) > 15


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_it_names_is_there(name: str) -> None:
    assert (ROOT / name).is_dir() if name.endswith("/") else (ROOT / name).is_file()


@pytest.mark.parametrize("name", TESTS)
def test_a_test_that_it_names_is_there(name: str) -> None:
    file, _, test = name.partition("::")
    there = (ROOT / file).is_file() and test in functions_of(ROOT / file)

    assert there, f"{test} is now in: {', '.join(homes(test)) or 'no file'}"


@pytest.mark.parametrize("package", HOUSE)
def test_every_room_that_is_a_folder_has_its_line(package: str) -> None:
    rooms = [name for row in HOUSE[package] for name in row if (ROOT / package / name).is_dir()]

    assert [name for name in rooms if f"`{package}/{name}/`" not in PAGE] == []
