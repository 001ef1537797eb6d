"""A pool in which another client's volume is being made can't be looked at: it is waited for, or told."""

from __future__ import annotations

import pytest

from provider.errors import OperatorError
from provider.resource.base import Call
from provider.storage import pool_state, storage
from tests.provider.fakes.basics import Clock
from tests.provider.fakes.storage import Pool
from tests.provider.fakes.storage_world import BASE, HANDLERS, World
from tests.provider.storage.declared import OVERLAY, PATH, SEED

BUSY = "storage pool live is busy with another client's job (a volume is being made in it)"


@pytest.fixture
def clock(world: World) -> Clock:
    made = Clock()
    world.host.clock = made
    return made


def live(world: World, seconds: float) -> Pool:
    """The pool, busy for so long."""
    pool = world.conn.storagePoolLookupByName("live")
    pool.busy = seconds
    pool.clock = world.host.clock
    return pool


def told(call: Call) -> list[str]:
    return [str(note) for note in call.notes]


@pytest.mark.reports("H5")
@pytest.mark.parametrize(("kind", "inputs"), [("Volume", OVERLAY), ("CloudInitDisk", SEED)])
def test_a_preview_of_a_new_disk_waits_for_nobody_and_tells_what_it_could_not_see(
    world: World, clock: Clock, kind: str, inputs: dict[str, object]
) -> None:
    live(world, 10)
    call = world.call(kind, "Acilamwen")
    assert HANDLERS[kind].create(call, world.checked(kind, "Acilamwen", inputs), True)[0] == ""
    assert told(call) == [
        f"{BUSY}: whether {inputs['name']} is there already is not known before that is over"
    ]
    assert clock.now == 0


@pytest.mark.reports("H5")
@pytest.mark.parametrize(("kind", "inputs"), [("Volume", OVERLAY), ("CloudInitDisk", SEED)])
def test_an_up_waits_and_says_for_what(
    world: World, clock: Clock, kind: str, inputs: dict[str, object]
) -> None:
    live(world, 40)
    call = world.call(kind, "Acilamwen")
    HANDLERS[kind].create(call, world.checked(kind, "Acilamwen", inputs), False)
    assert told(call) == [f"{BUSY}, which is waited for"]
    assert 40 <= clock.now < 45


@pytest.mark.reports("H5")
def test_it_does_not_wait_for_ever(world: World, clock: Clock) -> None:
    live(world, 10**6)
    with pytest.raises(
        OperatorError, match=r"storage pool live is busy.*, for more than \d+ s now: run this"
    ):
        world.create("Volume", "Acilamwen", OVERLAY)
    assert pool_state.BUSY_SECONDS <= clock.now < pool_state.BUSY_SECONDS + 5


@pytest.mark.reports("H5")
def test_a_delete_waits_too(overlay: World, clock: Clock) -> None:
    overlay.host.clock = clock
    live(overlay, 20)
    call = overlay.call("Volume", "Acilamwen")
    HANDLERS["Volume"].delete(call, PATH, OVERLAY)
    assert f"{BUSY}, which is waited for" in told(call)
    assert PATH not in overlay.conn.files


@pytest.mark.reports("H5")
def test_what_is_known_already_is_read_without_a_look_at_the_pool(overlay: World, clock: Clock) -> None:
    live(overlay, 10**6)
    assert overlay.drift("Volume", PATH, OVERLAY) == {}
    assert clock.now == 0


@pytest.mark.reports("H5")
def test_a_base_image_in_a_busy_pool_is_not_called_missing_by_a_preview(world: World, clock: Clock) -> None:
    pool = world.conn.storagePoolLookupByName("base")
    pool.unseen, pool.volumes = pool.volumes, {}
    pool.busy, pool.clock = 10, clock
    call = world.call("Volume", "a")
    HANDLERS["Volume"].create(call, world.checked("Volume", "a", OVERLAY), True)
    assert "whether the base image of volume Acilamwen.qcow is there is not known" in told(call)[0]
    assert clock.now == 0
    assert world.create("Volume", "a", OVERLAY)[1]["backing"] == BASE
    assert clock.now >= 10


@pytest.mark.reports("H5")
def test_a_pool_that_fails_otherwise_is_told_after_a_few_tries(world: World, clock: Clock) -> None:
    pool = live(world, 0)
    pool.refresh_fails = "cannot open directory '/libvirt/storage/live'"
    with pytest.raises(OperatorError, match="storage pool live can't be read: cannot open directory"):
        storage.find(world.host, pool, "nothing")
    assert clock.now == 2.0
