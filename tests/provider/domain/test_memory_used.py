"""Less memory for a guest that runs: never less than it uses, and what it does not follow is put back."""

from __future__ import annotations

import pytest
from lxml import etree

from tests.provider.domain.live import amounts, impacts, previewed, with_volumes
from tests.provider.fakes.domain_world import Vm, World

pytestmark = pytest.mark.reports("W4")


@pytest.fixture
def vm() -> Vm:
    world: World = with_volumes()
    return world.made(memory=2048)


def restarted(vm: Vm) -> None:
    vm.fake.shutdown()
    vm.fake.create()
    vm.refresh()


def test_what_the_guest_uses_is_not_taken_from_it_and_the_preview_says_so(vm: Vm) -> None:
    vm.fake.uses = 300
    assert previewed(vm, memory=96) == [("next boot", "memory")]
    assert "the guest uses 300 MiB, and needs 320 MiB to go on" in str(vm.call.notes[0])
    assert "setMemoryFlags" not in vm.world.conn.calls
    assert amounts(vm) == ("2048", "96", "96")
    assert vm.outputs["pendingRestart"] == ["memory"]
    restarted(vm)
    assert amounts(vm) == ("96", "96", "96")
    assert "pendingRestart" not in vm.outputs
    assert vm.drift().changes == {}


@pytest.mark.parametrize(("memory", "impact"), [(320, "live"), (319, "next boot")])
def test_what_it_can_do_with_is_taken_live(vm: Vm, memory: int, impact: str) -> None:
    vm.fake.uses = 300
    assert previewed(vm, memory=memory) == [(impact, "memory")]


def test_a_guest_is_asked_anew_before_it_is_taken_for_what_it_told_at_its_boot(vm: Vm) -> None:
    vm.fake.uses, vm.fake.used_at_boot = 300, 30
    vm.up(preview=True, memory=96)
    assert impacts(vm) == [("live", "memory")]
    vm.call.notes.clear()
    vm.up(memory=96)
    assert impacts(vm) == [("next boot", "memory")]
    assert "the guest uses 300 MiB" in str(vm.call.notes[0])
    assert amounts(vm)[0] == "2048"
    assert "setMemoryFlags" not in vm.world.conn.calls


def test_what_it_does_not_follow_is_put_back_and_said(vm: Vm) -> None:
    targets: list[int] = []
    vm.fake.balloon_follows = False
    real = vm.fake.setMemoryFlags
    vm.fake.setMemoryFlags = lambda memory, flags: (targets.append(memory // 1024), real(memory, flags))[1]  # type: ignore[method-assign]
    vm.up(memory=96)
    assert targets == [96, 2048]
    assert "has not followed" in str(vm.call.notes[0])
    assert "it is left with 2048 MiB" in str(vm.call.notes[0])
    assert vm.outputs["pendingRestart"] == ["memory"]
    vm.fake.balloon_follows = True
    restarted(vm)
    assert amounts(vm) == ("96", "96", "96")
    assert vm.drift().changes == {}


def test_more_memory_is_never_held_back_for_what_the_guest_uses(vm: Vm) -> None:
    vm.up(memory=1024)
    vm.fake.uses = 1000
    vm.world.conn.calls.clear()
    assert previewed(vm, memory=2048) == [("live", "memory")]


def test_memory_that_is_shared_out_to_numa_cells_is_no_less_for_it(vm: Vm) -> None:
    cpu = vm.fake.config.find("cpu")
    cpu.append(etree.fromstring("<numa><cell id='0' cpus='0' memory='2097152' unit='KiB'/></numa>"))
    vm.up(memory=1024)
    assert amounts(vm) == ("1024", "1024", "2048")
