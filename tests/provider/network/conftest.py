"""A libvirt in memory, and one with the network `default` made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.provider.fakes.storage_world import DEFAULT, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def made(world: World) -> tuple[World, str, Any]:
    id, _ = world.create("Network", "default", DEFAULT)
    return world, id, world.conn.networks[0]
