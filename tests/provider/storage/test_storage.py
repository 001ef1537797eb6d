"""Pools, volumes and cloud-init disks on a libvirt in memory: nothing silently taken, nothing needed deleted."""

from __future__ import annotations

import struct

import pytest

from provider.errors import OperatorError, Refused
from provider.host.disk_files import files, pool_volumes
from provider.resource.base import COMPUTED, Props
from provider.storage import seed_iso, volume_xml
from provider.storage.qcow2 import is_blank
from tests.provider.fakes.libvirt import Domain
from tests.provider.fakes.storage_world import BASE, BASE_FOLDER, HANDLERS, LIVE, World, sample

POOL: Props = {"name": "live", "type": "dir", "path": LIVE}
OVERLAY: Props = {"name": "Acilamwen.qcow", "pool": "live", "format": "qcow2", "baseVolumeId": BASE}
PATH = f"{LIVE}/Acilamwen.qcow"
SEED: Props = {
    "name": "Acilamwen-seed.iso",
    "pool": "live",
    "userData": "#cloud-config\nhostname: Acilamwen\n",
    "metaData": "instance-id: Acilamwen\n",
    "networkConfig": "version: 2\n",
}


def qcow2_head(first_cluster: int = 0, snapshots: int = 0) -> bytes:
    """A version 2 header with a table of four entries at 64 KiB, of which the first is as given."""
    header = struct.pack(
        ">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, 16, 1 << 31, 0, 4, 65536, 131072, 1, snapshots, 0
    )
    return header.ljust(65536, b"\0") + struct.pack(">QQQQ", first_cluster, 0, 0, 0)


@pytest.fixture
def world() -> World:
    return World().with_base()


@pytest.fixture
def overlay(world: World) -> World:
    world.create("Volume", "Acilamwen", OVERLAY)
    world.host.volume_by_path(PATH).data = qcow2_head()  # type: ignore[union-attr]
    return world


def using(world: World) -> World:
    world.conn.domains = [Domain(sample("domain-overlay-live.xml"), None)]
    return world


# Pools.


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


# Volumes.


def test_an_overlay_names_its_base_and_the_bases_format(overlay: World) -> None:
    root = overlay.host.volume_by_path(PATH).root  # type: ignore[union-attr]
    assert root.findtext("backingStore/path") == BASE
    assert root.find("backingStore/format").get("type") == "qcow2"
    assert root.findtext("capacity") == "34359738368"
    assert overlay.drift("Volume", PATH, OVERLAY) == {}


def test_a_volume_reads_as_libvirt_writes_it() -> None:
    seen = volume_xml.view(sample("volume-overlay.xml"))
    assert (seen.path, seen.format, seen.capacity) == (PATH, "qcow2", 34359738368)
    assert seen.backing == volume_xml.Backing(BASE, "qcow2")
    assert volume_xml.view(sample("volume-base.xml")).backing is None


def test_a_running_domain_names_its_disk_and_all_that_it_stands_on() -> None:
    assert files(sample("domain-overlay-live.xml")) == {PATH, BASE}


def test_a_preview_of_an_overlay_tells_its_path_and_changes_nothing(world: World) -> None:
    before = world.everything()
    id, outputs = world.create("Volume", "Acilamwen", OVERLAY, preview=True)
    assert (id, outputs["path"], outputs["backing"]) == ("", PATH, BASE)
    assert world.everything() == before


def test_a_preview_before_the_pool_is_there_does_not_know_the_path(world: World) -> None:
    outputs = world.create("Volume", "a", {**OVERLAY, "pool": "later"}, preview=True)[1]
    assert outputs["path"] is COMPUTED


@pytest.mark.parametrize(
    ("base", "advice"),
    [
        (f"{BASE_FOLDER}/other.qcow", f"put other.qcow into {BASE_FOLDER} there"),
        (
            "/images/a.qcow",
            "no storage pool has /images; type: virsh -c 'qemu:///system' 'pool-define-as base2 dir --target /images; "
            "pool-build base2; pool-start base2; pool-autostart base2'; and put a.qcow there",
        ),
    ],
)
def test_a_missing_base_image_is_told_at_preview_with_what_to_do(
    world: World, base: str, advice: str
) -> None:
    with pytest.raises(OperatorError, match=f"base image {base} is missing on qemu:///system: {advice}"):
        world.create("Volume", "a", {**OVERLAY, "baseVolumeId": base}, preview=True)


