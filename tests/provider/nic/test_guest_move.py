"""A NIC that is set up inside its guest, moved with what the guest knows of it, and who answers for its address."""

from __future__ import annotations

import pytest

from provider.errors import OperatorError, Refused
from tests.provider.fakes.domain_world import FLOAT1, FLOAT2
from tests.provider.nic.place import OTHERS, TOLD, Place, two
from tests.provider.nic.seen import links


def test_a_move_leaves_one_nic_and_one_file(place: Place) -> None:
    old, new, plug = two(place)
    plug.up(domain=new.id)
    place.one_answer(new, old)
    note = plug.call.notes[-1]
    assert note.impact == "live"
    assert note.text.startswith(f"NIC {FLOAT1} moved from Acilamwen to Siamond: ")
    assert plug.drift().changes == {}


def test_a_new_holder_that_never_shows_the_nic_leaves_it_where_it_was(place: Place) -> None:
    old, new, plug = two(place)
    place.guests.blind.add("Siamond")
    with pytest.raises(OperatorError, match=r"guest Siamond does not show NIC .* within 30 s") as caught:
        plug.up(domain=new.id)
    assert "nothing was switched: Acilamwen has it as before" in str(caught.value)
    place.one_answer(old, new)
    assert place.conn.clock.now < 60
    place.guests.blind.clear()
    plug.up(domain=new.id)
    place.one_answer(new, old)


@pytest.mark.parametrize(("booting", "seconds"), [(False, 60), (True, 600)])
def test_a_new_holder_without_an_agent_is_told_before_anything_is_changed(
    place: Place, booting: bool, seconds: int
) -> None:
    """One that this run has started may be installing it."""
    old, new, plug = two(place)
    place.guests.silent.add("Siamond")
    if not booting:
        plug.call.host.started.clear()
    began = place.conn.clock.now
    with pytest.raises(
        OperatorError, match=rf'agent of guest Siamond does not answer within {seconds} s.*"none"'
    ):
        plug.up(domain=new.id)
    assert seconds <= place.conn.clock.now - began < seconds + 5
    assert place.conn.calls == []
    place.one_answer(old, new)


@pytest.mark.parametrize("script", ["look", "quiet", "write", "settle", "apply"])
def test_what_fails_inside_before_the_switch_changes_nothing(place: Place, script: str) -> None:
    old, new, plug = two(place)
    place.guests.failing[script] = "no space left on device"
    with pytest.raises(OperatorError, match="guest Siamond: no space left on device"):
        plug.up(domain=new.id)
    place.one_answer(old, new)
    place.guests.failing.clear()
    plug.up(domain=new.id)
    place.one_answer(new, old)


def test_what_fails_after_the_switch_puts_the_links_back(place: Place) -> None:
    old, new, plug = two(place)
    place.guests.failing["announce"] = "nmcli: no such connection"
    with pytest.raises(OperatorError, match="its link is up again at Acilamwen"):
        plug.up(domain=new.id)
    place.one_answer(old, new)
    place.guests.failing.clear()
    plug.up(domain=new.id)
    place.one_answer(new, old)


@pytest.mark.parametrize(
    ("answers", "who"),
    [([[FLOAT1, OTHERS], [OTHERS]], OTHERS), ([[FLOAT1, FLOAT1], [FLOAT1, FLOAT1]], FLOAT1)],
)
def test_somebody_else_who_answers_is_named_and_stops_the_move(
    place: Place, answers: list[list[str]], who: str
) -> None:
    old, new, plug = two(place)
    place.answers = answers
    with pytest.raises(Refused, match=f"somebody else answers at 129.215.175.100 already, with MAC {who}"):
        plug.up(domain=new.id)
    place.one_answer(old, new)


@pytest.mark.parametrize("silent", [False, True])
def test_another_nic_of_the_old_holder_that_answers_for_the_address_is_nobody_else(
    place: Place, silent: bool
) -> None:
    old, new, plug = two(place)
    old.attach_by_hand(FLOAT2)
    place.answers = [[FLOAT1, FLOAT2], [FLOAT2, FLOAT1]]  # as Linux does by itself from its boot on
    if silent:
        place.guests.silent.add("Acilamwen")
    plug.up(domain=new.id)
    assert links(new) == ["up", "up"]
    assert (FLOAT1 in old.macs()[0], "Acilamwen" in place.guests.quiet) == (False, not silent)


def test_a_float_that_another_hypervisor_holds_is_not_plugged_in_here(place: Place) -> None:
    vm = place.made()
    place.answers = [[FLOAT1], [FLOAT1]]
    with pytest.raises(Refused, match=f"with MAC {FLOAT1}"):
        place.plugged(vm, **TOLD)
    assert (links(vm), place.files(vm)) == ([], {})


def test_where_nobody_can_be_asked_it_is_moved_and_said(place: Place) -> None:
    old, new, plug = two(place)
    place.answers = None
    plug.up(domain=new.id)
    place.one_answer(new, old)
    assert "nobody could be asked" in plug.call.notes[-1].text


def test_where_nobody_can_be_asked_a_new_one_is_plugged_in_and_that_is_said(place: Place) -> None:
    vm = place.made()
    place.answers = None
    plug = place.plugged(vm, **TOLD)
    assert links(vm) == ["up", "up"]
    assert [note.text for note in plug.call.notes if "nobody could be asked" in note.text] == [
        f"NIC {FLOAT1} of Acilamwen: nobody could be asked whether another host answers there, "
        "which takes root on the hypervisor itself"
    ]


def test_an_old_holder_whose_agent_is_silent_keeps_its_file_and_that_is_said(place: Place) -> None:
    old, new, plug = two(place)
    place.guests.silent.add("Acilamwen")
    plug.up(domain=new.id)
    assert (links(old), links(new)) == ([], ["up", "up"])
    assert "the agent of guest Acilamwen does not answer" in plug.call.notes[-1].text
