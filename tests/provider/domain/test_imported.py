"""What somebody else has made, imported: its own declaration is no change, and what is not declared stays others'."""

from __future__ import annotations

from typing import Any

import pytest

from tests.provider.fakes import domain_disks
from tests.provider.fakes.domain_world import DEFAULT_UUID, FLOAT1, FLOAT2, POOL, RESERVED, Vm, World
from tests.provider.nic.place import ADDRESS, OTHERS, TOLD, Place

DECLARED: dict[str, Any] = {
    "name": "Acilamwen",
    "memory": 96,
    "vcpu": 1,
    "disks": [{"volumeId": f"{POOL}/Acilamwen.qcow"}],
    "networkInterfaces": [{"networkId": DEFAULT_UUID, "mac": RESERVED}],
}


@pytest.fixture
def world() -> World:
    return World()


def adopted(world: World, vm: Vm) -> None:
    """The VM's state as an import leaves it, and a refresh after that."""
    found = world.domains.read(vm.call, vm.id, {}, {})
    assert found is not None
    checked = world.domains.check(vm.call, found.inputs, found.inputs)
    assert checked.failures == []
    vm.inputs, vm.outputs = checked.inputs, found.outputs
    refresh(world, vm)


def refresh(world: World, vm: Vm) -> None:
    found = world.domains.read(vm.call, vm.id, vm.inputs, vm.outputs)
    assert found is not None
    vm.inputs, vm.outputs = found.inputs, found.outputs


def changes(world: World, vm: Vm, news: dict[str, Any]) -> dict[str, str]:
    return dict(world.domains.diff(vm.call, vm.id, vm.outputs, vm.inputs, news).changes)


def test_nics_that_an_import_has_found_are_nobodys_until_they_are_declared(world: World) -> None:
    vm = world.made()
    vm.attach_by_hand(OTHERS)
    adopted(world, vm)

    assert OTHERS in [n["mac"] for n in vm.inputs["networkInterfaces"]]
    assert changes(world, vm, DECLARED) == {}


def test_disks_that_an_import_has_found_are_nobodys_until_they_are_declared(world: World) -> None:
    world.conn.add_volume(f"{POOL}/data.qcow")
    vm = world.made(disks=[{"volumeId": f"{POOL}/Acilamwen.qcow"}, {"volumeId": f"{POOL}/data.qcow"}])
    adopted(world, vm)

    assert len(vm.inputs["disks"]) == 2
    assert changes(world, vm, DECLARED) == {}


def test_what_was_declared_after_an_import_is_missed_once_it_is_not_any_more(world: World) -> None:
    vm = world.made()
    vm.attach_by_hand(OTHERS)
    adopted(world, vm)
    vm.inputs = DECLARED
    refresh(world, vm)

    assert changes(world, vm, {**DECLARED, "networkInterfaces": []}) == {"networkInterfaces[0]": "delete"}


def test_copies_of_a_nic_are_imported_once_and_stay_others(world: World) -> None:
    vm = world.made()
    for _ in range(4):
        vm.attach_by_hand(FLOAT2)
    adopted(world, vm)  # whose check would refuse one MAC twice
    refresh(world, vm)

    assert changes(world, vm, DECLARED) == {}


def test_a_memory_of_no_whole_mib_is_not_imported(world: World) -> None:
    vm = world.made()
    vm.fake.config.find("memory").text = str(96 * 1024 + 1)
    adopted(world, vm)

    assert "memory" not in vm.inputs
    assert changes(world, vm, {k: v for k, v in DECLARED.items() if k != "memory"}) == {}


def test_a_domain_that_was_transient_when_it_was_imported_may_stay_so(world: World) -> None:
    vm = world.made(autostart=False)
    vm.fake.undefineFlags()
    adopted(world, vm)

    assert vm.outputs["persistent"] is False
    assert changes(world, vm, DECLARED) == {}
    vm.inputs = DECLARED
    refresh(world, vm)
    assert changes(world, vm, DECLARED) == {}
    vm.outputs = world.domains.update(
        vm.call, vm.id, vm.outputs, vm.inputs, {**DECLARED, "description": "x"}, False
    )
    vm.fake.undefineFlags()
    refresh(world, vm)
    assert changes(world, vm, vm.inputs) == {"persistent": "update"}


FORBIDDEN = {"model": "virtio", "forbiddenMacs": [FLOAT2]}


def imported_nic(place: Place, vm: Vm, wanted: dict[str, Any]) -> dict[str, str]:
    """The changes that the first declaration of an imported NIC makes."""
    vm.attach_by_hand(FLOAT1)
    call = place.call(place.interfaces, "float1")
    found = place.interfaces.read(call, f"{vm.id}/{FLOAT1}", {}, {})
    assert found is not None
    news = {"domain": vm.id, "network": "bridged", "mac": FLOAT1, **wanted}
    return dict(place.interfaces.diff(call, found.id, found.outputs, found.inputs, news).changes)


def test_an_imported_nic_whose_addresses_the_guest_has_changes_by_no_declaration_that_agrees() -> None:
    place = Place()
    vm = place.made()
    place.guests.addresses["Acilamwen", FLOAT1] = [ADDRESS]

    assert imported_nic(place, vm, {**FORBIDDEN, **TOLD}) == {}


def test_an_imported_nic_whose_addresses_the_guest_lacks_is_to_be_set_up() -> None:
    place = Place()
    vm = place.made()
    place.guests.addresses["Acilamwen", FLOAT1] = ["129.215.175.101/24"]

    assert set(imported_nic(place, vm, {**FORBIDDEN, **TOLD})) == {
        "guest", "addresses", "gateway", "metric",
    }  # fmt: skip


def test_of_an_imported_nic_that_nobody_sets_up_nothing_is_asked_of_the_guest() -> None:
    place = Place()

    assert imported_nic(place, place.made(), {**FORBIDDEN, **TOLD, "guest": "none"}) == {}


def test_a_forbidden_mac_that_is_there_is_a_change_of_an_imported_nic() -> None:
    place = Place()
    vm = place.made()
    vm.attach_by_hand(FLOAT2)

    assert set(imported_nic(place, vm, FORBIDDEN)) == {"forbiddenMacs"}


def test_a_new_nic_says_at_preview_which_others_go() -> None:
    place = Place()
    vm = place.made()
    for _ in range(4):
        vm.attach_by_hand(FLOAT2)
    call = place.call(place.interfaces, "float1")
    wanted = {"domain": vm.id, "network": "bridged", "mac": FLOAT1, **FORBIDDEN, **TOLD}
    place.interfaces.create(call, wanted, True)

    assert [n.text for n in call.notes] == [
        f"NIC {FLOAT1} is plugged into Acilamwen",
        f"Acilamwen: {FLOAT2} must not be in the persistent definition (4 times)",
        f"Acilamwen: {FLOAT2} must not be in the running guest (4 times)",
    ]


@pytest.mark.reports("D1")
@pytest.mark.parametrize("runs", [True, False])
def test_a_disk_under_a_snapshot_is_imported_by_its_top_and_is_the_declared_one(
    world: World, runs: bool
) -> None:
    vm = world.made()
    if not runs:
        vm.fake.destroy()
    top = domain_disks.snapshot(vm.fake, f"{POOL}/Acilamwen.s1", recorded=runs)
    adopted(world, vm)
    assert vm.inputs["disks"] == [{"file": top}]
    assert changes(world, vm, DECLARED) == {}
    other = [{"volumeId": f"{POOL}/data.qcow"}]
    assert changes(world, vm, {**DECLARED, "disks": other}) == {"disks[0].volumeId": "update"}
