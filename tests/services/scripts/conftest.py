"""Machines with a fake Docker, by the shell that runs the scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import needs
from tests.services.machine import Machine

SHELLS = (("dash",), ("busybox", "sh"), ("bash",))


@pytest.fixture(params=SHELLS, ids=lambda shell: shell[0])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    needs.tool(request.param[0])
    return Machine(tmp_path, request.param)


@pytest.fixture
def one(tmp_path: Path) -> Machine:
    """With the shell of the lab's guests."""
    needs.tool("busybox")
    return Machine(tmp_path, ("busybox", "sh"))
