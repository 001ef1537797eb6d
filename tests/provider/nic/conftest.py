"""The hypervisor in memory, and the one whose guests have agents."""

from __future__ import annotations

import pytest

from tests.provider.fakes.domain_world import World
from tests.provider.nic.place import Place


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def place() -> Place:
    return Place()
