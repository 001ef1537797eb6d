"""Memory and vCPUs of a running guest: live as far as it goes, the rest at its next start."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from tests.provider.domain.live import MOVED, amounts, impacts, previewed, with_volumes
from tests.provider.fakes.domain import Domain as FakeDomain
from tests.provider.fakes.domain_world import World


@pytest.fixture
def world() -> World:
    return with_volumes()


def test_memory_goes_down_and_up_again_live_as_long_as_it_is_within_what_the_guest_was_started_with(
    world: World,
) -> None:
    vm = world.made()
    assert previewed(vm, memory=64) == [("live", "memory")]
    assert amounts(vm) == ("64", "64", "64")
    assert world.conn.calls == ["defineXML", "setMemoryFlags"]
    world.conn.calls.clear()
    assert previewed(vm, memory=96) == [("live", "memory")]
    assert amounts(vm) == ("96", "96", "96")
    assert "pendingRestart" not in vm.outputs
    world.conn.calls.clear()
    assert previewed(vm, memory=128) == [("next boot", "memory")]
    assert amounts(vm) == ("96", "128", "128")
    assert world.conn.calls == ["defineXML"]
    assert vm.outputs["pendingRestart"] == ["memory"]


def test_memory_that_the_guest_does_not_give_back_waits_for_its_next_start_and_is_not_asked_for_again(
    world: World,
) -> None:
    vm = world.made()
    vm.fake.balloon_follows = False
    vm.up(memory=64)
    assert impacts(vm) == [("next boot", "memory")]
    assert "has not followed" in str(vm.call.notes[0])
    assert vm.outputs["pendingRestart"] == ["memory"]
    assert vm.drift().changes == {}
    world.conn.calls.clear()
    vm.up(description="new")
    assert world.conn.calls == ["setMetadata"]
    vm.fake.destroy()
    vm.fake.create()
    vm.refresh()
    assert "pendingRestart" not in vm.outputs
    assert amounts(vm) == ("64", "64", "64")


def test_a_guest_without_a_balloon_gets_its_memory_at_its_next_start(world: World) -> None:
    vm = world.made()
    for root in (vm.fake.live, vm.fake.config):
        root.find("devices").append(etree.fromstring("<memballoon model='none'/>"))
    assert previewed(vm, memory=64) == [("next boot", "memory")]
    assert "no memory balloon" in str(vm.call.notes[0])
    assert world.conn.calls == ["defineXML"]


def test_vcpus_are_plugged_in_live_and_never_taken_from_an_emulated_guest(world: World) -> None:
    vm = world.made(vcpu=2)
    vm.fake.config.find("vcpu").set("current", "1")
    vm.fake.live.find("vcpu").set("current", "1")
    assert previewed(vm, vcpu=2) == [("live", "vcpu")]
    assert vm.fake.live.find("vcpu").get("current") == "2"
    assert vm.fake.config.find("vcpu").get("current") is None
    world.conn.calls.clear()
    assert previewed(vm, vcpu=1) == [("next boot", "vcpu")]
    assert world.conn.calls == ["defineXML"]
    assert vm.outputs["pendingRestart"] == ["vcpu"]


def test_a_vcpu_that_the_guest_does_not_let_go_of_waits_for_its_next_start(world: World) -> None:
    vm = world.made(type="kvm", vcpu=2)
    vm.up(vcpu=1)
    assert impacts(vm) == [("live", "vcpu")]
    assert vm.fake.live.find("vcpu").get("current") == "1"
    other = world.made("Siamond", type="kvm", vcpu=2)
    other.fake.vcpus_let_go = False
    other.up(vcpu=1)
    assert impacts(other) == [("next boot", "vcpu")]
    assert "timed out" in str(other.call.notes[0])
    assert other.outputs["pendingRestart"] == ["vcpu"]
    assert other.drift().changes == {}


def test_memory_and_vcpus_changed_by_hand_in_the_running_guest_alone_show_and_are_put_right_live(
    world: World,
) -> None:
    vm = world.made(vcpu=2)
    vm.fake.setMemoryFlags(64 * 1024, 1)
    vm.fake.setVcpusFlags(1, 1)
    world.conn.calls.clear()
    assert vm.drift().changes == {"memory": "update", "vcpu": "update"}
    assert "pendingRestart" not in vm.outputs
    assert previewed(vm) == [("live", "memory"), ("live", "vcpu")]
    assert world.conn.calls == ["setMemoryFlags", "setVcpusFlags"]


@pytest.mark.parametrize("cut", ["setMemoryFlags", "updateDeviceFlags"])
def test_an_update_that_was_cut_off_between_the_definition_and_the_guest_is_finished_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    vm = world.made(memory=96)
    news = {"memory": 64} if cut == "setMemoryFlags" else {"networkInterfaces": [MOVED]}
    real = FakeDomain.updateDeviceFlags

    def fail(domain: Any, xml: Any, flags: int) -> int:
        if flags & 1:
            raise KeyboardInterrupt
        return int(real(domain, xml, flags))

    monkeypatch.setattr(FakeDomain, cut, fail)
    with pytest.raises(KeyboardInterrupt):
        vm.up(**news)
    monkeypatch.undo()
    world.conn.calls.clear()
    assert vm.refresh() is not None
    diff = world.domains.diff(vm.call, vm.id, vm.outputs, vm.read_inputs, vm.inputs | news)
    assert list(diff.changes) == list(news)
    assert previewed(vm, **news) == [("live", next(iter(news)))]
    assert world.conn.calls == [cut]


def test_amounts_that_are_apart_are_put_right_whichever_of_them_is_declared(world: World) -> None:
    for memory in (64, 96):
        vm = world.made(memory=96)
        vm.fake.setMemoryFlags(64 * 1024, 1)
        assert vm.refresh() is not None
        diff = world.domains.diff(vm.call, vm.id, vm.outputs, vm.read_inputs, vm.inputs | {"memory": memory})
        assert diff.changes == {"memory": "update"}
        vm.up(memory=memory)
        assert amounts(vm)[:2] == (f"{memory}",) * 2
        assert vm.drift().changes == {}
        vm.delete()
