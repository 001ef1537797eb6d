"""The plan of a move: from any state of the two domains, cut off anywhere, never two links up, and the same end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import pytest

from provider.nic.move import SWITCHES, TARGET, Seat, Step, plan
from provider.nic.nic import Link

LINKS: tuple[Link | None, ...] = (None, "up", "down")


def seats() -> Iterator[Seat]:
    """Every state of one domain, but for a NIC on a side that it does not have."""
    for running, persistent, live, config in product((True, False), (True, False), LINKS, LINKS):
        if (running or persistent) and (running or live is None) and (persistent or config is None):
            yield Seat(running, persistent, live, config)


ALL = list(seats())
STATES = [(t, (s,)) for t, s in product(ALL, ALL)] + [
    (t, ()) for t in ALL
]  # with two sources: in a test of its own


def done(step: Step, target: Seat, sources: Sequence[Seat]) -> tuple[Seat, tuple[Seat, ...]]:
    """What one step changes."""
    seat = target if step.seat == TARGET else sources[step.seat]
    match step.action:
        case "plug":
            new = replace(
                seat,
                live=seat.live or ("down" if seat.running else None),
                config=seat.config or ("down" if seat.persistent else None),
            )
        case "down":
            new = replace(seat, live="down")
        case "up":
            new = replace(seat, live="up")
        case "keep":
            new = replace(seat, config="up")
        case "forget":
            new = replace(seat, config=None)
        case "unplug":
            new = replace(seat, live=None, config=None)
        case _:
            new = seat
    if step.seat == TARGET:
        return new, tuple(sources)
    return target, tuple(new if i == step.seat else s for i, s in enumerate(sources))


def up(target: Seat, sources: Sequence[Seat]) -> int:
    return sum(s.link == "up" for s in (target, *sources))


def ended(target: Seat, sources: Sequence[Seat], link: Link) -> bool:
    here = all(
        side == link
        for has, side in ((target.running, target.live), (target.persistent, target.config))
        if has and (link == "up" or side is not None)
    )
    return here and all(s.live is None and s.config is None for s in sources)


@pytest.mark.parametrize("state", STATES, ids=lambda state: "")
def test_cut_off_after_any_step_and_planned_anew_it_ends_with_one_nic_and_never_two_links_up(
    state: tuple[Seat, tuple[Seat, ...]],
) -> None:
    steps = plan(*state)
    for cut in range(len(steps) + 1):
        now = state
        for step in steps[:cut]:
            before = up(*now)
            now = done(step, *now)
            assert up(*now) <= max(1, before)
        for step in plan(*now):
            before = up(*now)
            now = done(step, *now)
            assert up(*now) <= max(1, before)
        assert ended(*now, "up")
        assert all(step.action in ("clean", "guest", "announce") for step in plan(*now))


@pytest.mark.parametrize("target", [Seat(True, True, None, None), Seat(True, True, "down", "down")])
def test_two_old_holders_are_both_fenced_before_the_link_goes_up(target: Seat) -> None:
    sources = (Seat(True, True, "up", "up"), Seat(True, False, "up", None))
    now = (target, sources)
    for step in plan(*now):
        if step.action == "up":
            assert up(*now) == 0
        now = done(step, *now)
    assert ended(*now, "up")


def test_an_old_holder_that_holds_on_stays_fenced_and_is_asked_again() -> None:
    now = (Seat(True, True, None, None), (Seat(True, True, "up", "up"),))
    for step in plan(*now):
        if step.action != "unplug":
            now = done(step, *now)
    assert now == (Seat(True, True, "up", "up"), (Seat(True, True, "down", None),))
    assert [s.action for s in plan(*now)] == ["guest", "announce", "clean", "unplug"]


def test_everything_that_can_fail_slowly_comes_before_the_switch() -> None:
    steps = plan(Seat(True, True, None, None), (Seat(True, True, "up", "up"),))
    actions = [s.action for s in steps]
    assert actions == [
        "plug", "guest", "probe", "down", "up", "announce", "forget", "keep", "clean", "unplug",
    ]  # fmt: skip
    first = min(actions.index(a) for a in SWITCHES)
    assert set(actions[:first]) == {"plug", "guest", "probe"}


def test_between_the_two_links_of_the_switch_there_is_nothing_else() -> None:
    for target, sources in STATES:
        actions = [s.action for s in plan(target, sources)]
        if "down" in actions and "up" in actions:
            assert actions.index("up") == actions.index("down") + 1


def test_a_holder_that_is_shut_off_gets_it_for_its_boot() -> None:
    steps = plan(Seat(False, True, None, None), (Seat(True, True, "up", "up"),))
    assert [s.action for s in steps] == ["plug", "down", "forget", "keep", "clean", "unplug"]


def test_from_a_holder_that_is_shut_off_it_goes_before_the_link_comes_up() -> None:
    steps = plan(Seat(True, True, None, None), (Seat(False, True, None, "up"),))
    assert [s.action for s in steps] == ["plug", "guest", "probe", "forget", "up", "announce", "keep"]


def test_a_link_that_is_declared_down_is_not_brought_up() -> None:
    now = (Seat(True, True, None, None), (Seat(True, True, "up", "up"),))
    for step in plan(*now, "down"):
        assert step.action not in ("up", "keep", "announce", "probe")
        now = done(step, *now)
    assert ended(*now, "down")
