"""What a volume stands on is what its file says, whatever libvirt remembers; what was pulled or rebased is told, and
nothing of it is called lost."""

from __future__ import annotations

from typing import Any

import pytest

from provider.errors import OperatorError, Refused
from provider.host.optional import unheard
from provider.resource.base import Props
from provider.storage import chain, qcow2, standing
from provider.storage.chain import Link
from tests.provider.fakes import qcow2 as files
from tests.provider.fakes.basics import error
from tests.provider.fakes.storage_world import BASE, BASE_FOLDER, HANDLERS, World
from tests.provider.storage.declared import OVERLAY, PATH, qcow2_head

OTHER = f"{BASE_FOLDER}/other.qcow"
GIB32 = 34359738368
BY_NAME: Props = {
    **{key: value for key, value in OVERLAY.items() if key != "baseVolumeId"},
    "baseVolumeName": BASE.rsplit("/", 1)[1],
    "baseVolumePool": "base",
}
PULLED, REBASED = qcow2_head(backing=None), qcow2_head(backing=OTHER)


def file_of(world: World, path: str = PATH) -> Any:
    return world.conn.storageVolLookupByPath(path)


def refreshed(world: World) -> None:
    world.conn.storagePoolLookupByName("live").refresh()


@pytest.mark.reports("D2", "D4")
@pytest.mark.parametrize("looked", [False, True])
@pytest.mark.parametrize(
    ("data", "says"),
    [
        (PULLED, "stands on no base image any more: all of it is in its own file, as after virsh blockpull"),
        (REBASED, f"stands on {OTHER}"),
    ],
)  # fmt: skip
def test_an_overlay_that_was_pulled_or_rebased_is_told_and_nothing_is_to_be_done(
    overlay: World, data: bytes, says: str, looked: bool
) -> None:
    file_of(overlay).data = data
    if looked:
        refreshed(overlay)
    assert overlay.drift("Volume", PATH, OVERLAY) == {}
    (line,) = overlay.told("Volume", PATH, OVERLAY)
    assert f"{says} (declared: {BASE})" in line
    assert "nothing is lost by that, and nothing is to be done" in line
    assert "retire" not in line
    assert "data loss" not in line


@pytest.mark.reports("D2")
def test_a_base_by_name_is_told_the_same_way(overlay: World) -> None:
    file_of(overlay).data = REBASED
    assert overlay.drift("Volume", PATH, BY_NAME) == {}
    (line,) = overlay.told("Volume", PATH, BY_NAME)
    assert f"stands on {OTHER}" in line