def test_a_base_image_in_a_stopped_pool_is_told_with_the_pool_to_start(world: World) -> None:
    world.conn.storagePoolLookupByName("base").active = 0
    with pytest.raises(OperatorError, match=r"storage pool base is not active; type: .* pool-start base"):
        world.create("Volume", "a", OVERLAY, preview=True)


def test_a_base_image_put_there_a_moment_ago_is_found(world: World) -> None:
    pool = world.conn.storagePoolLookupByName("base")
    pool.unseen, pool.volumes = pool.volumes, {}
    assert world.create("Volume", "a", OVERLAY)[0] == PATH


def test_a_base_image_can_be_given_by_name(world: World) -> None:
    by_name = {k: v for k, v in OVERLAY.items() if k != "baseVolumeId"}
    by_name |= {"baseVolumeName": BASE.rsplit("/", 1)[1], "baseVolumePool": "base"}
    assert world.create("Volume", "a", by_name)[1]["backing"] == BASE
    assert world.drift("Volume", PATH, by_name) == {}


def test_an_overlay_smaller_than_its_base_is_refused(world: World) -> None:
    with pytest.raises(OperatorError, match="size 10 is less than the 34359738368 bytes"):
        world.create("Volume", "a", {**OVERLAY, "size": 10}, preview=True)


def test_a_create_of_an_overlay_that_was_killed_is_taken_up(overlay: World) -> None:
    assert overlay.create("Volume", "Acilamwen", OVERLAY)[0] == PATH


def test_an_overlay_into_which_something_was_written_is_never_taken(overlay: World) -> None:
    overlay.host.volume_by_path(PATH).data = qcow2_head(first_cluster=1 << 63 | 0x50000)  # type: ignore[union-attr]
    with pytest.raises(
        OperatorError, match=r"exists already.*pulumi import libvirt:index/volume:Volume Acilamwen"
    ):
        overlay.create("Volume", "Acilamwen", OVERLAY)


def test_an_overlay_that_a_guest_has_is_never_taken(overlay: World) -> None:
    with pytest.raises(OperatorError, match="exists already"):
        using(overlay).create("Volume", "Acilamwen", OVERLAY, preview=True)


def test_a_volume_of_another_base_is_never_taken(overlay: World) -> None:
    inputs = {"name": "Acilamwen.qcow", "pool": "live", "size": 34359738368}
    with pytest.raises(OperatorError, match="exists already"):
        overlay.create("Volume", "Acilamwen", inputs)


def test_a_deleted_volume_that_nobody_names_is_gone(overlay: World) -> None:
    overlay.conn.files.discard(PATH)
    assert overlay.read("Volume", PATH, OVERLAY) is None


def test_a_volume_in_a_stopped_pool_is_not_gone(overlay: World) -> None:
    overlay.conn.storagePoolLookupByName("live").active = 0
    with pytest.raises(OperatorError, match=r"pool live on qemu:///system is not active.*pool-start live"):
        overlay.read("Volume", PATH, OVERLAY)


