"""A libvirt in memory, and one with the network `default` made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provider.host.kernel import Kernel
from tests.provider.fakes.storage_world import DEFAULT, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def made(world: World) -> tuple[World, str, Any]:
    id, _ = world.create("Network", "default", DEFAULT)
    return world, id, world.conn.networks[0]


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Callable[[Kernel | None], None]:
    """Sets what the host's kernel has; None: it can't be looked at."""
    monkeypatch.setattr("tests.provider.fakes.storage_world.KERNELS", kernels := [Kernel()])
    return lambda seen: kernels.append(seen)
