"""A restart that is cut off: a guest that it has left shut off is started by the next run, and only such a one."""

from __future__ import annotations

from typing import Any

import pytest

from provider.errors import Refused
from provider.resource import mark
from tests.provider.fakes.domain_world import Vm, World


class Killed(BaseException):
    """The provider's process ends here."""


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    return World()


def made(world: World, **inputs: Any) -> Vm:
    """A guest of which nothing says whether it is to run."""
    vm = world.made(**inputs)
    del vm.inputs["running"]
    return vm


def cut_off(vm: Vm, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at this call of a restart, before libvirt has it; then nothing is allowed any more."""

    def killed(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(vm.fake, call, killed)
        with pytest.raises(Killed):
            vm.up(memory=128)
    vm.inputs["memory"] = 128
    monkeypatch.delenv("LIBVIRT_ALLOW")
    vm.call.notes.clear()
    vm.world.conn.calls.clear()


def told(vm: Vm) -> list[str]:
    vm.call.notes.clear()
    vm.up(preview=True)
    return [str(note) for note in vm.call.notes]


def unmarked(vm: Vm) -> bool:
    return mark.RESTARTING not in vm.fake.XMLDesc() + vm.fake.XMLDesc(2)


def test_a_guest_that_a_killed_restart_has_left_off_is_started(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = made(world)
    cut_off(vm, "create", monkeypatch)
    assert not vm.fake.isActive()
    assert vm.drift().changes == {"restarting": "update"}
    assert vm.drift().output_paths == ("restarting",)
    assert told(vm) == ["impact live: restarting: Acilamwen is started: an allowed restart of it was cut off"]
    assert world.conn.calls == []
    vm.up()
    assert world.conn.calls == ["create", "setMetadata"]
    assert vm.fake.isActive()
    assert unmarked(vm)
    assert vm.drift().changes == {}
    assert vm.fake.live.findtext("memory") == str(128 * 1024)


def test_one_that_is_declared_off_meanwhile_stays_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    vm = made(world)
    cut_off(vm, "create", monkeypatch)
    vm.up(running=False)
    assert not vm.fake.isActive()
    assert unmarked(vm)
    assert vm.drift().changes == {}


def test_one_that_was_not_asked_yet_goes_on_and_later_may_be_stopped_by_hand(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = made(world)
    cut_off(vm, "shutdown", monkeypatch)
    assert vm.drift().changes == {"restarting": "update"}
    assert told(vm) == [
        "impact live: restarting: the mark of a cut off restart of Acilamwen is removed, and nothing else"
    ]
    vm.up()
    assert world.conn.calls == ["setMetadata"]
    assert unmarked(vm)
    vm.fake.destroy()
    assert vm.drift().changes == {}


def test_one_that_was_started_already_only_loses_its_mark(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = made(world)
    start = vm.fake.create

    def killed() -> None:
        start()
        raise Killed

    monkeypatch.setattr(vm.fake, "create", killed)
    with pytest.raises(Killed):
        vm.up(memory=128)
    world.conn.calls.clear()
    vm.up(memory=128)
    assert world.conn.calls == ["setMetadata"]
    assert unmarked(vm)
    assert vm.drift().changes == {}


def test_one_that_goes_down_too_late_is_started_by_the_next_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = made(world)
    vm.fake.acpi = False
    with pytest.raises(Refused, match="should it still go down, the next up starts it"):
        vm.up(memory=128)
    vm.fake.acpi = True
    vm.fake.shutdown()
    monkeypatch.delenv("LIBVIRT_ALLOW")
    vm.up(memory=128)
    assert vm.fake.isActive()
    assert unmarked(vm)


def test_a_paused_guest_is_neither_restarted_nor_marked(world: World) -> None:
    vm = made(world)
    vm.fake.paused = True
    with pytest.raises(Refused, match="first virsh -c 'test:///fake' resume Acilamwen; it is not restarted"):
        vm.up(memory=128)
    assert unmarked(vm)


def test_the_mark_is_no_metadata_of_anybody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    vm = made(world, metadata='<a:a xmlns:a="urn:a">1</a:a>')
    cut_off(vm, "create", monkeypatch)
    assert "metadata" not in vm.drift().changes
    found = world.domains.read(vm.call, vm.id, {}, {})
    assert found is not None
    assert mark.RESTARTING not in found.inputs["metadata"]
