"""A NIC and a domain that is saved (managed save): what its image has comes back with its next start."""

from __future__ import annotations

import pytest

from provider.errors import Refused
from provider.host.macs import same_mac
from tests.provider.fakes import typed
from tests.provider.fakes.domain_world import FLOAT1, FLOAT2, Plug, Vm, World
from tests.provider.nic.seen import links

pytestmark = pytest.mark.reports("N1")
URI = "test:///fake"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.delenv("LIBVIRT_ALLOW", raising=False)
    return World()


def saved_with_the_float(world: World, **other: object) -> tuple[Vm, Vm, Plug]:
    old, new = world.made(), world.made("Siamond", **other)
    plug = world.plugged(old, forbiddenMacs=[FLOAT2])
    old.fake.managedSave()
    world.conn.calls.clear()
    return old, new, plug


def ways_out(name: str) -> list[str]:
    return [f"virsh -c '{URI}' start {name}", f"virsh -c '{URI}' managedsave-remove {name}"]


@pytest.mark.parametrize("preview", [True, False])
def test_a_move_away_from_a_saved_domain_is_refused_with_both_ways_out(world: World, preview: bool) -> None:
    old, new, plug = saved_with_the_float(world)
    with pytest.raises(Refused) as refused:
        plug.up(preview, domain=new.id)
    assert f"domain Acilamwen is saved, and its image still has NIC {FLOAT1}" in str(refused.value)
    assert all(way in str(refused.value) for way in ways_out("Acilamwen"))
    assert "\n" not in str(refused.value)
    assert world.conn.calls == []
    assert (FLOAT1 in old.macs()[1], links(new)) == (True, [])


def test_once_it_was_started_or_its_image_is_gone_the_float_moves_and_no_second_link_is_ever_up(
    world: World,
) -> None:
    for way in ways_out("Acilamwen"):
        world = World()
        old, new, plug = saved_with_the_float(world)
        typed.virsh(world.conn, way)
        plug.up(domain=new.id)
        assert links(new) == ["up", "up"]
        if not old.fake.isActive():
            old.fake.create()
        assert links(old) == []


@pytest.mark.parametrize("preview", [True, False])
def test_a_move_to_a_saved_domain_is_refused_since_it_would_come_back_without_the_nic(
    world: World, preview: bool
) -> None:
    old, new = world.made(), world.made("Siamond")
    plug = world.plugged(old)
    new.fake.managedSave()
    with pytest.raises(Refused) as refused:
        plug.up(preview, domain=new.id)
    assert f"domain Siamond is saved, and its image does not have NIC {FLOAT1}" in str(refused.value)
    assert all(way in str(refused.value) for way in ways_out("Siamond"))
    assert (links(old), new.macs()[1].count(FLOAT1)) == (["up", "up"], 0)


@pytest.mark.parametrize("preview", [True, False])
def test_a_new_nic_for_a_saved_domain_is_refused_likewise(world: World, preview: bool) -> None:
    vm = world.made()
    vm.fake.managedSave()
    plug = Plug(world, {"domain": vm.id, "network": "bridged", "mac": FLOAT1})
    with pytest.raises(Refused, match="is saved, and its image does not have NIC"):
        plug.handler.create(plug.call, plug.inputs, preview)
    assert world.conn.calls == []


def test_a_new_nic_that_the_image_has_already_is_taken_up(world: World) -> None:
    vm, _, plug = saved_with_the_float(world)
    again = Plug(world, plug.inputs)
    again.id, again.outputs = again.handler.create(again.call, again.inputs, False)
    vm.fake.create()
    assert links(vm) == ["up", "up"]


def test_a_run_that_starts_the_saved_domain_itself_moves_the_float_once_it_runs(world: World) -> None:
    old, new, plug = saved_with_the_float(world)
    old.up(preview=True)
    plug.call.notes.clear()
    plug.up(preview=True, domain=new.id)
    assert "once Acilamwen came back from being saved" in str(plug.call.notes[0])
    sleep = world.conn.clock.sleep
    world.conn.clock.sleep = lambda seconds: (sleep(seconds), old.fake.live is None and old.up())[0]  # type: ignore[method-assign,func-returns-value]
    plug.up(domain=new.id)
    assert links(old) == []
    assert links(new) == ["up", "up"]


def test_a_run_that_starts_the_saved_new_holder_is_not_refused(world: World) -> None:
    old, new = world.made(), world.made("Siamond")
    plug = world.plugged(old)
    new.fake.managedSave()
    new.up(preview=True)
    plug.up(preview=True, domain=new.id)
    new.up()
    plug.up(domain=new.id)
    assert (links(old), links(new)) == ([], ["up", "up"])


def test_a_nic_is_not_deleted_from_a_saved_domain_but_with_what_it_had_in_memory(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm, _, plug = saved_with_the_float(world)
    for work in (lambda: plug.handler.refuse_delete(plug.call, plug.id, plug.outputs), plug.delete):
        with pytest.raises(Refused, match="is saved, and its image still has NIC"):
            work()
    assert world.conn.calls == []
    monkeypatch.setenv("LIBVIRT_ALLOW", "Acilamwen=restart")
    plug.call.notes.clear()
    plug.delete()
    assert "restart" in [note.impact for note in plug.call.notes if not isinstance(note, str)]
    vm.fake.create()
    assert links(vm) == []


def test_no_third_domain_gets_a_mac_that_a_saved_one_comes_back_with(world: World) -> None:
    old, new, _ = saved_with_the_float(world)
    old.fake.detachDeviceFlags(by_mac(old, FLOAT1), 2)
    plug = Plug(world, {"domain": new.id, "network": "bridged", "mac": FLOAT1})
    with pytest.raises(
        Refused, match=r"domain Acilamwen, which is saved with it.*managedsave-remove Acilamwen"
    ) as refused:
        plug.handler.create(plug.call, plug.inputs, True)
    typed.virsh(world.conn, *typed.lines(refused.value))
    plug.handler.create(plug.call, plug.inputs, True)


def test_a_nic_that_moved_away_from_a_saved_domain_before_is_told_as_drift(world: World) -> None:
    """As by `virsh`, or by an `up` that did not know of saved domains yet."""
    old, new, plug = saved_with_the_float(world)
    old.fake.detachDeviceFlags(by_mac(old, FLOAT1), 2)
    new.attach_by_hand(FLOAT1)
    plug.inputs = plug.inputs | {"domain": new.id}
    plug.outputs = plug.outputs | {"domain": new.id}
    plug.refresh()
    assert plug.outputs["extra"] == [
        f"{FLOAT1} is still in the saved image of Acilamwen, and comes back with it"
    ]


def test_a_forbidden_mac_in_a_saved_image_is_told_and_goes_once_the_guest_is_back(world: World) -> None:
    vm = world.made()
    plug = world.plugged(vm, forbiddenMacs=[FLOAT2])
    vm.attach_by_hand(FLOAT2)
    vm.fake.managedSave()
    told = f"is saved with NIC {FLOAT2}, which must not be there"
    plug.call.notes.clear()
    plug.up()
    assert any(told in str(note) for note in plug.call.notes)
    vm.fake.detachDeviceFlags(by_mac(vm, FLOAT2), 2)
    plug.refresh()
    assert plug.outputs["extra"] == [f"{FLOAT2} must not be in the saved image"]
    vm.fake.create()
    plug.up()
    assert [FLOAT2 in map(same_mac, side) for side in vm.macs()] == [False, False]
    assert plug.drift().changes == {}


def by_mac(vm: Vm, mac: str) -> str:
    return f"<interface type='network'><mac address='{mac}'/><source network='bridged'/></interface>"
