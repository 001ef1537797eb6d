"""Pools, volumes and base images that the same run makes: a preview does not miss them, and misses all others."""

from __future__ import annotations

import pytest

from provider.errors import OperatorError
from tests.provider.fakes import typed
from tests.provider.fakes.storage_world import BASE, HANDLERS, LIVE, World
from tests.provider.storage.declared import OVERLAY, PATH

IMAGES = {"name": "images", "type": "dir", "path": "/images"}
NEW_BASE = {"name": "new.qcow", "pool": "images", "size": 1 << 20}
BY_NAME = {"name": "a.qcow", "pool": "live", "baseVolumeName": "new.qcow", "baseVolumePool": "images"}
BY_PATH = {"name": "a.qcow", "pool": "live", "baseVolumeId": "/images/new.qcow"}


@pytest.mark.parametrize("overlay", [BY_NAME, BY_PATH], ids=["by name", "by path"])
def test_a_base_image_that_the_same_run_makes_is_not_missed(world: World, overlay: dict[str, str]) -> None:
    with pytest.raises(OperatorError, match=r"is missing|no storage pool images"):
        world.create("Volume", "a", overlay, preview=True)
    world.create("Pool", "images", IMAGES, preview=True)
    world.create("Volume", "new", NEW_BASE, preview=True)

    outputs = world.create("Volume", "a", overlay, preview=True)[1]
    assert outputs["backing"] == "/images/new.qcow"
    with pytest.raises(OperatorError, match="size 512 is less than the 1048576 bytes"):
        world.create("Volume", "a", {**overlay, "size": 512}, preview=True)


def test_a_base_image_may_be_in_the_folder_of_a_pool_that_the_same_run_makes(world: World) -> None:
    world.create("Pool", "images", IMAGES, preview=True)
    assert world.create("Volume", "a", BY_PATH, preview=True)[1]["backing"] == "/images/new.qcow"
    with pytest.raises(OperatorError, match=r"base image /other/new.qcow is missing"):
        world.create("Volume", "a", {**BY_PATH, "baseVolumeId": "/other/new.qcow"}, preview=True)


def test_a_pool_that_runs_hides_nothing_that_is_missing_in_it(world: World) -> None:
    pool = world.conn.storagePoolLookupByName("base")
    pool.starts_with_host = 0
    folder = {"name": "base", "type": "dir", "path": BASE.rpartition("/")[0]}
    world.update("Pool", pool.UUIDString(), folder, folder, preview=True)
    with pytest.raises(OperatorError, match=r"base image .*/other.qcow is missing"):
        world.create("Volume", "a", {**OVERLAY, "baseVolumeId": f"{folder['path']}/other.qcow"}, preview=True)


def without_pool(world: World) -> World:
    for act in ("destroy", "undefine"):
        getattr(world.conn.storagePoolLookupByName("live"), act)()
    return world


def test_a_volume_whose_pool_is_gone_stays_as_it_is_known_and_is_looked_at_later(overlay: World) -> None:
    handler, call = HANDLERS["Volume"], without_pool(overlay).call("Volume", "Acilamwen")
    found = handler.read(call, PATH, OVERLAY, OVERLAY)
    assert found is not None
    assert (found.inputs, call.notes) == (
        OVERLAY,
        ["volume Acilamwen.qcow: its storage pool live is gone from qemu:///system, so it was not looked at"],
    )
    diff = handler.diff(call, PATH, found.outputs, found.inputs, OVERLAY)
    assert (diff.changes, tuple(diff.output_paths)) == ({"unseen": "delete"}, ("unseen",))

    for preview in (True, False):  # nobody makes the pool
        with pytest.raises(
            OperatorError, match=rf"there is no storage pool live on .*: make it, over {LIVE}: "
        ) as told:
            handler.update(call, PATH, found.outputs, OVERLAY, OVERLAY, preview)
    typed.virsh(overlay.conn, *typed.lines(told.value))
    handler.update(call, PATH, found.outputs, OVERLAY, OVERLAY, True)


@pytest.mark.parametrize("file_is_there", [True, False])
def test_once_the_pool_is_there_the_file_is_found_or_made_anew(overlay: World, file_is_there: bool) -> None:
    inode = overlay.host.volume_by_path(PATH)
    handler, call = HANDLERS["Volume"], without_pool(overlay).call("Volume", "Acilamwen")
    found = handler.read(call, PATH, OVERLAY, OVERLAY)
    assert found is not None
    if not file_is_there:
        overlay.conn.files.discard(PATH)
    overlay.create("Pool", "live", {"name": "live", "type": "dir", "path": LIVE})

    outputs = handler.update(call, PATH, found.outputs, OVERLAY, OVERLAY, False)
    assert "unseen" not in outputs
    assert (overlay.host.volume_by_path(PATH) is inode) == file_is_there
    assert overlay.drift("Volume", PATH, OVERLAY) == {}


def test_a_pool_that_is_stopped_is_started_by_the_line_that_is_told(overlay: World) -> None:
    overlay.conn.storagePoolLookupByName("live").destroy()
    with pytest.raises(
        OperatorError, match="is not active, so its files can't be seen: see that its"
    ) as told:
        overlay.create("Volume", "more", {**OVERLAY, "name": "more.qcow"})
    typed.virsh(overlay.conn, *typed.lines(told.value))
    overlay.create("Volume", "more", {**OVERLAY, "name": "more.qcow"})


def test_a_delete_in_a_pool_that_the_same_run_makes_is_not_refused_for_want_of_it(overlay: World) -> None:
    handler, call = HANDLERS["Volume"], without_pool(overlay).call("Volume", "Acilamwen")
    with pytest.raises(OperatorError, match="there is no storage pool live"):
        handler.refuse_delete(call, PATH, OVERLAY)
    overlay.create("Pool", "live", {"name": "live", "type": "dir", "path": LIVE}, preview=True)
    handler.refuse_delete(call, PATH, OVERLAY)
