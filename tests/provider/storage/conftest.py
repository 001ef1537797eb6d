"""A libvirt in memory with a base image and the pool `live`, and one with an overlay in that pool."""

from __future__ import annotations

import pytest

from tests.provider.fakes.storage_world import World
from tests.provider.storage.declared import OVERLAY, PATH, qcow2_head


@pytest.fixture
def world() -> World:
    return World().with_base()


@pytest.fixture
def overlay(world: World) -> World:
    world.create("Volume", "Acilamwen", OVERLAY)
    world.host.volume_by_path(PATH).data = qcow2_head()  # type: ignore[union-attr]
    return world