def test_a_missing_overlay_that_a_guest_names_is_not_made_anew(
    overlay: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    using(overlay).conn.files.discard(PATH)
    with pytest.raises(OperatorError, match=rf"the file {PATH} is missing, and it is a disk of Acilamwen"):
        overlay.read("Volume", PATH, OVERLAY)
    with pytest.raises(OperatorError, match=r"LIBVIRT_ALLOW=Acilamwen\.qcow=data loss"):
        overlay.create("Volume", "Acilamwen", OVERLAY, preview=True)
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen.qcow=data loss")
    assert overlay.read("Volume", PATH, OVERLAY) is None
    assert overlay.create("Volume", "Acilamwen", OVERLAY)[0] == PATH


def test_a_change_of_a_volume_is_refused_by_name(overlay: World) -> None:
    with pytest.raises(
        Refused, match=r"volume Acilamwen.qcow: size can't be changed from 34359738368 to 99: .*data loss"
    ):
        overlay.update("Volume", PATH, OVERLAY, {**OVERLAY, "size": 99}, preview=True)


def test_a_volume_that_a_guest_has_is_not_deleted(overlay: World) -> None:
    with pytest.raises(OperatorError, match="is not deleted: it is a disk of Acilamwen"):
        using(overlay).delete("Volume", PATH, OVERLAY)
    assert PATH in overlay.conn.files


def test_a_base_image_with_overlays_is_not_deleted(overlay: World) -> None:
    with pytest.raises(OperatorError, match=f"is not deleted: {PATH} stands on it"):
        overlay.delete("Volume", BASE, {"pool": "base"})
    assert BASE in overlay.conn.files


def test_a_volume_that_goes_is_told_as_lost_data_by_the_preview_and_by_the_run(overlay: World) -> None:
    call = overlay.call("Volume", "v")
    HANDLERS["Volume"].refuse_delete(call, PATH, OVERLAY)
    assert PATH in overlay.conn.files
    told = [str(note) for note in call.notes]
    assert told == ["impact data loss: volume Acilamwen.qcow is removed, with all that is written on it"]
    call.notes.clear()
    HANDLERS["Volume"].delete(call, PATH, OVERLAY)
    assert [str(note) for note in call.notes] == told
    call.notes.clear()
    HANDLERS["Volume"].delete(call, PATH, OVERLAY)
    assert call.notes == []


def test_a_deleted_volume_can_be_deleted_again(overlay: World) -> None:
    overlay.delete("Volume", PATH, OVERLAY)
    overlay.delete("Volume", PATH, OVERLAY)
    assert PATH not in overlay.conn.files


def test_an_imported_volume_tells_pool_size_and_base(overlay: World) -> None:
    found = overlay.read("Volume", PATH, {}, {})
    assert found.inputs == {**OVERLAY, "size": 34359738368}


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ({"name": "a/b", "size": 1}, "name"),
        ({"name": "a"}, "size"),
        ({"name": "a", "size": 0}, "size"),
        ({"name": "a", "size": 1, "format": "vmdk"}, "format"),
        ({"name": "a", "format": "raw", "baseVolumeId": "/b"}, "format"),
        ({"name": "a", "baseVolumeId": "/b", "baseVolumeName": "b"}, "baseVolumeName"),
        ({"name": "a", "baseVolumeId": "/b", "baseVolumePool": "b"}, "baseVolumePool"),
    ],
)
def test_a_bad_volume_is_told_by_its_property(world: World, inputs: Props, path: str) -> None:
    checked = HANDLERS["Volume"].check(world.call("Volume", "x"), {}, inputs)
    assert [failure.path for failure in checked.failures] == [path]


def test_a_qcow2_is_blank_until_something_is_written_or_kept() -> None:
    assert is_blank(qcow2_head())
    assert not is_blank(qcow2_head(first_cluster=1 << 63))
    assert not is_blank(qcow2_head(snapshots=1))
    assert not is_blank(qcow2_head()[:65540])
    assert not is_blank(b"")
    assert not is_blank(b"\0" * 1024)


# Cloud-init disks.


def test_a_seed_reads_back_as_declared(world: World) -> None:
    id, outputs = world.create("CloudInitDisk", "seed", SEED)
    assert id == outputs["path"] == f"{LIVE}/Acilamwen-seed.iso"
    assert world.drift("CloudInitDisk", id, SEED) == {}
    assert world.read("CloudInitDisk", id, {}, {}).inputs == SEED


def test_the_same_inputs_give_the_same_bytes() -> None:
    assert seed_iso.build(SEED) == seed_iso.build(SEED)
    assert seed_iso.build(SEED)[32808:32814] == b"cidata"


def test_a_seeds_text_is_judged_when_it_is_new_or_another(world: World) -> None:
    check, call = HANDLERS["CloudInitDisk"].check, world.call("CloudInitDisk", "seed")
    bad, other = {"userData": "#cloud-config\n- a\n"}, {"userData": "#cloud-config\na: 1\n"}
    assert [failure.path for failure in check(call, {}, bad).failures] == ["userData"]
    assert [failure.path for failure in check(call, other, bad).failures] == ["userData"]
    assert check(call, bad, bad).failures == []  # what an adopted guest has is no fault of this run


