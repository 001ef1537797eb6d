"""Cloud-init disks on a libvirt in memory: their text as declared, made again in place, never another's."""

from __future__ import annotations

import pytest

from provider.errors import OperatorError
from provider.resource.base import COMPUTED
from provider.storage import seed_iso
from tests.provider.fakes.libvirt import Domain
from tests.provider.fakes.storage_world import HANDLERS, LIVE, World, sample
from tests.provider.storage.declared import PATH, SEED


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
