"""A NIC with a life of its own: plugged in once, mended, moved make before break, taken out."""

from __future__ import annotations

from typing import Any

import pytest

from provider.errors import OperatorError, Refused
from provider.nic import nic
from provider.resource.base import COMPUTED
from tests.provider.fakes.domain_world import FLOAT1, FLOAT2, RESERVED, Vm, World

FLOAT3 = "52:54:00:00:03:00"


@pytest.fixture
def world() -> World:
    return World()


def links(vm: Vm, mac: str = FLOAT1) -> list[str]:
    """Link states of the NICs with this MAC: in the running guest, then in the definition."""
    live = "" if vm.fake.live is None else vm.fake.XMLDesc(0)
    return [n.link for xml in (live, vm.fake.XMLDesc(2)) for n in nic.nics(xml or None) if n.mac == mac]


def test_a_nic_is_plugged_into_the_running_guest_and_the_definition_by_one_call(world: World) -> None:
    vm = world.made()
    plug = world.plugged(vm, mac=FLOAT1.upper())
    assert plug.id == f"{vm.id}/{FLOAT1}"
    assert vm.macs() == ([RESERVED.lower(), FLOAT1],) * 2
    assert plug.outputs["alias"] == "ua-525400000100"
    assert plug.outputs["target"].startswith("vnet")
    assert plug.outputs["holder"] == "Acilamwen"
    assert (plug.outputs["live"], plug.outputs["persistent"], plug.outputs["extra"]) == (True, True, [])


def test_a_domain_that_is_shut_off_gets_it_for_its_next_start(world: World) -> None:
    vm = world.made(running=False)
    plug = world.plugged(vm)
    assert vm.macs() == ([], [RESERVED.lower(), FLOAT1])
    assert (plug.outputs["live"], plug.outputs["persistent"]) == (False, True)
    assert plug.drift().changes == {}


def test_creating_it_again_changes_nothing(world: World) -> None:
    vm = world.made()
    world.plugged(vm)
    world.interfaces.create(
        world.call(world.interfaces, "float1"), {"domain": vm.id, "network": "bridged", "mac": FLOAT1}, False
    )
    assert world.conn.calls == []


def test_a_nic_that_was_plugged_in_by_hand_is_taken_up_with_the_alias_it_has(world: World) -> None:
    vm = world.made()
    vm.attach_by_hand(FLOAT1)
    plug = world.plugged(vm)
    assert vm.macs() == ([RESERVED.lower(), FLOAT1],) * 2
    assert plug.outputs["alias"].startswith("net")
    assert plug.drift().changes == {}


@pytest.mark.parametrize("preview", [True, False])
def test_a_mac_that_another_domain_has_is_refused(world: World, preview: bool) -> None:
    world.plugged(world.made())
    other = world.made("Siamond")
    inputs = {"domain": other.id, "network": "bridged", "mac": FLOAT1}
    with pytest.raises(Refused, match=r"\(domain Acilamwen\)"):
        world.interfaces.create(world.call(world.interfaces, "x"), inputs, preview)
    assert world.conn.calls == []


def test_a_preview_for_a_domain_that_is_not_made_yet_still_refuses_a_taken_mac(world: World) -> None:
    call = world.call(world.interfaces, "x")
    inputs = {"domain": COMPUTED, "network": "bridged", "mac": FLOAT1}
    id, outputs = world.interfaces.create(call, inputs, True)
    assert (id, outputs["holder"]) == ("", COMPUTED)
    world.plugged(world.made())
    with pytest.raises(Refused):
        world.interfaces.create(call, inputs, True)


@pytest.mark.parametrize(
    ("inputs", "line"),
    [
        ({"network": "nowhere"}, "there is no network nowhere"),
        ({"network": "off"}, "virsh -c 'test:///fake' net-start off"),
        ({"domain": "cccccccc-0000-4000-8000-00000000ffff"}, "there is no domain cccccccc"),
    ],
)
def test_what_is_missing_is_told_in_one_line(world: World, inputs: dict[str, Any], line: str) -> None:
    vm = world.made()
    with pytest.raises(OperatorError, match=line):
        world.plugged(vm, **inputs)
    assert world.conn.calls == []


