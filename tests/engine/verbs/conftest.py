"""A project with the recorded program, whose stack is empty, or that of a recording."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.conftest import CREATED
from tests.engine.harness import Project


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose stack is empty."""
    made = Project(tmp_path, monkeypatch)
    made.make()
    made.faults({})
    return made


@pytest.fixture
def project(empty: Project) -> Project:
    """A project whose stack is that of 04/01."""
    empty.put_state(CREATED)
    return empty
