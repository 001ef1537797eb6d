"""A domain that is saved (managed save) comes back as its image has it; nothing of that is lost or taken away."""

from __future__ import annotations

import pytest

from provider.errors import OperatorError, Refused
from provider.host.macs import same_mac
from provider.host.uses import Looks
from tests.provider.domain.live import with_volumes
from tests.provider.fakes import typed
from tests.provider.fakes.domain_world import FLOAT1, POOL, RESERVED, World

pytestmark = pytest.mark.reports("N1")
DATA = f"{POOL}/data.qcow"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.delenv("LIBVIRT_ALLOW", raising=False)
    return with_volumes()


def told(vm: object) -> str:
    return "\n".join(map(str, vm.call.notes))  # type: ignore[attr-defined]


def test_it_is_called_saved_and_not_shut_off(world: World) -> None:
    vm = world.made()
    vm.fake.managedSave()
    vm.refresh()
    assert vm.outputs["state"] == "saved"
    assert vm.read_inputs["running"] is False


def test_started_as_declared_it_goes_on_where_it_was_and_the_preview_says_so(world: World) -> None:
    vm = world.made()
    vm.fake.managedSave()
    vm.up(preview=True)
    assert "Acilamwen is started from its managed save image: it goes on where it was" in told(vm)
    vm.up()
    assert (vm.fake.isActive(), vm.fake.image, vm.outputs["state"]) == (1, None, "running")
    assert vm.drift().changes == {}


def test_nics_and_disks_that_changed_meanwhile_are_changed_in_the_guest_that_came_back(world: World) -> None:
    vm = world.made(disks=[{"volumeId": f"{POOL}/Acilamwen.qcow"}, {"volumeId": DATA}])
    vm.fake.managedSave()
    vm.up(
        disks=[{"volumeId": f"{POOL}/Acilamwen.qcow"}],
        networkInterfaces=[{"networkName": "default", "mac": FLOAT1}],
    )
    assert vm.macs() == ([FLOAT1], [FLOAT1])
    assert [DATA in dict(vm.fake.disks(live)).values() for live in (True, False)] == [False, False]


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"networkInterfaces": []}, f"its image still has NIC {RESERVED}"),
        ({"disks": [{"volumeId": f"{POOL}/Acilamwen.qcow"}]}, f"its image still has disk {DATA}"),
    ],
)
def test_nothing_is_taken_out_of_one_that_stays_saved(
    world: World, change: dict[str, object], kept: str, preview: bool
) -> None:
    vm = world.made(disks=[{"volumeId": f"{POOL}/Acilamwen.qcow"}, {"volumeId": DATA}])
    vm.fake.managedSave()
    with pytest.raises(Refused) as refused:
        vm.up(preview, running=False, **change)
    assert kept.lower() in str(refused.value).lower()
    assert "virsh -c 'test:///fake' start Acilamwen" in str(refused.value)
    assert "virsh -c 'test:///fake' managedsave-remove Acilamwen" in str(refused.value)
    assert world.conn.calls == []


def test_what_is_added_to_one_that_stays_saved_is_told_to_come_after_its_start(world: World) -> None:
    vm = world.made()
    vm.fake.managedSave()
    more = [*vm.inputs["networkInterfaces"], {"networkName": "default", "mac": FLOAT1}]
    vm.up(running=False, networkInterfaces=more)
    assert f"its image has no NIC {FLOAT1}: the up after its start plugs it in" in told(vm)
    vm.fake.create()
    vm.up(running=True)
    assert FLOAT1 in vm.macs()[0]
    assert vm.drift().changes == {}


def test_one_whose_image_libvirt_does_not_have_is_started_and_what_a_file_of_it_is_worth_is_told(
    world: World,
) -> None:
    vm = world.made()
    vm.fake.managedSave()
    vm.fake.managedSaveRemove()  # and of "virsh save" libvirt says the same
    vm.refresh()
    assert vm.outputs["state"] == "shut off"
    vm.up(preview=True)
    said = "domain Acilamwen was saved, and libvirt has no image of it: where that is in a file (virsh save), its start"
    assert said in told(vm)
    vm.up()
    assert vm.fake.isActive()
    vm.call.notes.clear()
    vm.up(preview=True)
    assert "was saved" not in told(vm)


def test_an_amount_waits_and_is_said_to_since_it_comes_back_with_what_it_had(world: World) -> None:
    vm = world.made()
    vm.fake.managedSave()
    vm.up(running=False, memory=128)
    assert (
        "96 -> 128 once it was shut down and started: it is saved, and comes back with what it had"
        in told(vm)
    )
    vm.fake.create()
    assert int(vm.fake.live.findtext("currentMemory")) == 96 * 1024


def test_it_is_not_started_beside_another_that_has_its_mac_or_disk_by_now(world: World) -> None:
    vm, other = world.made(), world.made("Siamond", disks=[{"volumeId": f"{POOL}/Siamond.qcow"}])
    vm.fake.managedSave()
    other.attach_by_hand(RESERVED)
    with pytest.raises(
        Refused, match=f"which is saved, is not started: another domain .*{same_mac(RESERVED)}.*Siamond"
    ):
        vm.up(preview=True)
    assert world.conn.calls == []


def test_an_image_that_cannot_be_read_does_not_keep_others_from_being_made_and_says_what_gives_it_up(
    world: World,
) -> None:
    vm = world.made()
    vm.fake.managedSave()
    vm.fake.damaged = True
    world.made("Siamond")
    vm.refresh()
    assert vm.outputs["state"] == "saved"
    with pytest.raises(
        OperatorError,
        match=r"image magic is incorrect; .*virsh -c 'test:///fake' managedsave-remove Acilamwen",
    ) as refused:
        vm.up()
    typed.virsh(world.conn, *typed.lines(refused.value))
    vm.up()
    assert vm.fake.isActive()


def test_deleted_with_its_memory_only_where_that_is_allowed_and_told_as_a_loss(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = world.made()
    vm.fake.managedSave()
    for work in (lambda: vm.handler.refuse_delete(vm.call, vm.id, vm.outputs), vm.delete):
        with pytest.raises(Refused, match="is saved"):
            work()
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    vm.call.notes.clear()
    vm.handler.refuse_delete(vm.call, vm.id, vm.outputs)
    assert "Acilamwen, which is saved, is removed, and what it had in memory is lost (allowed)" in told(vm)
    assert [note.impact for note in vm.call.notes if not isinstance(note, str)] == ["restart"]
    vm.delete()
    assert world.conn.domains == {}


def test_its_disks_and_macs_are_in_use_though_only_the_image_has_them(world: World) -> None:
    vm = world.made(disks=[{"volumeId": f"{POOL}/Acilamwen.qcow"}, {"volumeId": DATA}])
    vm.fake.managedSave()
    vm.fake.detachDeviceFlags(f"<disk><source file='{DATA}'/><target dev='vdb'/></disk>", 2)
    vm.fake.detachDeviceFlags(
        f"<interface><mac address='{RESERVED}'/><source network='default'/></interface>", 2
    )
    (use,) = Looks().since(None, world.conn.listAllDomains)
    assert DATA in use.files
    for inputs in (
        {"disks": [{"volumeId": DATA}]},
        {"networkInterfaces": [{"networkName": "default", "mac": RESERVED}]},
    ):
        with pytest.raises(Refused, match="Acilamwen"):
            world.made("Siamond", **inputs)
