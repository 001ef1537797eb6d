"""Cloud-init disks on a libvirt in memory: their text as declared, made again in place, never another's."""

from __future__ import annotations

import pytest

from provider.errors import OperatorError
from provider.resource.base import COMPUTED
from provider.storage import seed_iso
from tests.provider.fakes.libvirt import Domain
from tests.provider.fakes.storage_world import HANDLERS, LIVE, World, sample
from tests.provider.storage.declared import OVERLAY, PATH, SEED, qcow2_head


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


def with_seed(id: str) -> str:
    """A domain that has the overlay, and this seed as its CD."""
    cd = f"<disk type='file' device='cdrom'><source file='{id}'/><target dev='hdd' bus='ide'/><readonly/></disk>"
    return sample("domain-overlay-live.xml").replace(
        "<controller type='usb'", f"{cd}<controller type='usb'", 1
    )


def changed(world: World, id: str, **texts: str) -> list[tuple[str, str]]:
    """The impact and the words of each note, which are the same at preview and at the change."""
    notes = []
    for preview in (True, False):
        call = world.call("CloudInitDisk", "seed")
        HANDLERS["CloudInitDisk"].update(call, id, SEED, SEED, {**SEED, **texts}, preview)
        notes.append([(note.impact, str(note)) for note in call.notes if not isinstance(note, str)])
    assert notes[0] == notes[1]
    return notes[0]


@pytest.mark.reports("G5")
def test_a_guest_that_has_booted_gets_nothing_of_a_changed_seed_and_nothing_waits_for_a_boot(
    world: World,
) -> None:
    id, _ = world.create("CloudInitDisk", "seed", SEED)
    world.create("Volume", "Acilamwen", OVERLAY)
    overlay, xml = world.host.volume_by_path(PATH), with_seed(id)
    for live, cluster in ((xml, 0), (None, 1 << 63 | 0x50000)):  # it runs, or its disk was written to
        overlay.data = qcow2_head(first_cluster=cluster)  # type: ignore[union-attr]
        world.conn.domains = [Domain(live, xml)]
        ((impact, line),) = changed(world, id, userData="#cloud-config\n")
        assert impact == "live"
        assert "for a first boot alone: Acilamwen has had that, and gets nothing of this" in line
    overlay.data = qcow2_head()  # type: ignore[union-attr]
    ((impact, line),) = changed(world, id, userData="#cloud-config\n")
    assert (impact, "first time" in line) == ("next boot", True)


@pytest.mark.reports("G5")
def test_one_that_has_not_reads_it_at_its_first_boot(world: World) -> None:
    id, _ = world.create("CloudInitDisk", "seed", SEED)
    ((impact, line),) = changed(world, id, userData="#cloud-config\n")
    assert (impact, line.endswith("a guest reads it when it boots for the first time")) == ("next boot", True)


@pytest.mark.reports("G5")
def test_with_another_instance_id_all_of_it_is_read_at_the_next_boot(world: World) -> None:
    id, _ = world.create("CloudInitDisk", "seed", SEED)
    world.conn.domains = [Domain(with_seed(id), with_seed(id))]
    ((impact, line),) = changed(world, id, metaData="instance-id: another\n")
    assert impact == "next boot"
    assert "another instance-id" in line


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