@pytest.mark.reports("D2")
def test_the_line_has_the_command_that_declares_it_where_there_is_one(
    overlay: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_of(overlay).data = REBASED
    assert overlay.told("Volume", PATH, OVERLAY)[0].endswith(f"give it baseVolumeId {OTHER}")
    monkeypatch.setenv("LIBVIRT_ADOPT", "./trop adopt {stack} --yes")
    assert overlay.told("Volume", PATH, OVERLAY)[0].endswith("type: ./trop adopt trop02 --write --yes")


@pytest.mark.reports("D2")
def test_what_the_file_has_already_is_declared_without_a_change(overlay: World) -> None:
    file_of(overlay).data = REBASED
    assert overlay.drift("Volume", PATH, OVERLAY, {**OVERLAY, "baseVolumeId": OTHER}) == {}
    assert overlay.told("Volume", PATH, {**OVERLAY, "baseVolumeId": OTHER}) == []


@pytest.mark.reports("D2")
def test_an_update_of_something_else_goes_on_and_makes_nothing_anew(overlay: World) -> None:
    file_of(overlay).data = PULLED
    before = overlay.everything()
    outputs = overlay.update("Volume", PATH, OVERLAY, OVERLAY)
    assert "backing" not in outputs
    assert overlay.everything() == before
    grown = overlay.update("Volume", PATH, OVERLAY, {**OVERLAY, "size": 2 * GIB32})
    assert grown["size"] == 2 * GIB32


@pytest.mark.reports("D2")
def test_a_state_in_which_the_lost_base_was_written_is_no_reason_to_refuse(overlay: World) -> None:
    file_of(overlay).data = PULLED
    HANDLERS["Volume"].update(
        overlay.call("Volume", "x"), PATH, OVERLAY, {**OVERLAY, "baseVolumeId": ""}, OVERLAY, True
    )


@pytest.mark.reports("D2")
def test_another_base_that_is_newly_declared_is_refused_and_no_line_tells_to_retire_the_disk(
    overlay: World,
) -> None:
    new = {**OVERLAY, "baseVolumeId": OTHER}
    with pytest.raises(
        Refused, match=rf"baseVolumeId can't be changed from '{BASE}' to '{OTHER}'"
    ) as refused:
        overlay.update("Volume", PATH, OVERLAY, new, preview=True)
    assert f"declare it with baseVolumeId {BASE}, as it is" in str(refused.value)
    assert "retire" not in str(refused.value)


@pytest.mark.reports("D2")
def test_a_volume_that_was_converted_is_told_and_stays(world: World) -> None:
    inputs: Props = {"name": "a.qcow2", "pool": "live", "format": "qcow2", "size": 1 << 20}
    id, _ = world.create("Volume", "a", inputs)
    file_of(world, id).data = b"\0" * 4096
    assert world.drift("Volume", id, inputs) == {}
    (line,) = world.told("Volume", id, inputs)
    assert line.startswith("volume a.qcow2 was converted to raw (declared: qcow2); it stays as it is")
    assert world.drift("Volume", id, inputs, {**inputs, "format": "raw"}) == {}


@pytest.mark.reports("D4")
def test_a_base_under_which_libvirt_sees_nobody_is_not_deleted_while_a_file_says_otherwise(
    world: World,
) -> None:
    inputs: Props = {"name": "a.qcow2", "pool": "live", "format": "qcow2", "size": 1 << 20}
    id, _ = world.create("Volume", "a", inputs)
    file_of(world, id).data = files.head(1 << 20, BASE)
    with pytest.raises(OperatorError, match=f"is not deleted: {id} stands on it"):
        world.delete("Volume", BASE, {"pool": "base"})


@pytest.mark.reports("D4")
def test_where_no_file_can_be_read_the_pool_is_looked_at_before(overlay: World) -> None:
    file_of(overlay).data = REBASED
    overlay.conn.downloads_fail = error(88, "access denied")
    assert OTHER in overlay.told("Volume", PATH, OVERLAY)[0]


@pytest.mark.reports("D4")
def test_where_neither_can_be_had_it_is_said_as_of_when(overlay: World) -> None:
    file_of(overlay).data = REBASED
    overlay.conn.downloads_fail = error(88, "access denied")
    overlay.conn.storagePoolLookupByName("live").busy = 10**9
    (line,) = overlay.told("Volume", PATH, OVERLAY)
    assert line.startswith(
        f"what {PATH} stands on is told as libvirt saw it last, for its file can't be read"
    )
    assert overlay.drift("Volume", PATH, OVERLAY) == {}


@pytest.mark.reports("D4")
def test_a_base_that_was_replaced_in_its_place_gives_a_new_overlay_the_format_that_its_file_has(
    world: World,
) -> None:
    file_of(world, BASE).data = b"\0" * 4096
    world.create("Volume", "a", OVERLAY)
    assert file_of(world).root.find("backingStore/format").get("type") == "raw"


def test_a_header_that_a_guest_has_written_into_its_raw_disk_is_not_believed(world: World) -> None:
    inputs: Props = {"name": "a.raw", "pool": "live", "format": "raw", "size": 1 << 20}
    id, _ = world.create("Volume", "a", inputs)
    file_of(world, id).data = files.head(1 << 40, "/etc/shadow")
    assert world.told("Volume", id, inputs) == []
    assert list(chain.links(world.host, id, unheard)) == [Link(id)]


@pytest.mark.reports("D5")
def test_a_header_says_what_the_file_stands_on_and_whether_that_files_format_is_known() -> None:
    for version in (2, 3):
        assert qcow2.header(files.head(7, "/a", version=version)) == qcow2.Header(7, "/a", "qcow2")
        assert qcow2.header(files.head(7, "/a", None, version=version)) == qcow2.Header(7, "/a", None)
        assert qcow2.header(files.head(7, version=version)) == qcow2.Header(7, None, None)
    assert qcow2.header(b"") is None
    assert qcow2.header(b"junk" * 100) is None
    assert qcow2.header(files.head(7, "/a")[:120]) is None


@pytest.mark.parametrize(
    ("backing", "path"),
    [
        ("base.qcow", "/live/base.qcow"),
        ("../base/a", "/base/a"),
        ("file:/base/a", "/base/a"),
        ('json:{"driver":"qcow2","file":{"driver":"file","filename":"/base/a"}}', "/base/a"),
        ('json:{"file.filename":"/base/a"}', "/base/a"),
        ("json:{", "json:{"),
        ("json:[]", "json:[]"),
        ("nbd://host/a", "nbd://host/a"),
    ],
)
def test_a_base_is_found_however_it_is_written(backing: str, path: str) -> None:
    assert qcow2.path_of(backing, "/live/o.qcow") == path


@pytest.mark.reports("D5")
def test_a_chain_is_followed_from_file_to_file_as_far_as_it_can_be_seen(overlay: World) -> None:
    file_of(overlay).data = qcow2_head(backing=BASE)
    file_of(overlay, BASE).data = files.head(7, "/gone/below", None)
    assert list(chain.links(overlay.host, PATH, unheard)) == [
        Link(PATH, BASE),
        Link(BASE, "/gone/below", format_said=False),
        Link("/gone/below", there=False),
    ]
    file_of(overlay, BASE).data = files.head(7, PATH)
    assert len(list(chain.links(overlay.host, PATH, unheard))) == 32


def test_what_stands_on_a_file_is_known_by_the_files(overlay: World) -> None:
    assert standing.overlays(overlay.host, BASE) == [PATH]
