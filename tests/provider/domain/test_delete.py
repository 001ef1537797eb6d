"""Removing a domain: asked to shut down, never just unplugged, its disks untouched."""

from __future__ import annotations

import pytest

from provider.errors import OperatorError, Refused
from provider.impact.allow import allowed, how, word
from tests.provider.fakes import typed
from tests.provider.fakes.basics import error
from tests.provider.fakes.domain_world import World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.delenv("LIBVIRT_ALLOW", raising=False)
    return World()


def test_a_running_domain_is_asked_to_shut_down_and_then_undefined(world: World) -> None:
    vm = world.made()
    vm.delete()
    assert world.conn.calls == ["shutdown", "undefineFlags"]
    assert world.conn.domains == {}
    assert f"{vm.inputs['disks'][0]['volumeId']}" in world.conn.volumes


def test_a_running_guest_that_goes_is_told_as_harm_by_the_preview_and_by_the_run(world: World) -> None:
    vm = world.made()
    vm.handler.refuse_delete(vm.call, vm.id, vm.outputs)
    told = [str(note) for note in vm.call.notes]
    assert told == [
        "impact restart: guest Acilamwen is shut down (ACPI), and is removed; its disks are not touched"
    ]
    assert world.conn.calls == []
    vm.call.notes.clear()
    vm.delete()
    assert [str(note) for note in vm.call.notes] == told


def test_the_preview_says_so_where_the_plug_may_be_pulled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    vm = world.made()
    vm.handler.refuse_delete(vm.call, vm.id, vm.outputs)
    assert "shut down (ACPI), hard where it does not (allowed), and is removed" in str(vm.call.notes[0])


def test_a_guest_that_is_shut_off_goes_without_harm(world: World) -> None:
    vm = world.made(running=False)
    vm.handler.refuse_delete(vm.call, vm.id, vm.outputs)
    assert [note.impact for note in vm.call.notes] == ["live"]


def test_what_is_gone_already_has_no_impact(world: World) -> None:
    vm = world.made()
    vm.delete()
    vm.call.notes.clear()
    vm.handler.refuse_delete(vm.call, vm.id, vm.outputs)
    vm.delete()
    assert vm.call.notes == []


def test_deleting_what_is_gone_already_is_fine(world: World) -> None:
    vm = world.made()
    vm.delete()
    vm.delete()


def test_a_transient_domain_is_gone_once_it_has_shut_down(world: World) -> None:
    vm = world.made()
    vm.fake.undefineFlags()
    vm.delete()
    assert world.conn.domains == {}


def test_a_guest_that_does_not_shut_down_is_left_running_and_the_line_says_what_would_allow_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = world.made()
    vm.fake.acpi = False
    with pytest.raises(Refused, match=r"within 60 s .*LIBVIRT_ALLOW=Acilamwen=restart") as caught:
        vm.delete()
    assert "\n" not in str(caught.value)
    assert vm.fake.isActive()
    assert set(world.conn.calls) == {"shutdown"}
    assert 1 < len(world.conn.calls) < 10  # a request that comes while a guest boots is lost
    assert 60 <= world.conn.clock.now < 62
    monkeypatch.setenv("LIBVIRT_ALLOW", typed.allow(caught.value))
    vm.delete()
    assert world.conn.domains == {}


def test_a_paused_guest_is_not_waited_for(world: World) -> None:
    vm = world.made()
    vm.fake.paused = True
    with pytest.raises(Refused, match="virsh -c 'test:///fake' resume Acilamwen") as refused:
        vm.delete()
    assert world.conn.clock.now == 0
    (line,) = typed.lines(refused.value)
    typed.virsh(world.conn, line)
    vm.delete()
    assert world.conn.domains == {}


def test_a_guest_that_is_still_being_started_is_not_taken_for_a_paused_one(world: World) -> None:
    vm = world.made()
    vm.fake.starting_until = 1.1
    vm.delete()
    assert world.conn.domains == {}


@pytest.mark.parametrize("paused", [True, False])
def test_an_allowed_restart_stops_hard_what_does_not_shut_down(
    world: World, paused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = world.made()
    vm.fake.acpi, vm.fake.paused = False, paused
    monkeypatch.setenv("LIBVIRT_ALLOW", "Siamond=restart,Acilamwen=restart")
    vm.delete()
    assert world.conn.domains == {}


def test_an_allowed_restart_still_asks_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    vm = world.made()
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    vm.delete()
    assert "destroy" not in world.conn.calls


@pytest.mark.parametrize(
    "words", ["Siamond=restart", "Acilamwen=data loss", "Acilamwen", "restart", "=restart"]
)
def test_another_objects_or_another_impacts_word_allows_nothing(
    world: World, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = world.made()
    vm.fake.acpi = False
    monkeypatch.setenv("LIBVIRT_ALLOW", words)
    with pytest.raises(Refused):
        vm.delete()


def test_a_saved_guest_is_not_thrown_away_with_its_memory(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = world.made()
    vm.fake.managedSave()
    with pytest.raises(Refused, match="is saved") as refused:
        vm.delete()
    monkeypatch.setenv("LIBVIRT_ALLOW", typed.allow(refused.value))
    vm.delete()
    assert world.conn.domains == {}


@pytest.mark.parametrize("name", ["Acilamwen", "a=b", "a,b", "100%", "two words", "a%2Cb", "é"])
def test_what_is_told_to_type_allows_exactly_that_object(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = word(name, "restart")
    assert f'--allow "{entry}"' in how(name, "restart") or f"--allow {entry} " in how(name, "restart")
    monkeypatch.setenv("LIBVIRT_ALLOW", f"x=restart,{entry}")
    assert allowed(name, "restart")
    assert not allowed(name, "data loss")
    assert not allowed("b", "restart")


@pytest.mark.parametrize(("after", "gone"), [(1.0, True), (60.0, False)])
def test_a_guest_that_powers_off_while_it_is_asked_is_waited_for_though_libvirt_refuses(
    world: World, monkeypatch: pytest.MonkeyPatch, after: float, gone: bool
) -> None:
    """libvirt 7.0 says "domain is not running" of one that it still has as active, for a moment."""
    vm = world.made()
    clock, domain = world.conn.clock, vm.fake

    def refused() -> int:
        raise error(55, "Requested operation is not valid: domain is not running")

    def slept(seconds: float) -> None:
        clock.now += seconds
        if clock.now >= after:
            domain.live = None

    clock.now = 0.0
    monkeypatch.setattr(domain, "shutdown", refused)
    monkeypatch.setattr(clock, "sleep", slept)
    if gone:
        vm.delete()
        assert world.conn.domains == {}
    else:
        with pytest.raises(OperatorError, match=r"Acilamwen cannot be shut down: .*domain is not running"):
            vm.delete()
        assert len(world.conn.domains) == 1
