"""No test sees the operator's home or passphrase; where no lab can be had, what needs one is skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.words.wording import TropWording
from tests.engine.conftest import own_environment  # noqa: F401
from tests.engine.harness import Project
from tests.lab.conftest import pytest_runtest_setup  # noqa: F401


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose stack is up, its state written by this engine."""
    made = Project(tmp_path, monkeypatch, TropWording())
    made.make()
    made.faults({})
    done = made.run("up", "--yes", "--skip-preview")
    assert done.code == 0, done.out + done.err
    return made
