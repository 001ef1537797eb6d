"""Volumes on a libvirt in memory: an overlay never taken once something was written, never made anew, never lost."""

from __future__ import annotations

import pytest

from provider.errors import OperatorError, Refused
from provider.host.disk_files import files, pool_volumes
from provider.resource.base import COMPUTED, Props
from provider.storage import volume_xml
from provider.storage.qcow2 import is_blank
from tests.provider.fakes import typed
from tests.provider.fakes.storage_world import BASE, BASE_FOLDER, HANDLERS, World, sample
from tests.provider.storage.declared import OVERLAY, PATH, qcow2_head, using


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


def test_a_preview_knows_the_path_in_a_pool_that_the_same_run_makes(world: World) -> None:
    with pytest.raises(OperatorError, match="there is no storage pool later"):
        world.create("Volume", "a", {**OVERLAY, "pool": "later"}, preview=True)
    for path, seen in (("/later", f"/later/{OVERLAY['name']}"), (COMPUTED, COMPUTED)):
        world.create("Pool", "later", {"name": "later", "type": "dir", "path": path}, preview=True)
        outputs = world.create("Volume", "a", {**OVERLAY, "pool": "later"}, preview=True)[1]
        assert outputs["path"] == seen


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
    inputs = {**OVERLAY, "baseVolumeId": base}
    with pytest.raises(
        OperatorError, match=f"base image {base} is missing on qemu:///system: {advice}"
    ) as told:
        world.create("Volume", "a", inputs, preview=True)
    for line in typed.lines(told.value):
        typed.virsh(world.conn, line)
    folder, _, name = base.rpartition("/")
    (pool,) = [each for each in world.conn.pools if each.folder == folder and each.active]
    pool.createXML(
        f"<volume><name>{name}</name><capacity>1</capacity><target><format type='qcow2'/></target></volume>"
    )
    world.create("Volume", "a", inputs, preview=True)


@pytest.mark.parametrize("name", ["base", "old images"])
def test_a_base_image_in_a_stopped_pool_is_told_with_the_pool_to_start(world: World, name: str) -> None:
    pool = world.conn.storagePoolLookupByName("base")
    pool.root.find("name").text, pool.active = name, 0
    with pytest.raises(
        OperatorError, match=rf"storage pool {name} is not active; type: .* pool-start "
    ) as told:
        world.create("Volume", "a", OVERLAY, preview=True)
    typed.virsh(world.conn, *typed.lines(told.value))
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
    with pytest.raises(OperatorError, match=r"LIBVIRT_ALLOW=Acilamwen\.qcow=data loss") as refused:
        overlay.create("Volume", "Acilamwen", OVERLAY, preview=True)
    monkeypatch.setenv("LIBVIRT_ALLOW", typed.allow(refused.value))
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


def test_disks_given_by_pool_and_volume_are_seen() -> None:
    xml = "<domain><devices><disk><source pool='live' volume='a'/></disk></devices></domain>"
    assert pool_volumes(xml) == {("live", "a")}
