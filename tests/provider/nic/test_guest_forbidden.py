"""Forbidden MACs on a guest: unplugged, or left to the resource that has them and comes to its turn."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.provider.fakes.domain_world import FLOAT1, FLOAT2, RESERVED
from tests.provider.nic.place import TOLD, Place, two
from tests.provider.nic.seen import links


def test_two_nics_that_swap_holders_one_after_the_other_are_never_cut_off(place: Place) -> None:
    one, other, first = two(place)
    second = place.plugged(other, mac=FLOAT2, forbiddenMacs=[FLOAT1])
    first.up(forbiddenMacs=[FLOAT2])
    place.answers = [[], []]
    first.up(domain=other.id)
    assert links(other, FLOAT2) == ["up", "up"]  # its own move is still to come
    second.up(domain=one.id)
    assert (links(one, FLOAT2), links(other, FLOAT1)) == (["up", "up"], ["up", "up"])
    assert (links(one, FLOAT1), links(other, FLOAT2)) == ([], [])
    for plug in (first, second):
        assert plug.drift().changes == {}


def test_one_that_is_still_there_by_the_next_up_is_unplugged(place: Place) -> None:
    one, other, first = two(place)
    place.plugged(other, mac=FLOAT2)
    place.answers = [[], []]
    first.up(domain=other.id, forbiddenMacs=[FLOAT2])
    assert first.drift().changes == {"extra": "update"}
    first.up()
    assert links(other, FLOAT2) == []
    assert sorted(other.macs()[0]) == sorted([FLOAT1, "52:54:00:02:02:0e"])
    assert one.macs()[0] == [RESERVED.lower()]


@pytest.mark.parametrize("by_hand", [False, True])
def test_one_that_another_resource_has_there_is_left_to_it_however_often_it_is_seen(
    place: Place, by_hand: bool
) -> None:
    """That one's own move has failed, or waits for a guest: it answers where it was."""
    one, other, first = two(place)
    if by_hand:
        other.attach_by_hand(FLOAT2)
    second = place.plugged(other, mac=FLOAT2)
    place.answers = [[], []]
    second.refresh()
    first.up(domain=other.id, forbiddenMacs=[FLOAT2])
    for _ in range(2):
        second.refresh()
        assert first.drift().changes == {"extra": "update"}
        first.up()
        assert links(other, FLOAT2) == ["up", "up"]
        assert "left to the resource that has it" in first.call.notes[-1].text
    second.up(domain=one.id)
    assert links(one, FLOAT2) == ["up", "up"]
    assert first.drift().changes == {}


def test_one_whose_resource_comes_to_its_turn_meanwhile_is_left_to_it(place: Place) -> None:
    one, other, first = two(place)
    second = place.plugged(other, mac=FLOAT2)
    place.answers = [[], []]
    first.up(domain=other.id, forbiddenMacs=[FLOAT2])
    news = second.inputs | {"domain": one.id}
    ask_late(
        place, lambda: place.interfaces.diff(second.call, second.id, second.outputs, second.inputs, news)
    )
    first.up()
    assert links(other, FLOAT2) == ["up", "up"]


def ask_late(place: Place, ask: Callable[[], object]) -> None:
    """Have something asked of the provider while somebody sleeps."""
    sleep = place.conn.clock.sleep

    def slept(seconds: float) -> None:
        ask()
        sleep(seconds)

    place.conn.clock.sleep = slept  # type: ignore[method-assign]


def test_copies_of_a_forbidden_nic_that_its_resource_has_elsewhere_go(place: Place) -> None:
    one, other, first = two(place)
    second = place.plugged(other, mac=FLOAT2)
    for _ in range(2):
        one.attach_by_hand(FLOAT2)
    second.refresh()
    first.up(forbiddenMacs=[FLOAT2])
    assert (links(one, FLOAT2), links(other, FLOAT2)) == ([], ["up", "up"])


def test_a_guest_that_holds_on_to_a_forbidden_nic_is_told_and_keeps_nothing_from_being_done(
    place: Place,
) -> None:
    vm = place.made()
    plug = place.plugged(vm, **TOLD)
    vm.attach_by_hand(FLOAT2)
    vm.attach_by_hand(FLOAT2)
    vm.fake.lets_go = None
    plug.up(forbiddenMacs=[FLOAT2], metric=51)
    assert set(links(vm, FLOAT2)) == {"down"}
    assert f"guest Acilamwen holds on to NIC {FLOAT2}" in plug.call.notes[-1].text
    assert plug.drift().changes == {"extra": "update"}
    vm.fake.lets_go = 0
    plug.up()
    assert links(vm, FLOAT2) == []
    assert plug.drift().changes == {}
