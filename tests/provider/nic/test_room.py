"""A NIC for a running guest that has no place for it: it waits in the definition, and a move does not begin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provider.errors import OperatorError, Refused
from provider.host import ports
from tests.provider.fakes.basics import error
from tests.provider.fakes.domain_world import FLOAT1, FLOAT2, Vm, World
from tests.provider.fakes.domain_xml import fill, free_places
from tests.provider.nic.place import FILE, TOLD, Place, two
from tests.provider.nic.seen import links

pytestmark = pytest.mark.reports("N3")


def full(vm: Vm) -> None:
    fill(vm.fake.live)


def without_acpi(vm: Vm) -> None:
    for root in (vm.fake.live, vm.fake.config):
        root.remove(root.find("features"))


FULL: dict[str, tuple[str, Callable[[Vm], None], str]] = {
    "q35 without a free port": ("q35", full, "it has no free pcie-root-port"),
    "pc with its slots full": ("pc", full, "it has no free PCI slot"),
    "pc without ACPI": ("pc", without_acpi, "it has no ACPI"),
    "q35 without ACPI": ("q35", without_acpi, "it has no ACPI"),
}
each = pytest.mark.parametrize(("machine", "spoil", "why"), FULL.values(), ids=FULL.keys())


def restarted(vm: Vm) -> None:
    vm.fake.live = None
    vm.fake.create()
    vm.world.conn.calls.clear()


def notes(made: Any) -> list[str]:
    found = [str(note) for note in made.call.notes]
    made.call.notes.clear()
    return found


@each
@pytest.mark.parametrize("inputs", [{}, TOLD], ids=["by hand", "by its agent"])
def test_a_new_nic_waits_in_the_definition_for_a_guest_that_has_no_place_for_it(
    place: Place, machine: str, spoil: Callable[[Vm], None], why: str, inputs: dict[str, Any]
) -> None:
    vm = place.made(machine=machine)
    spoil(vm)
    call = place.call(place.interfaces, "float1")
    asked = {"domain": vm.id, "network": "bridged", "mac": FLOAT1} | inputs
    place.interfaces.create(call, asked, True)
    assert [note.impact for note in call.notes if not isinstance(note, str)] == ["next boot"]
    assert (
        f"goes into the definition of Acilamwen; the running guest has it once it was shut down and started: {why}"
        in str(call.notes[0])
    )

    plug = place.plugged(vm, **inputs)
    assert (vm.macs()[0].count(FLOAT1), links(vm)) == (0, ["up"])
    assert plug.outputs["pendingRestart"].startswith(why)
    assert (plug.outputs["live"], plug.outputs["extra"]) == (False, [])
    notes(plug)
    assert plug.drift().changes == {}
    (waits,) = notes(plug)
    assert waits.startswith(f"NIC {FLOAT1} waits for the next start of guest Acilamwen: {why}")
    plug.up()
    assert not any(note.startswith("impact live") for note in notes(plug))
    assert place.conn.calls == []

    restarted(vm)
    assert plug.drift().changes == ({"extra": "update"} if inputs else {})
    plug.up()
    assert (links(vm), "pendingRestart" in plug.outputs) == (["up", "up"], False)
    assert place.files(vm) == ({FILE.path: FILE.content} if inputs else {})
    assert plug.drift().changes == {}


def test_once_the_guest_has_a_place_the_nic_comes_live(world: World) -> None:
    vm = world.made()
    full(vm)
    plug = world.plugged(vm)
    sound = vm.fake.live.find("devices/sound")
    sound.getparent().remove(sound)
    assert plug.drift().changes == {"extra": "update"}
    plug.up()
    assert links(vm) == ["up", "up"]
    assert "pendingRestart" not in plug.outputs


@each
def test_a_move_to_such_a_guest_is_refused_before_it_begins_and_the_nic_stays(
    place: Place, machine: str, spoil: Callable[[Vm], None], why: str
) -> None:
    old, new = place.made(), place.made("Siamond", machine=machine)
    plug = place.plugged(old, **TOLD)
    spoil(new)
    place.guests.scripts.clear()
    for preview in (True, False):
        with pytest.raises(Refused, match=f"stays in Acilamwen, and nothing was changed: .*{why}") as caught:
            plug.up(preview, domain=new.id)
        assert "virsh -c 'test:///fake' start Siamond" in str(caught.value)
    assert place.conn.calls == []
    assert place.guests.scripts == [("Acilamwen", "has")] * 2  # no more than a look
    place.one_answer(old, new)


def test_a_move_to_a_guest_with_one_place_left_goes_as_ever(place: Place) -> None:
    old, new, plug = two(place)
    fill(new.fake.live, leaving=1)
    plug.up(domain=new.id)
    place.one_answer(new, old)
    assert free_places(new.fake.live) == []


def test_a_move_that_was_cut_off_once_the_nic_was_plugged_in_is_finished(place: Place) -> None:
    old, new, plug = two(place)
    new.attach_by_hand(FLOAT1)
    for root in (new.fake.live, new.fake.config):
        nic = root.findall("devices/interface")[-1]
        nic.append(nic.makeelement("link", {"state": "down"}))
    full(new)
    plug.up(domain=new.id)
    place.one_answer(new, old)


@pytest.mark.parametrize("said", ports.REFUSALS)
def test_where_libvirt_refuses_all_the_same_the_definition_has_it_and_that_is_told(
    place: Place, said: str
) -> None:
    vm = place.made()
    _refuse_live(vm, said)
    plug = place.plugged(vm, **TOLD)
    assert links(vm) == ["up"]
    told = notes(plug)
    assert any(line.startswith("impact next boot") and said in line for line in told)
    assert plug.drift().changes == {}
    assert any("waits for the next start" in line for line in notes(plug))
    place.conn.calls.clear()
    plug.up(preview=True)
    assert not any(line.startswith("impact live") for line in notes(plug))
    restarted(vm)
    plug.up()
    assert links(vm) == ["up", "up"]
    assert place.files(vm) == {FILE.path: FILE.content}


def test_a_move_that_libvirt_refuses_all_the_same_leaves_the_nic_where_it_is(place: Place) -> None:
    old, new, plug = two(place)
    _refuse_live(new, ports.REFUSALS[0])
    with pytest.raises(OperatorError, match="nothing was switched: Acilamwen has it as before"):
        plug.up(domain=new.id)
    place.one_answer(old, new)


def test_forbidden_nics_go_while_the_guests_own_nic_waits(world: World) -> None:
    vm = world.made()
    vm.attach_by_hand(FLOAT2)
    full(vm)
    plug = world.plugged(vm, forbiddenMacs=[FLOAT2])
    plug.up()
    assert all(FLOAT2.lower() not in side for side in vm.macs())


def _refuse_live(vm: Vm, said: str) -> None:
    plain = vm.fake.attachDeviceFlags

    def attach(xml: str, flags: int = 0) -> int:
        if flags & 1:
            raise error(1, f"internal error: {said}")
        return plain(xml, flags)

    vm.fake.attachDeviceFlags = attach  # type: ignore[method-assign]
