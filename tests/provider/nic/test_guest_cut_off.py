"""A NIC that is set up inside its guest, killed before any call: the next `up` ends with one NIC and one answer."""

from __future__ import annotations

import pytest

from provider.guest.tools import Tools
from tests.provider.fakes.domain_world import FLOAT1, Vm
from tests.provider.nic.place import TOLD, Place, two
from tests.provider.nic.seen import cut_off, links


class Killed(BaseException):
    """The process is gone: nothing is put back."""


def test_killed_before_any_call_the_next_up_ends_with_one_nic_and_one_answer() -> None:
    for after in range(60):
        place = Place()
        old, new, plug = two(place)
        kill(place, [old, new], after)
        try:
            plug.up(domain=new.id)
        except Killed:
            pass
        else:
            assert after > 20
            break
        assert not (set(links(old)[:1]) == set(links(new)[:1]) == {"up"})
        place.answers = [[FLOAT1]] * 2 if "up" in (links(old) or ["down"])[0] else [[], []]
        id = plug.id
        plug.up(domain=new.id)
        place.one_answer(new, old)
        assert plug.id == id
        assert plug.drift().changes == {}
    else:
        pytest.fail("a move takes more calls than were tried")


def test_a_new_nic_killed_before_any_call_is_up_in_the_guest_and_in_its_definition() -> None:
    for after in range(40):
        place = Place()
        vm = place.made()
        kill(place, [vm], after)
        try:
            place.plugged(vm, **TOLD)
        except Killed:
            plug = place.plugged(vm, **TOLD)
        else:
            assert after > 10
            return
        assert links(vm) == ["up", "up"], f"killed before call {after}"
        assert plug.drift().changes == {}
    pytest.fail("a new NIC takes more calls than were tried")


def kill(place: Place, vms: list[Vm], after: int) -> None:
    """Let this many calls that change something through, agents' scripts too; then the process is gone, once."""
    cut = cut_off(vms, after, Killed)
    place.interfaces._tools = Tools(place.conn.clock, cut(place.guests.send), place._ask)
