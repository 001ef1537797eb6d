"""A NIC that goes to another network or another domain: in place, make before break, finished if it was cut off."""

from __future__ import annotations

import pytest

from provider.errors import Refused
from tests.provider.fakes.domain_world import FLOAT1, RESERVED, World
from tests.provider.nic.seen import FLOAT3, cut_off, links, networks, watch


def test_the_link_is_switched_in_place_and_left_alone_when_not_declared(world: World) -> None:
    vm = world.made()
    plug = world.plugged(vm)
    plug.up(link="down")
    assert links(vm) == ["down", "down"]
    del plug.inputs["link"]
    assert plug.drift().changes == {}
    plug.inputs["link"] = "up"
    assert plug.drift().changes == {"link": "update"}
    plug.up()
    assert links(vm) == ["up", "up"]


@pytest.mark.parametrize("change", [{"model": "e1000"}, {"mac": FLOAT3}])
@pytest.mark.parametrize("preview", [True, False])
def test_what_cannot_be_done_in_place_is_refused_by_name(
    world: World, change: dict[str, str], preview: bool
) -> None:
    vm = world.made()
    plug = world.plugged(vm)
    with pytest.raises(Refused, match=next(iter(change))):
        plug.up(preview, **change)
    assert world.conn.calls == []


def test_a_nic_that_was_put_on_another_network_by_hand_is_put_back_live(world: World) -> None:
    vm = world.made()
    vm.attach_by_hand(FLOAT1, network="default")
    plug = world.plugged(vm)
    assert networks(vm) == ["bridged", "bridged"]
    assert plug.drift().changes == {}


def test_another_network_is_a_move_of_the_nic_as_it_is(world: World) -> None:
    vm = world.made()
    plug = world.plugged(vm)
    plug.up(network="default")
    assert networks(vm) == ["default", "default"]
    assert set(world.conn.calls) == {"updateDeviceFlags"}
    assert plug.drift().changes == {}


def test_a_float_moves_make_before_break_and_two_links_with_one_mac_are_never_up(world: World) -> None:
    old, new = world.made(), world.made("Siamond")
    plug = world.plugged(old)
    seen: list[tuple[list[str], list[str]]] = []
    for vm in (old, new):
        for name in ("attachDeviceFlags", "updateDeviceFlags", "detachDeviceFlags"):
            watch(vm, name, lambda: seen.append((links(old), links(new))))
    plug.up(domain=new.id)
    # Of the two guests that run; and of what the two would start with.
    assert all(not (set(before[:1]) == set(after[:1]) == {"up"}) for before, after in seen)
    assert all(not (set(before[1:]) == set(after[1:]) == {"up"}) for before, after in seen)
    assert any(before and after for before, after in seen)
    assert (old.macs()[0], links(new)) == ([RESERVED.lower()], ["up", "up"])
    assert plug.outputs["holder"] == "Siamond"
    assert plug.drift().changes == {}


def test_a_move_that_was_cut_off_is_finished_by_the_next_one(world: World) -> None:
    for after in range(1, 8):
        world = World()
        old, new = world.made(), world.made("Siamond")
        plug = world.plugged(old)
        cut_off([old, new], after)
        try:
            plug.up(domain=new.id)
        except ConnectionError:
            pass
        else:
            break
        assert not (set(links(old)) == {"up"} and set(links(new)) == {"up"})
        if plug.refresh() is None:
            plug = world.plugged(new)  # the old domain has let go: an engine makes it anew
        else:
            plug.up(domain=new.id)
        assert (FLOAT1 in old.macs()[0], links(new)) == (False, ["up", "up"])
    else:
        pytest.fail("a move takes more calls than were tried")


def test_an_old_guest_that_holds_on_is_fenced_and_shown_until_it_lets_go(world: World) -> None:
    old, new = world.made(), world.made("Siamond")
    plug = world.plugged(old)
    old.fake.lets_go = None
    plug.call.notes.clear()
    plug.up(domain=new.id)
    assert "guest Acilamwen holds on" in plug.call.notes[-1].text
    assert (links(old), links(new)) == (["down"], ["up", "up"])
    for _ in range(2):
        assert plug.drift().changes == {"extra": "update"}
        assert plug.outputs["extra"] == [
            f"{FLOAT1} is still in the running guest Acilamwen, its link is down"
        ]
        plug.up()
    old.fake.lets_go = 1
    plug.up()
    assert FLOAT1 not in old.macs()[0]
    assert plug.drift().changes == {}


def test_a_move_from_a_domain_that_is_gone_just_plugs_in(world: World) -> None:
    old, new = world.made(), world.made("Siamond")
    plug = world.plugged(old)
    del world.conn.domains[old.id]
    world.interfaces.update(
        plug.call, plug.id, plug.outputs, plug.inputs, plug.inputs | {"domain": new.id}, False
    )
    assert new.macs()[0][-1] == FLOAT1


def test_a_move_to_where_a_third_domain_has_the_mac_is_refused(world: World) -> None:
    plug = world.plugged(world.made())
    third = world.made("Siamond")
    third.attach_by_hand(FLOAT1)
    world.conn.add_volume("/libvirt/storage/live/Ulov.qcow")
    world.conn.add_volume("/libvirt/storage/live/Ulov-seed.iso", "raw")
    target = world.made("Ulov", networkInterfaces=[])
    with pytest.raises(Refused, match=r"\(domain Siamond\)"):
        plug.up(domain=target.id)
