"""A move in which one call fails: who answers then, what the error says, and that the next run goes on from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provider.errors import OperatorError
from provider.guest.tools import Tools
from tests.provider.fakes.basics import error
from tests.provider.fakes.domain_world import FLOAT1, Vm
from tests.provider.nic.place import ADDRESS, FILE, TOLD, Place, two
from tests.provider.nic.seen import CHANGING, links


def fail(place: Place, vms: list[Vm], number: int, names: tuple[str, ...] = CHANGING) -> list[str]:
    """Have the call with this number fail, once; the calls that were made, by whom.  Agents are asked as ``send``."""
    made: list[str] = []

    def failing(name: str, real: Callable[..., Any], who: Callable[..., str]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            made.append(f"{who(*args)}.{name}")
            if len(made) - 1 == number:
                raise error(38, "Cannot recv data: Connection reset by peer")
            return real(*args)

        return call

    for vm in vms:
        holder = vm.fake.name()
        for name in names:
            real = getattr(vm.fake, name)
            setattr(vm.fake, name, failing(name, real, lambda *_, holder=holder: holder))
    if names == CHANGING:
        send = failing("send", place.guests.send, lambda domain, *_: str(domain.name()))
        place.interfaces._tools = Tools(place.conn.clock, send, place._ask)
    return made


def answering(place: Place, *vms: Vm) -> list[str]:
    """The running guests whose link is up and that are set up inside."""
    names = [vm.fake.name() for vm in vms if links(vm)[:1] == ["up"]]
    return [
        n
        for n in names
        if FILE.path in place.guests.files[n] and place.guests.addresses[n, FLOAT1] == [ADDRESS]
    ]


def test_whichever_call_fails_one_guest_answers_and_the_next_up_goes_on_from_there() -> None:
    for number in range(80):
        place = Place()
        old, new, plug = two(place)
        made = fail(place, [old, new], number)
        said = ""
        try:
            plug.up(domain=new.id)
        except OperatorError as caught:
            said = str(caught)
        if len(made) <= number:
            assert number > 20
            break
        assert len(answering(place, old, new)) == 1, f"{made[number]}: {said}"
        assert not said or said.endswith("; run this again"), f"{made[number]}: {said}"
        place.answers = [[FLOAT1], [FLOAT1]] if answering(place, old) else [[], []]
        plug.up(domain=new.id)
        if not said and place.files(old):
            assert any("the agent of guest Acilamwen does not answer" in n.text for n in plug.call.notes)
            place.files(old).clear()
        place.one_answer(new, old)
        assert plug.drift().changes == {}
    else:
        pytest.fail("a move takes more calls than were tried")


@pytest.mark.parametrize(
    ("who", "number", "said"),
    [
        (
            "old",
            0,
            "Acilamwen: the link of NIC .* is not switched: .* its link is up again at Acilamwen",
        ),
        ("new", 0, "Siamond: the link of NIC .* is not switched: .* its link is up again at Acilamwen"),
        ("new", 1, "Siamond: the link of NIC .*; Siamond has NIC .*, its link is up; run this again"),
    ],
)
def test_the_error_of_a_switch_says_who_has_the_nic(place: Place, who: str, number: int, said: str) -> None:
    """The calls of the switch: down at the old holder, up at the new, up in the new one's definition."""
    old, new, plug = two(place)
    fail(place, [old if who == "old" else new], number, ("updateDeviceFlags",))
    with pytest.raises(OperatorError, match=said):
        plug.up(domain=new.id)
    assert len(answering(place, old, new)) == 1


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("old", "Acilamwen: libvirt took it, but the link of NIC .* is still up; .* again at Acilamwen"),
        ("new", "Siamond: the link of NIC .* does not come up; .* its link is up again at Acilamwen"),
    ],
)
def test_a_link_that_libvirt_says_it_switched_and_has_not_is_an_error(
    place: Place, who: str, said: str
) -> None:
    old, new, plug = two(place)
    fake = (old if who == "old" else new).fake
    real, fake.updateDeviceFlags = fake.updateDeviceFlags, lambda *_: 0  # type: ignore[method-assign]
    with pytest.raises(OperatorError, match=said):
        plug.up(domain=new.id)
    place.one_answer(old, new)
    fake.updateDeviceFlags = real  # type: ignore[method-assign]
    plug.up(domain=new.id)
    place.one_answer(new, old)


def test_a_new_holder_that_loses_the_address_as_the_link_goes_up_gives_it_back(place: Place) -> None:
    old, new, plug = two(place)

    def lost(domain: Any, *_: Any) -> None:
        place.guests.addresses[domain.name(), FLOAT1] = []

    place.guests._do_announce = lost  # type: ignore[method-assign]
    with pytest.raises(
        OperatorError, match=f"guest Siamond has NIC {FLOAT1}, but not .*up again at Acilamwen"
    ):
        plug.up(domain=new.id)
    place.one_answer(old, new)


def test_it_is_asked_for_and_announced_by_the_new_holder_between_the_right_steps(place: Place) -> None:
    old, new, plug = two(place)
    seen: list[tuple[str, list[str], list[str]]] = []
    place.asked = Noting(lambda: seen.append(("asked", links(old)[:1], links(new)[:1])))
    place.guests._do_announce = (  # type: ignore[method-assign]
        lambda *_: seen.append(("announced", links(old)[:1], links(new)[:1]))
    )
    plug.up(domain=new.id)
    assert seen == [("asked", ["up"], ["down"]), ("announced", ["down"], ["up"])]


class Noting(list[Any]):
    def __init__(self, tell: Callable[[], object]) -> None:
        super().__init__()
        self._tell = tell

    def append(self, item: Any) -> None:
        self._tell()


def test_a_holder_that_is_shut_off_gets_it_for_its_boot_and_gives_it_back(place: Place) -> None:
    old, new = place.made(), place.made("Siamond", running=False)
    plug = place.plugged(old, **TOLD)
    place.answers = [[FLOAT1], [FLOAT1]]
    plug.up(domain=new.id)
    assert (links(old), links(new)) == ([], ["up"])
    assert plug.drift().changes == {}
    place.answers = [[], []]
    plug.up(domain=old.id)
    assert links(old) == ["up", "up"]
    assert links(new) == []
    assert plug.drift().changes == {}
