"""A volume that grows: under the guest that runs with it, or as a file; and everything that is not growing."""

from __future__ import annotations

import pytest

from provider.errors import OperatorError, Refused
from provider.resource.base import Props
from provider.storage import volume_xml
from provider.storage.volume import Volume
from tests.provider.fakes.libvirt import Domain
from tests.provider.fakes.storage_world import BASE, LIVE, World, sample

PATH = f"{LIVE}/Acilamwen.qcow"
OVERLAY: Props = {"name": "Acilamwen.qcow", "pool": "live", "format": "qcow2", "baseVolumeId": BASE}
GIB = 1 << 30
SIZED = {**OVERLAY, "size": 32 * GIB}


@pytest.fixture
def world() -> World:
    world = World().with_base()
    world.create("Volume", "Acilamwen", SIZED)
    return world


def grown(world: World, size: int, preview: bool = False) -> list[str]:
    call = world.call("Volume", "Acilamwen")
    outputs = Volume().update(call, PATH, {**SIZED, "path": PATH}, SIZED, {**SIZED, "size": size}, preview)
    assert outputs["size"] == size
    return [str(note) for note in call.notes]


def capacity(world: World) -> int:
    return volume_xml.view(world.conn.storageVolLookupByPath(PATH).XMLDesc()).capacity


def running(world: World) -> None:
    world.conn.domains = [Domain(sample("domain-overlay-live.xml"), None, world.conn)]


def test_a_volume_that_no_guest_runs_with_grows_as_a_file(world: World) -> None:
    note = f"impact live: size: volume Acilamwen.qcow grows from {32 * GIB} to {40 * GIB} bytes"
    assert grown(world, 40 * GIB, preview=True) == [note]
    assert capacity(world) == 32 * GIB
    assert grown(world, 40 * GIB) == [note]
    assert capacity(world) == 40 * GIB
    assert world.drift("Volume", PATH, {**SIZED, "size": 40 * GIB}) == {}
    assert grown(world, 40 * GIB) == []


def test_a_disk_of_a_running_guest_grows_through_the_guest(world: World) -> None:
    running(world)
    (note,) = grown(world, 40 * GIB)
    assert "under the running guest Acilamwen" in note
    assert capacity(world) == 40 * GIB


@pytest.mark.reports("D2")
def test_what_was_grown_by_hand_beyond_the_declared_size_is_told_and_not_shrunk(world: World) -> None:
    world.conn.storageVolLookupByPath(PATH).resize(40 * GIB)
    assert world.drift("Volume", PATH, SIZED) == {}
    (line,) = world.told("Volume", PATH, SIZED)
    assert f"has grown to {40 * GIB} bytes (declared: {32 * GIB}); it stays as it is" in line
    assert world.drift("Volume", PATH, SIZED, {**SIZED, "size": 40 * GIB}) == {}
    for preview in (True, False):
        with pytest.raises(Refused, match=r"never shrunk, whatever is allowed \(data loss\)"):
            grown(world, 36 * GIB, preview)
    assert capacity(world) == 40 * GIB


def test_no_word_allows_a_volume_to_shrink(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen.qcow=data loss")
    with pytest.raises(Refused, match="never shrunk"):
        grown(world, GIB)


def test_a_base_image_is_not_grown_under_its_overlays(world: World) -> None:
    inputs: Props = {"name": BASE.rsplit("/", 1)[1], "pool": "base", "size": 40 * GIB}
    with pytest.raises(OperatorError, match=rf"is not grown: {PATH} stands on it"):
        world.update("Volume", BASE, inputs, inputs, preview=True)


def test_a_size_that_cannot_be_had_exactly_is_told_before_anything_is_done(world: World) -> None:
    with pytest.raises(OperatorError, match="is no multiple of 512 bytes"):
        grown(world, 40 * GIB + 1, preview=True)


def test_a_volume_that_has_not_grown_is_an_error_whatever_libvirt_answers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(world)
    monkeypatch.setattr(Domain, "blockResize", lambda *_: 0)
    with pytest.raises(OperatorError, match=f"is not grown to {40 * GIB} bytes: libvirt took it, but"):
        grown(world, 40 * GIB)


def test_a_volume_is_not_deleted_at_preview_either_unless_its_guest_goes_too(world: World) -> None:
    running(world)
    call = world.call("Volume", "Acilamwen")
    with pytest.raises(OperatorError, match="is not deleted: it is a disk of Acilamwen"):
        Volume().refuse_delete(call, PATH, SIZED)
    call.condemned = [world.conn.domains[0].UUIDString()]
    Volume().refuse_delete(call, PATH, SIZED)
