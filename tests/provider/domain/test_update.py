"""Drift of a domain: how a preview shows it, how an update mends it, and what is not done while it runs."""

from __future__ import annotations

from typing import Any

import pytest

from provider.errors import OperatorError, Refused
from provider.resource.base import COMPUTED
from tests.provider.fakes.domain_world import DEFAULT_UUID, FLOAT1, FLOAT2, POOL, RESERVED, World

METADATA = "<m:x xmlns:m='http://example.org/m'><m:y>1</m:y></m:x>"
OURS = {"networkId": DEFAULT_UUID, "mac": RESERVED}
MORE = {"networkName": "bridged", "mac": FLOAT2}


@pytest.fixture
def world() -> World:
    return World()


def test_a_domain_as_declared_shows_nothing_and_an_update_of_it_calls_nothing(world: World) -> None:
    vm = world.made(machine="pc", description="a", metadata=METADATA)
    assert vm.drift().changes == {}
    vm.up()
    assert world.conn.calls == []


def test_a_domain_that_is_gone_reads_as_gone(world: World) -> None:
    vm = world.made()
    vm.fake.destroy()
    vm.fake.undefineFlags()
    assert vm.refresh() is None


def test_a_domain_that_was_stopped_by_hand_is_started_again(world: World) -> None:
    vm = world.made()
    vm.fake.destroy()
    assert vm.drift().changes == {"running": "update"}
    vm.up()
    assert vm.outputs["state"] == "running"
    assert vm.drift().changes == {}


def test_a_preview_of_a_start_says_that_the_state_will_change(world: World) -> None:
    vm = world.made()
    vm.fake.destroy()
    assert vm.refresh() is not None
    world.conn.calls.clear()
    outputs = world.domains.update(vm.call, vm.id, vm.outputs, vm.read_inputs, vm.inputs, True)
    assert outputs["state"] is COMPUTED
    assert world.conn.calls == []


def test_a_domain_declared_not_to_run_is_asked_to_shut_down_and_waited_for(world: World) -> None:
    vm = world.made()
    vm.up(running=False)
    assert vm.outputs["state"] == "shut off"
    assert world.conn.calls == ["shutdown"]


@pytest.mark.parametrize("preview", [True, False])
def test_a_guest_that_is_declared_off_is_told_as_harm_and_needs_no_other_word(
    world: World, preview: bool
) -> None:
    vm = world.made()
    vm.up(preview=preview, running=False)
    told = "impact restart: running: guest Acilamwen is shut down (ACPI), and stays off, as declared"
    assert [str(note) for note in vm.call.notes] == [told]


def test_a_start_is_live(world: World) -> None:
    vm = world.made(running=False)
    vm.up(preview=True, running=True)
    assert [str(note) for note in vm.call.notes] == ["impact live: running: Acilamwen is started"]


def test_a_domain_that_does_not_say_running_may_be_stopped_by_hand(world: World) -> None:
    vm = world.made()
    del vm.inputs["running"]
    vm.fake.destroy()
    assert vm.drift().changes == {}


def test_a_domain_undefined_while_it_runs_is_defined_again_without_losing_what_is_not_declared(
    world: World,
) -> None:
    vm = world.made()
    vm.attach_by_hand(FLOAT1)
    vm.fake.undefineFlags()
    drift = vm.drift()
    assert drift.changes == {"autostart": "update", "persistent": "update"}
    assert drift.output_paths == ("persistent",)
    vm.up()
    assert vm.drift().changes == {}
    assert "destroy" not in world.conn.calls
    assert vm.macs()[1] == [RESERVED.lower(), FLOAT1]
    assert 'type="bridge"' not in vm.fake.XMLDesc(2)


def test_description_and_metadata_edited_by_hand_are_put_right_and_metadata_of_others_stays(
    world: World,
) -> None:
    vm = world.made(description="ours", metadata=METADATA)
    vm.fake.setMetadata(0, "theirs", None, None, 3)
    vm.fake.setMetadata(2, "<x><y>7</y></x>", "m", "http://example.org/m", 3)
    vm.fake.setMetadata(2, "<os>fedora</os>", "lib", "http://libosinfo.org", 3)
    assert vm.drift().changes == {"description": "update", "metadata": "update"}
    vm.up()
    assert vm.drift().changes == {}
    assert "fedora" in vm.fake.XMLDesc(2)


def test_a_nic_plugged_in_twice_shows_and_one_copy_goes(world: World) -> None:
    vm = world.made()
    vm.attach_by_hand(RESERVED, flags=1, network="default")
    assert vm.drift().changes == {"networkInterfaces[1]": "delete"}
    vm.up()
    assert vm.macs() == ([RESERVED.lower()], [RESERVED.lower()])


def test_a_nic_pulled_out_by_hand_shows_and_is_plugged_in_again(world: World) -> None:
    vm = world.made(networkInterfaces=[OURS, MORE])
    vm.fake.detachDeviceFlags(
        f"<interface><mac address='{FLOAT2}'/><source network='bridged'/></interface>", 1
    )
    assert vm.drift().changes == {"networkInterfaces[1]": "add"}
    vm.up()
    assert vm.macs() == ([RESERVED.lower(), FLOAT2],) * 2


