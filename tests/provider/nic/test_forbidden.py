"""NICs with a forbidden MAC: shown, named at preview, unplugged, and asked for again until the guest lets go."""

from __future__ import annotations

import pytest

from provider.errors import OperatorError
from tests.provider.fakes.domain_world import FLOAT1, FLOAT2, RESERVED, World
from tests.provider.nic.seen import FLOAT3, links


def test_the_seeds_acilamwen_loses_float2s_four_copies_and_nothing_else(world: World) -> None:
    vm = world.made()
    for _ in range(4):
        vm.attach_by_hand(FLOAT2)
    vm.attach_by_hand(FLOAT1, flags=1)
    vm.attach_by_hand(FLOAT3)
    plug = world.plugged(vm, forbiddenMacs=[FLOAT2])
    assert sorted(vm.macs()[0]) == sorted([RESERVED.lower(), FLOAT1, FLOAT3])
    assert sorted(vm.macs()[1]) == sorted([RESERVED.lower(), FLOAT1, FLOAT3])
    vm.attach_by_hand(FLOAT2, flags=1)
    assert plug.drift().changes == {"extra": "update"}
    assert plug.outputs["extra"] == [f"{FLOAT2} must not be in the running guest"]
    vm.attach_by_hand(FLOAT2, flags=1)
    vm.attach_by_hand(FLOAT1, flags=2)
    assert plug.drift().changes == {"extra": "update"}
    assert plug.outputs["extra"] == [
        f"{FLOAT1} is there too often in the persistent definition",
        f"{FLOAT2} must not be in the running guest (2 times)",
    ]


@pytest.mark.parametrize("moved", [False, True])
def test_what_a_preview_says_of_forbidden_nics_is_what_is_done(world: World, moved: bool) -> None:
    old, new = world.made(), world.made("Siamond")
    plug = world.plugged(old, forbiddenMacs=[FLOAT2])
    for vm in (old, new):
        vm.attach_by_hand(FLOAT2)
        vm.attach_by_hand(FLOAT2)
    change = {"domain": new.id} if moved else {}
    said = []
    for preview in (True, False):
        plug.call.notes.clear()
        plug.up(preview, **change)
        said.append([n.text for n in plug.call.notes if n.path == "extra"])
    assert said[0] == said[1]
    gone = {vm.fake.name() for vm in (old, new) if FLOAT2 not in vm.macs()[0]}
    assert gone == {line.partition(":")[0] for line in said[0]}
    assert gone == ({"Acilamwen", "Siamond"} if moved else {"Acilamwen"})


def test_a_preview_of_a_new_one_says_which_forbidden_nics_go(world: World) -> None:
    vm = world.made()
    vm.attach_by_hand(FLOAT2)
    vm.attach_by_hand(FLOAT2)
    inputs = {"domain": vm.id, "network": "bridged", "mac": FLOAT1, "forbiddenMacs": [FLOAT2]}
    call = world.call(world.interfaces, "float1")
    world.interfaces.create(call, inputs, True)
    assert f"Acilamwen: {FLOAT2} must not be in the running guest (2 times)" in [n.text for n in call.notes]
    assert world.conn.calls == []


def test_a_guest_that_holds_on_is_asked_again_until_it_lets_go(world: World) -> None:
    vm = world.made()
    plug = world.plugged(vm)
    vm.fake.lets_go = 3
    plug.delete()
    assert vm.macs() == ([RESERVED.lower()],) * 2
    assert world.conn.calls.count("detachDeviceFlags") == 4  # once for the definition


def test_a_guest_that_never_lets_go_is_named_and_its_link_is_down_meanwhile(world: World) -> None:
    vm = world.made()
    plug = world.plugged(vm)
    vm.fake.lets_go = None
    with pytest.raises(
        OperatorError, match=f"guest Acilamwen holds on to NIC {FLOAT1}: not let go within 60 s"
    ):
        plug.delete()
    assert links(vm) == ["down"]
    assert 60 <= world.conn.clock.now < 70
    vm.fake.lets_go = 1
    plug.delete()
    assert FLOAT1 not in vm.macs()[0]


def test_a_guest_that_holds_on_to_a_copy_of_the_nic_itself_is_an_error_whatever_is_forbidden(
    world: World,
) -> None:
    vm = world.made()
    plug = world.plugged(vm, forbiddenMacs=[FLOAT2])
    vm.attach_by_hand(FLOAT1)
    vm.attach_by_hand(FLOAT2)
    vm.fake.lets_go = None
    with pytest.raises(OperatorError, match=f"guest Acilamwen holds on to NIC {FLOAT1}, {FLOAT2}"):
        plug.up()
    assert sorted(links(vm)) == ["down", "up", "up"]
    assert links(vm, FLOAT2) == ["down"]
