"""Texts and NICs changed in a running guest, what only its definition can hold, and what is said of each."""

from __future__ import annotations

import pytest

from provider.errors import OperatorError, Refused
from tests.provider.domain.live import OURS, amounts, previewed, with_volumes
from tests.provider.fakes.domain_world import FLOAT1, FLOAT2, RESERVED, World


@pytest.fixture
def world() -> World:
    return with_volumes()


@pytest.mark.parametrize("key", ["title", "description"])
def test_a_text_is_set_in_the_running_guest_and_in_the_definition_and_an_empty_one_is_removed(
    world: World, key: str
) -> None:
    vm = world.made()
    for text in ("one", "two", ""):
        assert previewed(vm, **{key: text}) == [("live", key)]
        vm.up(**{key: text})
        assert world.conn.calls == ["setMetadata"]
        assert [side.findtext(key) for side in (vm.fake.live, vm.fake.config)] == [text or None] * 2
        assert vm.drift().changes == {}
        world.conn.calls.clear()


def test_a_title_is_put_right_on_the_side_that_somebody_has_changed(world: World) -> None:
    vm = world.made(title="ours")
    vm.fake.setMetadata(1, "theirs", None, None, 1)
    world.conn.calls.clear()
    assert vm.drift().changes == {"title": "update"}
    vm.up()
    assert vm.drift().changes == {}
    assert vm.fake.live.findtext("title") == "ours"


def test_a_description_that_only_the_running_guest_has_otherwise_shows_and_is_put_right(world: World) -> None:
    vm = world.made(description="ours")
    vm.fake.setMetadata(0, "theirs", None, None, 1)
    world.conn.calls.clear()
    assert vm.drift().changes == {"description": "update"}
    assert previewed(vm) == [("live", "description")]


def test_a_nic_is_moved_to_another_network_and_never_unplugged(world: World) -> None:
    vm = world.made()
    moved = [{"networkName": "bridged", "mac": RESERVED}]
    assert previewed(vm, networkInterfaces=moved) == [("live", "networkInterfaces")]
    assert world.conn.calls == ["updateDeviceFlags", "updateDeviceFlags"]
    assert "network default to network bridged" in str(vm.call.notes[0])


def test_a_nic_is_not_moved_to_a_network_that_is_not_there_or_not_active(world: World) -> None:
    vm = world.made()
    for network, said in (("off", "not active"), ("nowhere", "no network nowhere")):
        with pytest.raises(OperatorError, match=said):
            vm.up(preview=True, networkInterfaces=[{"networkName": network, "mac": RESERVED}])
    assert world.conn.calls == []


def test_an_unplug_of_a_nic_that_was_cut_off_shows_though_the_definition_has_lost_it(world: World) -> None:
    vm = world.made(networkInterfaces=[OURS, {"networkName": "bridged", "mac": FLOAT2}])
    vm.fake.detachDeviceFlags(
        f"<interface><mac address='{FLOAT2}'/><source network='bridged'/></interface>", 2
    )
    assert vm.refresh() is not None
    news = vm.inputs | {"networkInterfaces": [OURS]}
    diff = world.domains.diff(vm.call, vm.id, vm.outputs, vm.read_inputs, news)
    assert diff.changes == {"networkInterfaces": "update"}
    vm.up(networkInterfaces=[OURS])
    assert vm.macs() == ([RESERVED.lower()],) * 2


def test_each_change_of_what_nothing_running_feels_is_live(world: World) -> None:
    vm = world.made()
    found = previewed(vm, autostart=False, description="new", networkInterfaces=[OURS])
    assert sorted(found) == [("live", "autostart"), ("live", "description")]


def test_what_waits_for_a_start_gets_it_where_the_operator_allows_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = world.made(cpu={"mode": "custom"})
    vm.attach_by_hand(FLOAT1)
    vm.up(memory=128)
    assert vm.drift().changes == {}
    uuid, macs = vm.fake.UUIDString(), vm.macs()
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    diff = vm.drift()
    assert (diff.changes, diff.output_paths) == ({"pendingRestart": "update"}, ("pendingRestart",))
    world.conn.calls.clear()
    vm.call.notes.clear()
    assert previewed(vm, cpu={"mode": "maximum"}) == [("restart", "cpu.mode"), ("restart", "memory")]
    assert world.conn.calls == ["defineXML", "setMetadata", "shutdown", "create", "setMetadata"]
    assert amounts(vm) == ("128", "128", "128")
    assert (vm.fake.UUIDString(), vm.macs()) == (uuid, macs)
    assert "pendingRestart" not in vm.outputs
    world.conn.calls.clear()
    vm.up()
    assert world.conn.calls == []


def test_a_guest_that_does_not_shut_down_is_never_stopped_hard_for_what_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = world.made()
    vm.fake.acpi = False
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    with pytest.raises(Refused, match="goes on to wait"):
        vm.up(memory=128)
    assert "destroy" not in world.conn.calls


def test_a_restart_that_would_lose_what_only_the_running_guest_has_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = world.made()
    vm.attach_by_hand(FLOAT1, flags=1)
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    with pytest.raises(Refused, match=f"only the running guest has NIC {FLOAT1}"):
        vm.up(preview=True, memory=128)
