"""Pools on a libvirt in memory: none silently taken, none needed deleted, no blank directory for an unmounted disk."""

from __future__ import annotations

import pytest

from provider.errors import OperatorError, Refused
from provider.resource.base import Props
from tests.provider.fakes.storage_world import BASE_FOLDER, HANDLERS, LIVE, World, sample
from tests.provider.storage.declared import PATH, POOL, using


def test_a_new_pool_runs_and_starts_with_the_host(world: World) -> None:
    pool = world.conn.storagePoolLookupByName("live")
    assert (pool.isActive(), pool.autostart(), pool.folder) == (1, 1, LIVE)
    assert world.drift("Pool", pool.UUIDString(), POOL) == {}


def test_a_pool_reads_as_libvirt_writes_it() -> None:
    world = World()
    pool = world.conn.storagePoolDefineXML(sample("pool-live.xml"))
    assert world.read("Pool", pool.UUIDString(), {}, {}).inputs == POOL


def test_a_create_of_a_pool_that_was_killed_before_its_directory_was_made_is_taken_up(world: World) -> None:
    pool = world.conn.storagePoolLookupByName("live")
    pool.active = pool.starts_with_host = 0
    world.conn.folders.discard(LIVE)
    world.create("Pool", "live", POOL)
    assert (pool.active, LIVE in world.conn.folders) == (1, True)


def test_the_directory_of_a_pool_that_was_made_whole_is_mounted_and_not_made(world: World) -> None:
    """One that this stack has made, and whose state is lost."""
    pool = world.conn.storagePoolLookupByName("live")
    pool.active = 0
    world.conn.folders.discard(LIVE)
    with pytest.raises(Exception, match="No such file or directory"):
        world.create("Pool", "live", POOL)
    assert LIVE not in world.conn.folders


def test_a_create_of_a_pool_that_was_killed_is_taken_up(world: World) -> None:
    pool = world.conn.storagePoolLookupByName("live")
    pool.active = pool.starts_with_host = 0
    world.create("Pool", "live", POOL)
    assert (pool.active, pool.starts_with_host, len(world.conn.pools)) == (1, 1, 2)


def test_a_pool_that_a_killed_create_has_only_defined_gets_its_directory() -> None:
    world = World()
    made = world.create("Pool", "live", POOL)
    world.conn.storagePoolLookupByName("live").destroy()
    world.conn.storagePoolLookupByName("live").setAutostart(0)
    world.conn.folders.clear()
    assert world.create("Pool", "live", POOL) == made
    pool = world.conn.storagePoolLookupByName("live")
    assert (pool.isActive(), pool.autostart(), LIVE in world.conn.folders) == (1, 1, True)


@pytest.mark.parametrize(
    "change", [{"name": "base", "path": "/elsewhere"}, {"name": "other", "path": f"{BASE_FOLDER}/"}]
)
def test_a_pool_of_another_hand_is_refused_by_name_and_by_directory(world: World, change: Props) -> None:
    with pytest.raises(OperatorError, match=r"base.* exists already on qemu:///system.*import_='b'"):
        world.create("Pool", "other", {**POOL, **change}, preview=True)


def test_a_stopped_pool_is_shown_and_started(world: World) -> None:
    pool = world.conn.storagePoolLookupByName("live")
    pool.active = pool.starts_with_host = 0
    assert world.drift("Pool", pool.UUIDString(), POOL) == {"active": "update", "autostart": "update"}
    world.update("Pool", pool.UUIDString(), POOL, POOL)
    assert world.drift("Pool", pool.UUIDString(), POOL) == {}


def test_a_pool_whose_directory_is_not_mounted_is_not_given_an_empty_one(world: World) -> None:
    pool = world.conn.storagePoolLookupByName("live")
    pool.active = 0
    world.conn.folders.discard(LIVE)
    with pytest.raises(Exception, match="No such file or directory"):
        world.update("Pool", pool.UUIDString(), POOL, POOL)
    assert LIVE not in world.conn.folders


