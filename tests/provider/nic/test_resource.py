"""A NIC with a life of its own: plugged in once, mended, taken out, imported."""

from __future__ import annotations

from typing import Any

import pytest

from provider.errors import OperatorError, Refused
from provider.nic.plan import LIVE
from provider.resource.base import COMPUTED
from tests.provider.fakes import typed
from tests.provider.fakes.basics import error
from tests.provider.fakes.domain_world import FLOAT1, FLOAT2, RESERVED, World
from tests.provider.nic.seen import FLOAT3


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


def test_of_a_guest_that_ends_before_it_has_the_nic_nobody_says_that_it_has(world: World) -> None:
    vm = world.made()
    plain = vm.fake.attachDeviceFlags

    def attach(xml: str, flags: int = 0) -> int:
        if flags & LIVE:
            vm.fake.live = None
            raise error(55, "Requested operation is not valid: domain is not running")
        return plain(xml, flags)

    vm.fake.attachDeviceFlags = attach  # type: ignore[method-assign]
    with pytest.raises(OperatorError, match=r"is not plugged in: .* domain is not running"):
        world.plugged(vm)
    assert vm.macs() == ([], [RESERVED.lower(), FLOAT1])


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


def test_a_network_that_is_off_is_started_by_the_line_that_is_told(world: World) -> None:
    vm = world.made()
    with pytest.raises(OperatorError, match="is not active: start it") as refused:
        world.plugged(vm, network="off")
    typed.virsh(world.conn, *typed.lines(refused.value))
    world.plugged(vm, network="off")


def test_a_delete_says_what_it_does_at_preview_and_when_it_is_done(world: World) -> None:
    vm = world.made()
    plug = world.plugged(vm)
    plug.call.notes.clear()
    plug.handler.refuse_delete(plug.call, plug.id, plug.outputs)
    assert world.conn.calls == []
    plug.delete()
    assert [n.text for n in plug.call.notes] == [f"NIC {FLOAT1} is unplugged from Acilamwen"] * 2


def test_deleting_it_when_nic_or_domain_is_gone_is_fine(world: World) -> None:
    vm = world.made()
    plug = world.plugged(vm)
    plug.delete()
    plug.delete()
    vm.delete()
    plug.delete()


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