def test_a_seed_that_was_written_by_hand_is_shown_and_written_again(world: World) -> None:
    id, _ = world.create("CloudInitDisk", "seed", SEED)
    world.host.volume_by_path(id).data = seed_iso.build({**SEED, "userData": "by hand"})  # type: ignore[union-attr]
    assert world.drift("CloudInitDisk", id, SEED) == {"userData": "update"}
    world.update("CloudInitDisk", id, SEED, SEED)
    assert world.drift("CloudInitDisk", id, SEED) == {}


def test_what_is_no_seed_any_more_is_shown(world: World) -> None:
    id, _ = world.create("CloudInitDisk", "seed", SEED)
    world.host.volume_by_path(id).data = b"junk" * 20000  # type: ignore[union-attr]
    assert set(world.drift("CloudInitDisk", id, SEED)) == {"userData", "metaData", "networkConfig"}


def test_a_seed_grows_and_shrinks_in_place(world: World) -> None:
    id, _ = world.create("CloudInitDisk", "seed", SEED)
    longer = {**SEED, "userData": "#" * 200_000}
    world.update("CloudInitDisk", id, SEED, longer)
    assert world.drift("CloudInitDisk", id, longer) == {}
    world.update("CloudInitDisk", id, longer, SEED)
    assert world.drift("CloudInitDisk", id, SEED) == {}


def test_a_change_of_a_seed_says_that_guests_read_it_when_they_boot(world: World) -> None:
    id, _ = world.create("CloudInitDisk", "seed", SEED)
    for preview in (True, False):
        call = world.call("CloudInitDisk", "seed")
        new = {**SEED, "userData": "#cloud-config\n"}
        HANDLERS["CloudInitDisk"].update(call, id, SEED, SEED, new, preview)
        assert [(note.impact, note.path) for note in call.notes] == [("next boot", "userData")]


def test_a_create_of_a_seed_that_was_killed_while_it_wrote_is_taken_up(world: World) -> None:
    id, _ = world.create("CloudInitDisk", "seed", SEED)
    volume = world.host.volume_by_path(id)
    assert volume is not None
    volume.data = volume.data[:40_000]  # type: ignore[attr-defined]
    world.create("CloudInitDisk", "seed", SEED)
    assert world.drift("CloudInitDisk", id, SEED) == {}


def test_another_seed_is_never_taken(world: World) -> None:
    world.create("CloudInitDisk", "seed", SEED)
    for preview in (True, False):
        with pytest.raises(OperatorError, match=r"exists already.*CloudInitDisk seed"):
            world.create("CloudInitDisk", "seed", {**SEED, "userData": "#!other"}, preview)


def test_a_seed_that_could_not_be_written_leaves_nothing(world: World) -> None:
    world.conn.uploads_fail = True
    with pytest.raises(Exception, match="No space left"):
        world.create("CloudInitDisk", "seed", SEED)
    assert world.conn.storagePoolLookupByName("live").volumes == {}


def test_a_preview_of_a_seed_changes_nothing(world: World) -> None:
    before = world.everything()
    assert world.create("CloudInitDisk", "seed", SEED, preview=True)[0] == ""
    unknown = {**SEED, "userData": COMPUTED}
    assert world.create("CloudInitDisk", "seed", unknown, preview=True)[1]["userData"] is COMPUTED
    assert world.everything() == before


def test_a_guests_seed_is_not_deleted(world: World) -> None:
    id, _ = world.create("CloudInitDisk", "seed", SEED)
    world.conn.domains = [Domain(None, sample("domain-overlay-live.xml").replace(PATH, id))]
    with pytest.raises(OperatorError, match="is not deleted: it is a disk of Acilamwen"):
        world.delete("CloudInitDisk", id, SEED)
    call = world.call("CloudInitDisk", "seed")
    with pytest.raises(OperatorError, match="is not deleted: it is a disk of Acilamwen"):
        HANDLERS["CloudInitDisk"].refuse_delete(call, id, SEED)
    call.condemned = {world.conn.domains[0].UUIDString()}
    HANDLERS["CloudInitDisk"].refuse_delete(call, id, SEED)
    assert [note.impact for note in call.notes] == ["live"]
    world.conn.domains = []
    world.delete("CloudInitDisk", id, SEED)
    assert world.read("CloudInitDisk", id, SEED) is None


def test_disks_given_by_pool_and_volume_are_seen() -> None:
    xml = "<domain><devices><disk><source pool='live' volume='a'/></disk></devices></domain>"
    assert pool_volumes(xml) == {("live", "a")}