@pytest.mark.parametrize("preview", [True, False])
def test_what_is_mended_of_a_pool_is_live(world: World, preview: bool) -> None:
    pool = world.conn.storagePoolLookupByName("live")
    pool.active = pool.starts_with_host = 0
    call = world.call("Pool", "live")
    HANDLERS["Pool"].update(call, pool.UUIDString(), {}, POOL, POOL, preview)
    assert [(note.impact, note.path) for note in call.notes] == [("live", "active"), ("live", "autostart")]


@pytest.mark.parametrize(("key", "value"), [("name", "new"), ("path", "/new")])
def test_a_pool_is_not_renamed_or_moved(world: World, key: str, value: str) -> None:
    id = world.conn.storagePoolLookupByName("live").UUIDString()
    with pytest.raises(Refused, match=f"{key} can't be changed from '.*live' to '{value}'"):
        world.update("Pool", id, POOL, {**POOL, key: value}, preview=True)


def test_target_path_is_the_same_as_path(world: World) -> None:
    by_target: Props = {"name": "live", "type": "dir", "target": {"path": LIVE}}
    id = world.conn.storagePoolLookupByName("live").UUIDString()
    assert HANDLERS["Pool"].diff(world.call("Pool", "live"), id, {}, POOL, by_target).changes == {}
    assert world.read("Pool", id, by_target).inputs == by_target


def test_the_preview_refuses_to_delete_a_pool_unless_the_guest_goes_too(overlay: World) -> None:
    id = overlay.conn.storagePoolLookupByName("live").UUIDString()
    using(overlay)
    call = overlay.call("Pool", "live")
    with pytest.raises(Refused, match="storage pool live is not deleted: it has disks of Acilamwen"):
        HANDLERS["Pool"].refuse_delete(call, id, {"path": LIVE})
    call.condemned = {overlay.conn.lookupByName("Acilamwen").UUIDString()}
    HANDLERS["Pool"].refuse_delete(call, id, {"path": LIVE})
    assert [note.impact for note in call.notes] == ["live"]
    assert overlay.host.pool_by_uuid(id) is not None


def test_a_pool_with_a_guests_disk_is_not_deleted(overlay: World) -> None:
    id = overlay.conn.storagePoolLookupByName("live").UUIDString()
    with pytest.raises(Refused, match="storage pool live is not deleted: it has disks of Acilamwen"):
        using(overlay).delete("Pool", id, POOL)
    overlay.conn.domains = []
    overlay.delete("Pool", id, POOL)
    overlay.delete("Pool", id, POOL)
    assert [pool.name() for pool in overlay.conn.pools] == ["base"]
    assert PATH in overlay.conn.files


@pytest.mark.parametrize(
    ("change", "path"), [({"type": "logical"}, "type"), ({"path": "a/b"}, "path"), ({"name": "a/b"}, "name")]
)
def test_a_bad_pool_is_told_by_its_property(world: World, change: Props, path: str) -> None:
    checked = HANDLERS["Pool"].check(world.call("Pool", "x"), {}, {**POOL, **change})
    assert [failure.path for failure in checked.failures] == [path]


@pytest.mark.reports("D2")
def test_a_pool_that_was_moved_is_told_and_refuses_nothing(world: World) -> None:
    declared: Props = {"name": "live", "type": "dir", "path": LIVE}
    pool = world.conn.storagePoolLookupByName("live")
    pool.root.find("target/path").text = "/mnt/live"
    world.conn.folders.add("/mnt/live")
    id = pool.UUIDString()
    assert world.drift("Pool", id, declared) == {}
    (line,) = world.told("Pool", id, declared)
    assert line.startswith(f"storage pool live is over /mnt/live (declared: {LIVE}); nothing is lost by that")
    assert world.drift("Pool", id, declared, {**declared, "path": "/mnt/live/"}) == {}
    pool.active = 0
    world.update("Pool", id, declared, declared)
    assert pool.active
