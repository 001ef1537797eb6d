"""No recorded run is forgotten: each is done again, or its place is taken by a test that is named, and the page of
differences tells why; what that page calls safer is held by tests too."""

from __future__ import annotations

import re
import shlex
from functools import cache

import pytest

from cli import ROOT
from engine import app, flag_parser
from engine.errors import CommandError
from engine.verbs.flags import GLOBAL, GLOBAL_REFUSED
from engine.verbs.imports import NO_CODE
from tests.engine.recordings.cases import BEGINS
from tests.engine.recordings.claims import DIFFERENT, ELSEWHERE, SAFER, TOLD
from tests.engine.recordings.reading import HERE
from tests.engine.verbs.test_texts import cases

TESTS = ROOT / "tests"
TEXTS = {f"{c.folder[:2]}/{c.step}" if c.step else c.folder[:2] for c in cases()}
PAGE = (ROOT / "docs/differences.md").read_text(encoding="utf-8")
FOLDERS = sorted(folder.name for folder in HERE.iterdir() if re.match(r"\d\d-", folder.name))


@cache
def recorded() -> list[str]:
    """``04/01-up-yes`` for each recorded command line."""
    found = []
    for file in sorted(HERE.glob("*/*cmd")):
        step = file.name.removesuffix("cmd").rstrip(".")
        found.append(file.parent.name[:2] + (f"/{step}" if step else ""))
    return found


@pytest.mark.parametrize("name", recorded())
def test_every_recorded_run_is_claimed(name: str) -> None:
    named = [*ELSEWHERE, *DIFFERENT]
    assert name in BEGINS or name in TEXTS or any(name.startswith(prefix) for prefix in named)


def there(test: str) -> bool:
    """Whether a test is in one of the files of that name."""
    file, _, function = test.partition("::")
    return any(f"def {function}(" in path.read_text() for path in TESTS.rglob(file))


@pytest.mark.parametrize(("prefix", "test"), [*ELSEWHERE.items(), *DIFFERENT.items()])
def test_a_claim_names_a_run_and_a_test_that_are_there(prefix: str, test: str) -> None:
    assert any(name.startswith(prefix) for name in recorded()), prefix
    (_,) = (TESTS / "engine").rglob(test.partition("::")[0])
    assert there(test)


def test_all_cases_are_there() -> None:
    """As the table of the recordings' own page lists them."""
    listed = re.findall(r"(?:^|\| )(\d\d) ", (HERE / "README.md").read_text(), re.M)
    assert [folder[:2] for folder in FOLDERS] == sorted(listed) == [f"{n:02}" for n in range(36)]


@pytest.mark.parametrize("folder", FOLDERS)
def test_of_every_case_something_is_done_again_or_the_page_names_it(folder: str) -> None:
    runs = [name for name in recorded() if name.startswith(folder[:2])]
    again = [n for n in runs if n in BEGINS or n in TEXTS or any(n.startswith(p) for p in ELSEWHERE)]
    told = [TOLD[p] for n in runs for p in DIFFERENT if n.startswith(p)]
    assert runs
    assert again or told
    assert set(told) <= {row for title in ("safer", "otherwise") for row in rows(title)}


def rows(title: str) -> list[str]:
    """The first cells of one of the page's two tables of differences."""
    different = PAGE.partition("## Different")[2]
    safer, _, otherwise = different.partition("Otherwise:")
    lines = (safer if title == "safer" else otherwise).split("\n")
    return [
        line.strip("| ").split(" | ")[0]
        for line in lines
        if line.startswith("| ") and "| Pulumi CLI" not in line
    ]


def test_what_differs_is_told_on_the_page() -> None:
    assert TOLD.keys() == DIFFERENT.keys()


def test_each_difference_for_safety_s_sake_has_a_test() -> None:
    assert rows("safer") == list(SAFER)


@pytest.mark.parametrize("test", SAFER.values())
def test_a_test_of_a_difference_is_there(test: str) -> None:
    assert there(test)


@pytest.mark.parametrize("file", sorted(HERE.glob("*/*cmd")), ids=lambda f: f"{f.parent.name[:2]}/{f.stem}")
def test_no_recorded_command_line_is_refused_by_name(file: object) -> None:
    """Of all that was recorded, only the code that `import` prints is not supported; that is said, and no refusal."""
    try:
        command, rest = app.find(shlex.split(file.read_text())[1:])  # type: ignore[attr-defined]
        assert command is not None
        flag_parser.parse(rest, (*command.flags, *GLOBAL), command.refused | GLOBAL_REFUSED)
    except CommandError as error:
        assert str(error) == "unknown flag: --no-such-flag"  # noqa: PT017
    assert "code" in NO_CODE
