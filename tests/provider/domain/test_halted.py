"""A guest that does not go on by itself: called so with libvirt's reason, and nothing is done about it unasked."""

from __future__ import annotations

import pytest

from provider.connection import states
from provider.errors import Refused
from tests.provider.fakes import typed
from tests.provider.fakes.domain_world import FLOAT1, Vm
from tests.provider.nic.place import TOLD, Place
from tests.provider.nic.seen import links

pytestmark = pytest.mark.reports("D6")
FULL = "paused (I/O error, vda: no space)"


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.delenv("LIBVIRT_ALLOW", raising=False)
    return Place()


def halt(vm: Vm, reason: int = 5, **failed: int) -> Vm:
    vm.fake.paused, vm.fake.paused_for, vm.fake.disk_errors = True, reason, failed
    return vm


@pytest.mark.parametrize(
    ("reason", "failed", "said", "way_out"),
    [
        (5, {"vda": 2}, FULL, "make room for its disks first, then virsh -c 'test:///fake' resume Acilamwen"),
        (
            5,
            {"vda": 1, "vdb": 2},
            "paused (I/O error, vda: it can't be written or read, vdb: no space)",
            "make room for its disks first, then virsh -c 'test:///fake' resume Acilamwen",
        ),
        (5, {}, "paused (I/O error)", "virsh -c 'test:///fake' resume Acilamwen"),
        (1, {}, "paused (by an operator)", "virsh -c 'test:///fake' resume Acilamwen"),
        (6, {}, "paused (by its watchdog)", "virsh -c 'test:///fake' resume Acilamwen"),
        (7, {}, "paused (after a restore or a snapshot)", "virsh -c 'test:///fake' resume Acilamwen"),
        (10, {}, "paused (it has crashed)", "virsh -c 'test:///fake' resume Acilamwen"),
        (0, {}, "paused", "virsh -c 'test:///fake' resume Acilamwen"),
    ],
)
def test_a_preview_says_that_it_does_not_go_on_and_why_and_nothing_is_done(
    place: Place, reason: int, failed: dict[str, int], said: str, way_out: str
) -> None:
    vm = halt(place.made(), reason, **failed)
    vm.call.notes.clear()
    assert vm.drift().changes == {}
    assert vm.call.notes == [f"guest Acilamwen does not go on: it is {said}; {way_out}"]
    assert vm.outputs["state"] == "paused"
    vm.up()
    assert place.conn.calls == []
    assert vm.fake.paused
    typed.virsh(place.conn, *typed.lines(way_out))
    vm.call.notes.clear()
    vm.refresh()
    assert (vm.call.notes, vm.outputs["state"]) == ([], "running")


@pytest.mark.parametrize("reason", [2, 3, 4, 9, 11])
def test_a_pause_that_ends_by_itself_is_not_told(place: Place, reason: int) -> None:
    vm = halt(place.made(), reason)
    vm.call.notes.clear()
    vm.refresh()
    assert vm.call.notes == []


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize(("reason", "said"), [(5, FULL), (1, "paused (by an operator)")])
def test_a_float_is_not_moved_to_it_and_that_is_said_at_once(
    place: Place, reason: int, said: str, preview: bool
) -> None:
    old, new = place.made(), place.made("Siamond")
    plug = place.plugged(old, **TOLD)
    halt(new, reason, **({"vda": 2} if reason == 5 else {}))
    began = place.conn.clock.now
    with pytest.raises(Refused) as refused:
        plug.up(preview, domain=new.id)
    assert str(refused.value).startswith(f"guest Siamond is {said}, and its agent cannot answer; ")
    assert "virsh -c 'test:///fake' resume Siamond" in str(refused.value)
    assert place.conn.clock.now == began
    assert (links(old), links(new), place.conn.calls) == (["up", "up"], [], [])
    typed.virsh(place.conn, *typed.lines(refused.value))
    plug.up(domain=new.id)
    place.one_answer(new, old)


def test_what_is_to_be_mended_in_it_is_refused_at_once_too(place: Place) -> None:
    vm = place.made()
    plug = place.plugged(vm, **TOLD)
    vm.fake.detachDeviceFlags(
        f"<interface><mac address='{FLOAT1}'/><source network='bridged'/></interface>", 2
    )
    halt(vm, 5, vda=2)
    began = place.conn.clock.now
    with pytest.raises(Refused, match=r"guest Acilamwen is paused \(I/O error, vda: no space\)"):
        plug.up(link="down")
    assert place.conn.clock.now == began


def test_one_that_is_halted_while_it_is_waited_for_is_named_too_and_the_float_stays(place: Place) -> None:
    old, new = place.made(), place.made("Siamond")
    plug = place.plugged(old, **TOLD)
    place.guests.silent.add("Siamond")
    sleep = place.conn.clock.sleep
    place.conn.clock.sleep = lambda seconds: (sleep(seconds), halt(new, 5, vda=2))[0]  # type: ignore[method-assign,func-returns-value]
    with pytest.raises(Refused, match=r"guest Siamond is paused \(I/O error, vda: no space\)"):
        plug.up(domain=new.id)
    assert links(old, FLOAT1) == ["up", "up"]


def test_one_that_is_to_be_removed_is_refused_with_the_reason(place: Place) -> None:
    vm = halt(place.made(), 5, vda=2)
    with pytest.raises(
        Refused, match=r"is paused \(I/O error, vda: no space\).*make room for its disks first"
    ):
        vm.delete()


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ([5, 6], "shut off (it failed to start)"),
        ([5, 3], "shut off (it has crashed)"),
        ([5, 1], "shut off"),
        ([6, 1], "crashed (its system panicked)"),
        ([7, 0], "pmsuspended"),
        ([1, 5], "running"),
        ([42, 0], "state 42"),
    ],
)
def test_the_other_states_have_their_reason_too(place: Place, state: list[int], said: str) -> None:
    vm = place.made()
    vm.fake.state = lambda flags=0: state  # type: ignore[method-assign]
    assert states.look(vm.fake).said == said


def test_its_memory_is_not_promised_live(place: Place) -> None:
    vm = place.made()
    halt(vm, 1)
    vm.up(preview=True, memory=64)
    (note,) = [str(each) for each in vm.call.notes if "64" in str(each)]
    assert "once it was shut down and started: the guest is paused (by an operator), and can't follow" in note
    vm.up(memory=64)
    assert (vm.fake.live.findtext("currentMemory"), vm.fake.paused) == (str(96 * 1024), True)
