"""A pool without room: told before something is made in it, and named when it did not fit; nothing is left behind."""

from __future__ import annotations

import pytest

from provider.errors import OperatorError
from provider.resource.base import Props
from tests.provider.fakes.storage_world import HANDLERS, World
from tests.provider.storage.declared import OVERLAY, PATH, SEED

RAW: Props = {"name": "a.raw", "pool": "live", "format": "raw", "size": 4 << 30}
MIB = 1 << 20


def room(world: World, bytes: int | None) -> None:
    world.conn.storagePoolLookupByName("live").room = bytes


def previewed(world: World, kind: str, inputs: Props) -> list[str]:
    call = world.call(kind, "x")
    HANDLERS[kind].create(call, world.checked(kind, "x", inputs), True)
    return [str(note) for note in call.notes]


@pytest.mark.reports("H12")
@pytest.mark.parametrize(
    ("kind", "inputs", "left", "says"),
    [
        ("Volume", OVERLAY, 0, "0 bytes left, and volume Acilamwen.qcow needs 1.0 MiB: make room before"),
        ("Volume", RAW, 5 * MIB, "5.0 MiB left, and volume a.raw needs 4.0 GiB: make room before"),
        ("CloudInitDisk", SEED, 1024, "1.0 KiB left, and cloud-init disk Acilamwen-seed.iso needs"),
    ],
)  # fmt: skip
def test_a_preview_tells_that_the_pool_has_too_little_room(
    world: World, kind: str, inputs: Props, left: int, says: str
) -> None:
    room(world, left)
    (line,) = previewed(world, kind, inputs)
    assert line.startswith(f"storage pool live has {says}")
    room(world, 8 << 30)
    assert previewed(world, kind, inputs) == []
    room(world, None)
    assert previewed(world, kind, inputs) == []


@pytest.mark.reports("H12")
def test_the_room_is_that_of_this_moment_and_not_of_libvirts_last_look(world: World) -> None:
    room(world, 8 << 30)
    world.conn.storagePoolLookupByName("live").refresh()
    room(world, 0)
    assert len(previewed(world, "Volume", OVERLAY)) == 1


@pytest.mark.reports("H12")
@pytest.mark.parametrize(("kind", "inputs"), [("Volume", OVERLAY), ("Volume", RAW), ("CloudInitDisk", SEED)])
def test_what_does_not_fit_is_told_with_the_pool_and_what_it_has_left_and_nothing_stays(
    world: World, kind: str, inputs: Props
) -> None:
    room(world, 0)
    world.conn.full = True
    world.conn.storagePoolLookupByName("live").refresh()
    before = world.everything()
    with pytest.raises(OperatorError, match="is not made: storage pool live has 0 bytes left, and it needs"):
        world.create(kind, "x", inputs)
    assert world.everything() == before


@pytest.mark.reports("H12")
def test_a_seed_of_which_libvirt_keeps_half_names_the_pool_and_leaves_nothing(world: World) -> None:
    room(world, 100)
    world.conn.keeps = 20_000
    world.conn.storagePoolLookupByName("live").refresh()
    before = world.everything()
    with pytest.raises(OperatorError, match="storage pool live has 100 bytes left, and it needs"):
        world.create("CloudInitDisk", "seed", SEED)
    assert world.everything() == before


@pytest.mark.reports("H12")
def test_a_seed_that_can_not_be_rewritten_is_what_it_was(world: World) -> None:
    id, _ = world.create("CloudInitDisk", "seed", SEED)
    room(world, 100)
    world.conn.keeps = 20_000
    with pytest.raises(OperatorError, match="storage pool live has 100 bytes left"):
        world.update("CloudInitDisk", id, SEED, {**SEED, "userData": "#cloud-config\nhostname: other\n"})
    assert world.drift("CloudInitDisk", id, SEED) == {}


@pytest.mark.reports("H12")
def test_a_volume_that_is_to_grow_beyond_the_room_is_told(overlay: World) -> None:
    room(overlay, 1 << 30)
    overlay.conn.storagePoolLookupByName("live").refresh()
    call = overlay.call("Volume", "x")
    HANDLERS["Volume"].update(call, PATH, OVERLAY, OVERLAY, {**OVERLAY, "size": 40 << 30}, True)
    assert "has 1.0 GiB left, and the growth of volume Acilamwen.qcow needs 8.0 GiB" in str(call.notes[0])