def test_a_nic_pulled_out_of_one_side_shows_and_is_put_back(world: World) -> None:
    vm = world.made()
    plug = world.plugged(vm)
    for flags, where in ((1, "in the running guest"), (2, "in the persistent definition")):
        vm.fake.detachDeviceFlags(f"<interface><mac address='{FLOAT1}'/><source/></interface>", flags)
        drift = plug.drift()
        assert drift.changes == {"extra": "update"}
        assert list(drift.output_paths) == ["extra"]
        assert plug.outputs["extra"] == [f"{FLOAT1} is not {where}"]
        plug.up()
        assert plug.drift().changes == {}
        assert vm.macs() == ([RESERVED.lower(), FLOAT1],) * 2


def test_a_nic_pulled_out_of_both_sides_is_gone_and_so_is_one_whose_domain_is(world: World) -> None:
    vm = world.made()
    plug = world.plugged(vm)
    vm.fake.detachDeviceFlags(f"<interface><mac address='{FLOAT1}'/><source/></interface>", 3)
    assert plug.refresh() is None
    vm.delete()
    assert plug.refresh() is None


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


def test_a_delete_says_what_it_does_at_preview_and_when_it_is_done(world: World) -> None:
    vm = world.made()
    plug = world.plugged(vm)
    plug.call.notes.clear()
    plug.handler.refuse_delete(plug.call, plug.id, plug.outputs)
    assert world.conn.calls == []
    plug.delete()
    assert [n.text for n in plug.call.notes] == [f"NIC {FLOAT1} is unplugged from Acilamwen"] * 2


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


def test_deleting_it_when_nic_or_domain_is_gone_is_fine(world: World) -> None:
    vm = world.made()
    plug = world.plugged(vm)
    plug.delete()
    plug.delete()
    vm.delete()
    plug.delete()


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
        cut_off(world, [old, new], after)
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


def test_an_import_reads_the_nic_by_domain_and_mac(world: World) -> None:
    vm = world.made()
    plug = world.plugged(vm)
    found = world.interfaces.read(plug.call, plug.id, {}, {})
    assert found is not None
    assert found.inputs == {"domain": vm.id, "network": "bridged", "mac": FLOAT1, "model": "virtio"}
    assert world.interfaces.diff(plug.call, found.id, found.outputs, found.inputs, plug.inputs).changes == {}


def test_spelling_and_order_of_macs_are_no_difference(world: World) -> None:
    vm = world.made()
    plug = world.plugged(vm, forbiddenMacs=[FLOAT2, FLOAT3])
    news = plug.inputs | {"mac": FLOAT1.upper(), "forbiddenMacs": [FLOAT3.upper(), FLOAT2]}
    assert world.interfaces.diff(plug.call, plug.id, plug.outputs, plug.inputs, news).changes == {}


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ({"mac": "52:54"}, "mac"),
        ({"link": "sideways"}, "link"),
        ({"forbiddenMacs": [FLOAT2, "x"]}, "forbiddenMacs[1]"),
        ({"forbiddenMacs": [FLOAT1.upper()]}, "forbiddenMacs[0]"),
    ],
)
def test_a_wrong_value_is_a_check_failure_at_its_path(
    world: World, inputs: dict[str, Any], path: str
) -> None:
    news = {"domain": COMPUTED, "network": "bridged", "mac": FLOAT1} | inputs
    checked = world.interfaces.check(world.call(world.interfaces, "x"), {}, news)
    assert [f.path for f in checked.failures] == [path]


def networks(vm: Vm, mac: str = FLOAT1) -> list[str | None]:
    """Those of the NICs with this MAC: in the running guest, then in the definition."""
    return [n.network for flags in (0, 2) for n in nic.nics(vm.fake.XMLDesc(flags)) if n.mac == mac]


def watch(vm: Vm, name: str, after: Any) -> None:
    """Call ``after`` after each call of this name on the fake."""
    real = getattr(vm.fake, name)

    def watched(*args: Any) -> Any:
        result = real(*args)
        after()
        return result

    setattr(vm.fake, name, watched)


def cut_off(world: World, vms: list[Vm], after: int) -> None:
    """Let this many changing calls through, and fail the next: the connection is gone."""
    left = [after]

    def cut(real: Any) -> Any:
        def call(*args: Any) -> Any:
            left[0] -= 1
            if left[0] == -1:
                raise ConnectionError
            return real(*args)

        return call

    for vm in vms:
        for name in ("attachDeviceFlags", "updateDeviceFlags", "detachDeviceFlags"):
            setattr(vm.fake, name, cut(getattr(vm.fake, name)))
