"""Disks, NICs and vCPUs for a running guest that has no place for them: they wait for its next start."""

from __future__ import annotations

from typing import Any

import pytest

from provider.errors import OperatorError
from provider.impact import allow
from provider.resource.base import COMPUTED
from tests.provider.domain.live import DATA, OURS, ROOT
from tests.provider.fakes.basics import error
from tests.provider.fakes.domain_world import POOL, Vm, World
from tests.provider.fakes.domain_xml import fill

MORE = {"networkName": "bridged", "mac": "52:54:00:00:00:01"}

pytestmark = pytest.mark.reports("N3")


@pytest.fixture
def world() -> World:
    return World()


def told(vm: Vm) -> list[tuple[str, str]]:
    found = [(note.impact, note.text) for note in vm.call.notes if not isinstance(note, str)]
    vm.call.notes.clear()
    return found


def foretold_and_done(vm: Vm, **inputs: Any) -> list[tuple[str, str]]:
    """What the preview says, which the update then says too."""
    vm.call.notes.clear()
    vm.up(preview=True, **inputs)
    seen = told(vm)
    assert vm.world.conn.calls == []
    vm.up(**inputs)
    assert told(vm) == seen
    return seen


def full(world: World, leaving: int = 0, **inputs: Any) -> Vm:
    world.conn.add_volume(f"{POOL}/data.qcow")
    vm = world.made(**inputs)
    fill(vm.fake.live, leaving)
    return vm


@pytest.mark.parametrize(
    ("machine", "why"), [("pc", "it has no free PCI slot"), ("q35", "it has no free pcie-root-port")]
)
@pytest.mark.parametrize(
    ("key", "value"), [("disks", [ROOT, DATA]), ("networkInterfaces", [OURS, MORE])], ids=["disk", "NIC"]
)
def test_what_has_no_place_goes_into_the_definition_and_waits(
    world: World, machine: str, why: str, key: str, value: Any
) -> None:
    vm = full(world, machine=machine)
    ((impact, text),) = foretold_and_done(vm, **{key: value})
    assert impact == "next boot"
    assert "in the persistent definition" in text
    assert text.endswith(f"the guest has it once it was shut down and started: {why}")
    assert vm.outputs["pendingRestart"] == [key]
    assert vm.macs()[0].count(MORE["mac"]) == 0
    assert len(vm.fake.disks(live=False)) + len(vm.macs()[1]) == len(vm.fake.disks()) + len(vm.macs()[0]) + 1

    vm.call.notes.clear()
    assert vm.drift().changes == {}
    assert any("waits for the next start of guest Acilamwen" in str(note) for note in vm.call.notes)
    vm.call.notes.clear()
    vm.world.conn.calls.clear()
    vm.up()
    assert vm.world.conn.calls == []
    assert told(vm) == []

    vm.fake.live = None
    vm.fake.create()
    assert vm.drift().changes == {}
    assert "pendingRestart" not in vm.outputs


def test_of_two_the_first_comes_live_where_there_is_one_place(world: World) -> None:
    vm = full(world, leaving=1)
    found = foretold_and_done(vm, disks=[ROOT, DATA], networkInterfaces=[OURS, MORE])
    assert [impact for impact, _ in found] == ["live", "next boot"]
    assert vm.outputs["pendingRestart"] == ["networkInterfaces"]
    assert vm.drift().changes == {}


def test_once_there_is_a_place_it_comes_live(world: World) -> None:
    vm = full(world)
    vm.up(networkInterfaces=[OURS, MORE])
    sound = vm.fake.live.find("devices/sound")
    sound.getparent().remove(sound)
    assert vm.drift().changes == {"networkInterfaces[1]": "add"}
    vm.up()
    assert vm.macs()[0] == vm.macs()[1]
    assert "pendingRestart" not in vm.outputs


def test_an_allowed_restart_gives_it_to_the_guest(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    vm = full(world)
    monkeypatch.setenv(allow.VARIABLE, "Acilamwen=restart")
    ((impact, _),) = foretold_and_done(vm, networkInterfaces=[OURS, MORE])
    assert impact == "restart"
    assert vm.macs()[0] == vm.macs()[1]
    assert "pendingRestart" not in vm.outputs


def test_a_disk_whose_file_only_an_up_can_tell_is_not_promised_live(world: World) -> None:
    vm = full(world)
    vm.up(preview=True, disks=[ROOT, {"volumeId": COMPUTED}])
    ((impact, text),) = told(vm)
    assert impact == "next boot"
    assert "no free PCI slot" in text


def test_a_guest_without_acpi_gets_disks_nics_and_vcpus_at_its_next_start_and_memory_live(
    world: World,
) -> None:
    vm = world.made(vcpu=2, memory=128)
    world.conn.add_volume(f"{POOL}/data.qcow")
    for root in (vm.fake.live, vm.fake.config):
        root.remove(root.find("features"))
    vm.up(vcpu=2, memory=128)
    found = foretold_and_done(vm, vcpu=1, memory=96, disks=[ROOT, DATA], networkInterfaces=[OURS, MORE])
    assert sorted(impact for impact, _ in found) == ["live", "next boot", "next boot", "next boot"]
    assert all("ACPI" in text for impact, text in found if impact == "next boot")
    assert vm.outputs["pendingRestart"] == ["disks", "networkInterfaces", "vcpu"]
    assert vm.drift().changes == {}


@pytest.mark.parametrize("inputs", [{"disks": [ROOT, DATA]}, {"networkInterfaces": [OURS, MORE]}])
def test_where_libvirt_refuses_all_the_same_the_definition_has_it_and_that_is_told(
    world: World, inputs: dict[str, Any]
) -> None:
    vm = full(world, leaving=5)
    plain = vm.fake.attachDeviceFlags

    def attach(xml: str, flags: int = 0) -> int:
        if flags & 1:
            raise error(1, "internal error: No more available PCI slots")
        return plain(xml, flags)

    vm.fake.attachDeviceFlags = attach  # type: ignore[method-assign]
    with pytest.raises(OperatorError, match=r"is in the definition alone: .*No more available PCI slots"):
        vm.up(**inputs)
    vm.fake.live = None
    vm.fake.create()
    vm.up(**inputs)
    assert vm.drift().changes == {}
