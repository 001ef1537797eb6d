"""No recorded run is forgotten: each is done again, or its place is taken by a test that is named."""

from __future__ import annotations

from functools import cache

import pytest

from tests.engine.recordings.cases import BEGINS
from tests.engine.recordings.claims import DIFFERENT, ELSEWHERE
from tests.engine.recordings.reading import HERE
from tests.engine.shell.test_texts import cases

TESTS = HERE.parent
TEXTS = {f"{c.folder[:2]}/{c.step}" if c.step else c.folder[:2] for c in cases()}


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


@pytest.mark.parametrize(("prefix", "test"), [*ELSEWHERE.items(), *DIFFERENT.items()])
def test_a_claim_names_a_run_and_a_test_that_are_there(prefix: str, test: str) -> None:
    assert any(name.startswith(prefix) for name in recorded()), prefix
    file, _, function = test.partition("::")
    (path,) = TESTS.rglob(file)
    assert f"def {function}(" in path.read_text()