def test_a_nic_that_nobody_declared_is_neither_shown_nor_touched(world: World) -> None:
    vm = world.made()
    vm.attach_by_hand(FLOAT1)
    assert vm.drift().changes == {}
    vm.up(description="new")
    assert vm.macs() == ([RESERVED.lower(), FLOAT1],) * 2


def test_a_nic_that_leaves_the_declaration_is_unplugged(world: World) -> None:
    vm = world.made(networkInterfaces=[OURS, MORE])
    assert vm.refresh() is not None
    news = vm.inputs | {"networkInterfaces": [OURS]}
    diff = world.domains.diff(vm.call, vm.id, vm.outputs, vm.read_inputs, news)
    assert diff.changes == {"networkInterfaces[1]": "delete"}
    vm.up(networkInterfaces=[OURS])
    assert vm.macs() == ([RESERVED.lower()],) * 2


def test_a_nic_that_joins_the_declaration_is_plugged_in_while_the_guest_runs(world: World) -> None:
    vm = world.made()
    vm.up(networkInterfaces=[OURS, MORE])
    assert world.conn.calls == ["attachDeviceFlags"] * 2  # a call for each side
    assert vm.macs() == ([RESERVED.lower(), FLOAT2],) * 2


def test_a_new_nics_mac_that_another_domain_has_is_refused_at_preview(world: World) -> None:
    vm = world.made()
    world.made("Siamond").attach_by_hand(FLOAT2)
    with pytest.raises(Refused, match=r"\(domain Siamond\)"):
        vm.up(preview=True, networkInterfaces=[OURS, MORE])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"machine": "q35"},
            r"machine pc-i440fx-7.2 -> q35 \(the addresses of its devices are those of another",
        ),
        ({"arch": "aarch64"}, r"arch x86_64 -> aarch64 \(its machine type, devices and disk are of another"),
        ({"type": "kvm"}, "type qemu -> kvm"),
        ({"name": "Ulov"}, "name Acilamwen -> Ulov"),
        ({"cpu": {"mode": "host-passthrough"}}, r"cpu.mode maximum -> host-passthrough \(an emulated guest"),
        (
            {"graphics": {"type": "vnc", "autoport": False}},
            r"graphics none -> .*\(without autoport it has no port",
        ),
        (
            {"disks": [{"volumeId": f"{POOL}/other"}]},
            rf"disks\[0\].volumeId {POOL}/Acilamwen.qcow -> {POOL}/other",
        ),
        ({"disks": []}, rf"disks: {POOL}/Acilamwen.qcow -> none"),
        ({"cloudinit": f"{POOL}/other.iso"}, "cloudinit"),
    ],
)
@pytest.mark.parametrize("preview", [True, False])
def test_what_cannot_be_done_in_place_is_refused_by_name_and_nothing_is_changed(
    world: World, change: dict[str, Any], said: str, preview: bool
) -> None:
    vm = world.made()
    with pytest.raises(Refused, match=said) as caught:
        vm.up(preview, description="new", **change)
    assert "domain Acilamwen" in str(caught.value)
    assert world.conn.calls == []


def test_all_that_is_refused_is_told_at_once(world: World) -> None:
    vm = world.made()
    with pytest.raises(Refused, match=r"type .*; machine "):
        vm.up(type="kvm", machine="q35")


def test_a_preview_does_not_refuse_what_only_an_up_can_tell(world: World) -> None:
    world.made().up(preview=True, disks=[{"volumeId": COMPUTED}])


def test_a_property_that_leaves_the_declaration_is_left_as_it_is(world: World) -> None:
    vm = world.made(description="a")
    news = {k: v for k, v in vm.inputs.items() if k not in ("description", "memory")}
    assert world.domains.diff(vm.call, vm.id, vm.outputs, vm.inputs, news).changes == {}


def test_an_update_of_a_domain_that_is_gone_says_so(world: World) -> None:
    vm = world.made()
    vm.outputs = dict(vm.outputs)
    del world.conn.domains[vm.id]
    with pytest.raises(OperatorError, match="is gone from"):
        world.domains.update(vm.call, vm.id, vm.outputs, vm.inputs, vm.inputs, True)


def test_an_adopted_domain_has_no_diff_to_what_was_declared_of_it(world: World) -> None:
    vm = world.made()
    vm.attach_by_hand(FLOAT1)
    for id in (vm.id, "Acilamwen"):
        found = world.domains.read(vm.call, id, {}, {})
        assert found is not None
        assert found.id == vm.id
        assert world.domains.diff(vm.call, found.id, found.outputs, found.inputs, vm.inputs).changes == {}
        vm.outputs, vm.read_inputs = found.outputs, found.inputs
        world.domains.update(vm.call, found.id, found.outputs, found.inputs, vm.inputs, False)
        assert vm.macs() == ([RESERVED.lower(), FLOAT1],) * 2


def test_a_guest_that_holds_on_to_a_copy_is_named_and_everything_else_is_done(world: World) -> None:
    vm = world.made()
    vm.attach_by_hand(RESERVED, flags=1, network="default")
    vm.fake.lets_go = None
    with pytest.raises(OperatorError, match="guest Acilamwen holds on to NIC 52:54:00:02:02:0f"):
        vm.up(networkInterfaces=[OURS, MORE])
    assert FLOAT2 in vm.macs()[0]
