"""A project whose stack is that of a recording."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.conftest import CREATED
from tests.engine.harness import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose stack is that of 04/01."""
    made = Project(tmp_path, monkeypatch)
    made.make()
    made.put_state(CREATED)
    return made
