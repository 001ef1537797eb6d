"""NICs of guests whose agent may not do all, or that have none: said before anything moves, and nothing is lost."""

from __future__ import annotations

import pytest

from provider.errors import OperatorError, Refused
from provider.guest.allowed import EXEC, INTERFACES
from tests.provider.fakes.domain_world import FLOAT1
from tests.provider.nic.place import ADDRESS, FILE, TOLD, Place, two
from tests.provider.nic.seen import links

BY_HAND = f"# by hand\n{FILE.content}"


@pytest.mark.parametrize("preview", [True, False])
def test_a_move_to_a_guest_that_runs_no_programs_is_refused_before_it_begins(
    place: Place, preview: bool
) -> None:
    old, new, plug = two(place)
    place.guests.blocked["Siamond"] = set(EXEC)
    news = plug.inputs | {"domain": new.id}
    with pytest.raises(Refused) as caught:
        place.interfaces.update(plug.call, plug.id, plug.outputs, plug.inputs, news, preview)
    said = str(caught.value)
    assert said.startswith("guest Siamond: its agent has guest-exec and guest-exec-status blocked: ")
    assert 'or declare guest "none"' in said
    assert '"cloud-init"' in said
    assert place.conn.calls == []
    place.one_answer(old, new)


@pytest.mark.parametrize("preview", [True, False])
def test_so_is_a_new_one(place: Place, preview: bool) -> None:
    vm = place.made()
    place.guests.blocked["Acilamwen"] = set(EXEC)
    with pytest.raises(Refused, match="guest-exec"):
        place.plugged(vm, **TOLD) if not preview else place.interfaces.create(
            place.call(place.interfaces, "x"),
            {"domain": vm.id, "network": "bridged", "mac": FLOAT1, **TOLD},
            True,
        )
    assert links(vm) == []


def test_one_that_boots_is_waited_for_and_refused_then(place: Place) -> None:
    """At first nobody answers, so nothing is known beforehand."""
    old, new, plug = two(place)
    place.guests.blocked["Siamond"] = set(EXEC)
    place.guests.silent.add("Siamond")
    slept = place.conn.clock.sleep

    def sleep(seconds: float) -> None:
        place.guests.silent.discard("Siamond")
        slept(seconds)

    place.conn.clock.sleep = sleep  # type: ignore[method-assign]
    with pytest.raises(OperatorError, match=r"guest-exec .*\"none\".*nothing was switched: Acilamwen has it"):
        plug.up(domain=new.id)
    place.one_answer(old, new)


def test_a_frozen_guest_is_told_as_that_and_nothing_is_switched(place: Place) -> None:
    old, new, plug = two(place)
    place.guests.frozen.add("Siamond")
    with pytest.raises(OperatorError, match="its file systems are frozen"):
        plug.up(domain=new.id)
    place.one_answer(old, new)
    place.guests.frozen.clear()
    plug.up(domain=new.id)
    place.one_answer(new, old)


def test_by_cloud_init_its_addresses_are_waited_for_all_the_same(place: Place) -> None:
    old, new = place.made(), place.made("Siamond")
    place.guests.blocked["Siamond"] = set(EXEC)
    place.guests.addresses = {(name, FLOAT1): [ADDRESS] for name in ("Acilamwen", "Siamond")}
    plug = place.plugged(old, **TOLD | {"guest": "cloud-init"})
    place.answers = [[FLOAT1], [FLOAT1]]
    del place.guests.addresses["Siamond", FLOAT1]
    with pytest.raises(OperatorError, match=f"but not {ADDRESS} on it"):
        plug.up(domain=new.id)
    place.guests.addresses["Siamond", FLOAT1] = [ADDRESS]
    plug.up(domain=new.id)
    assert (links(old), links(new)) == ([], ["up", "up"])


@pytest.mark.parametrize("way", ["cloud-init", "none"])
def test_where_not_even_addresses_may_be_asked_for_libvirts_word_does(place: Place, way: str) -> None:
    old, new = place.made(), place.made("Siamond")
    place.guests.addresses["Acilamwen", FLOAT1] = [ADDRESS]
    plug = place.plugged(old, **TOLD | {"guest": way})
    place.answers = [[FLOAT1], [FLOAT1]]
    place.guests.blocked["Siamond"] = {*EXEC, *INTERFACES}
    plug.up(domain=new.id)
    assert (links(old), links(new)) == ([], ["up", "up"])


def test_what_was_set_up_before_is_taken_for_so_by_its_addresses_or_told(place: Place) -> None:
    vm = place.made()
    plug = place.plugged(vm, **TOLD)
    place.guests.blocked["Acilamwen"] = set(EXEC)
    plug.call.notes.clear()
    assert plug.drift().changes == {}
    assert plug.call.notes == []
    place.guests.addresses.clear()
    assert plug.drift().changes == {}
    (line,) = map(str, plug.call.notes)
    assert line.startswith("guest Acilamwen: its agent has guest-exec and guest-exec-status blocked")
    assert line.endswith(f"whether NIC {FLOAT1} is set up in it was not looked at")


@pytest.mark.parametrize("silent", [True, False])
def test_a_guest_that_is_declared_none_keeps_the_file_that_was_put_there_across_moves(
    place: Place, silent: bool
) -> None:
    """And so its float: what set it up is there when the NIC comes, and when it comes again."""
    old, new, plug = two(place)
    place.guests.files["Siamond"] = {FILE.path: BY_HAND}
    if silent:
        place.guests.silent.add("Siamond")
    plug.up(domain=new.id, guest="none")
    assert (links(old), links(new)) == ([], ["up", "up"])
    assert place.files(old) == {}  # that one was ours
    place.answers = [[FLOAT1], [FLOAT1]]
    plug.up(domain=old.id, guest="agent")
    assert (links(old), links(new)) == (["up", "up"], [])
    assert place.files(old) == {FILE.path: FILE.content}
    assert place.files(new) == {FILE.path: BY_HAND}
    assert plug.drift().changes == {}
    plug.up(domain=new.id, guest="none")
    assert links(new) == ["up", "up"]
    assert place.files(new) == {FILE.path: BY_HAND}
