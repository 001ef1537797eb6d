"""A NIC that is set up inside its guest, and moved with what the guest knows of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from provider.errors import OperatorError, Refused
from provider.guest.config import Setup, file_for
from provider.guest.tools import Tools
from provider.nic.resource import Interface
from tests.provider.fakes.domain_world import FLOAT1, FLOAT2, RESERVED, Plug, Vm, World
from tests.provider.fakes.guest import Guests
from tests.provider.nic.test_resource import links

ADDRESS = "129.215.175.100/24"
TOLD: dict[str, Any] = {
    "guest": "agent",
    "addresses": [ADDRESS],
    "gateway": "129.215.175.126",
    "metric": 50,
}
FILE = file_for("ifcfg", Setup(FLOAT1, (ADDRESS,), "129.215.175.126", 50))
OTHERS = "52:54:00:99:99:99"


class Place(World):
    """The world with agents, and with somebody to ask who answers at an address."""

    def __init__(self) -> None:
        super().__init__()
        self.guests = Guests()
        self.asked: list[tuple[str, str]] = []
        self.answers: list[list[str]] | None = [[], []]
        self.interfaces = Interface(tools=Tools(self.conn.clock, self.guests.send, self._ask))
        for network in self.conn.networks.values():
            network.XMLDesc = lambda flags=0: "<network><bridge name='br0'/></network>"

    def _ask(self, uri: str, bridge: str, address: str) -> list[list[str]] | None:
        self.asked.append((bridge, address))
        return self.answers

    def files(self, vm: Vm) -> dict[str, str]:
        return self.guests.files.get(vm.fake.name(), {})

    def one_answer(self, vm: Vm, other: Vm) -> None:
        """One NIC, its link up, set up inside; nothing of it anywhere else, persistent or in a guest."""
        assert links(vm) == ["up", "up"]
        assert self.guests.addresses["Siamond" if vm.fake.name() == "Siamond" else "Acilamwen", FLOAT1] == [
            ADDRESS
        ]
        assert self.files(vm) == {FILE.path: FILE.content}
        assert links(other) == []
        assert self.files(other) == {}


@pytest.fixture
def place() -> Place:
    return Place()


def two(place: Place) -> tuple[Vm, Vm, Plug]:
    old, new = place.made(), place.made("Siamond")
    plug = place.plugged(old, **TOLD)
    place.answers = [[FLOAT1], [FLOAT1]]  # the old holder's own
    place.guests.scripts.clear()
    place.guests.quiet.clear()
    return old, new, plug


def test_a_new_nic_is_set_up_inside_before_its_link_goes_up(place: Place) -> None:
    vm = place.made()
    plug = place.plugged(vm, **TOLD)
    assert links(vm) == ["up", "up"]
    assert place.files(vm) == {FILE.path: FILE.content}
    assert place.guests.addresses["Acilamwen", FLOAT1] == [ADDRESS]
    inside = ["look", "quiet", "write", "settle", "apply", "announce", "gateway"]
    assert [name for _, name in place.guests.scripts] == inside
    assert place.asked == [("br0", "129.215.175.100")]
    assert plug.outputs["inGuest"] is True
    assert plug.drift().changes == {}


@pytest.mark.parametrize("said", ["answers", "unknown", "silent"])
def test_a_gateway_that_does_not_answer_the_guest_is_told_and_refuses_nothing(
    place: Place, said: str
) -> None:
    place.guests.gateway = said
    plug = place.plugged(place.made(), **TOLD)
    first = [str(note) for note in plug.call.notes]
    plug.call.notes.clear()
    plug.up(metric=51)

    line = (
        f"the gateway 129.215.175.126 of NIC {FLOAT1} does not answer (asked: guest Acilamwen); the NIC is set up all "
        "the same"
    )
    for told in (first, [str(note) for note in plug.call.notes]):
        assert (line in told) == (said == "silent"), told
    assert plug.outputs["inGuest"] is True


def test_a_gateway_that_nobody_could_ask_for_is_not_told(place: Place) -> None:
    place.guests.failing["gateway"] = "sh: not found"
    plug = place.plugged(place.made(), **TOLD)
    assert not [note for note in plug.call.notes if "gateway" in str(note)]
    assert plug.outputs["inGuest"] is True


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


def test_a_guest_that_was_shut_off_is_set_up_once_it_runs(place: Place) -> None:
    vm = place.made(running=False)
    plug = place.plugged(vm, **TOLD)
    assert (links(vm), plug.outputs["inGuest"]) == (["up"], False)
    assert plug.drift().changes == {}
    vm.fake.create()
    assert plug.drift().changes == {"extra": "update"}
    assert plug.outputs["extra"] == [f"{FLOAT1} is not set up inside the guest"]
    plug.up()
    assert place.files(vm) == {FILE.path: FILE.content}
    assert plug.drift().changes == {}


def test_a_guest_that_was_made_anew_is_set_up_again(place: Place) -> None:
    vm = place.made()
    plug = place.plugged(vm, **TOLD)
    place.guests.files.clear()
    assert plug.drift().changes == {"extra": "update"}
    plug.up()
    assert place.files(vm) == {FILE.path: FILE.content}
    place.guests.silent.add("Acilamwen")
    place.guests.files.clear()
    assert plug.drift().changes == {}  # not to be told: no drift


def test_another_address_is_written_and_set_without_touching_the_nic(place: Place) -> None:
    vm = place.made()
    plug = place.plugged(vm, **TOLD)
    plug.up(addresses=["129.215.175.101/24"])
    assert place.guests.addresses["Acilamwen", FLOAT1] == ["129.215.175.101/24"]
    assert "IPADDR=129.215.175.101" in place.files(vm)[FILE.path]
    assert place.conn.calls == []


def test_a_delete_takes_the_file_away_and_does_not_wait_for_an_agent(place: Place) -> None:
    vm = place.made()
    plug = place.plugged(vm, **TOLD)
    plug.delete()
    assert (links(vm), place.files(vm)) == ([], {})


def test_none_gives_the_file_to_install(place: Place) -> None:
    vm = place.made()
    plug = place.plugged(vm, **TOLD | {"guest": "none"})
    assert plug.outputs["guestFile"] == {"path": FILE.path, "content": FILE.content}
    assert place.files(vm) == {}


def test_cloud_init_is_waited_for_before_the_links_are_switched(place: Place) -> None:
    old, new = place.made(), place.made("Siamond")
    place.guests.addresses = {(name, FLOAT1): [ADDRESS] for name in ("Acilamwen", "Siamond")}
    plug = place.plugged(old, **TOLD | {"guest": "cloud-init"})
    place.answers = [[FLOAT1], [FLOAT1]]
    del place.guests.addresses["Siamond", FLOAT1]
    with pytest.raises(OperatorError, match=f"guest Siamond has NIC {FLOAT1}, but not {ADDRESS}"):
        plug.up(domain=new.id)
    assert (links(old), links(new)) == (["up", "up"], [])
    place.guests.addresses["Siamond", FLOAT1] = [ADDRESS]
    plug.up(domain=new.id)
    assert (links(old), links(new)) == ([], ["up", "up"])


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
    for after in range(30):
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
    left = [after]

    def cut(real: Any) -> Any:
        def call(*args: Any) -> Any:
            left[0] -= 1
            if left[0] == -1:
                raise Killed
            return real(*args)

        return call

    for vm in vms:
        for name in ("attachDeviceFlags", "updateDeviceFlags", "detachDeviceFlags"):
            setattr(vm.fake, name, cut(getattr(vm.fake, name)))
    place.interfaces._tools = Tools(place.conn.clock, cut(place.guests.send), place._ask)


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


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ({"guest": "ssh"}, "guest"),
        ({"guest": "agent"}, "addresses"),
        ({"addresses": ["129.215.175.100"]}, "addresses[0]"),
        ({"addresses": [ADDRESS, "x/24"]}, "addresses[1]"),
        ({"addresses": [ADDRESS], "gateway": "10.0.0.1"}, "gateway"),
        ({"addresses": [ADDRESS], "gateway": "nowhere"}, "gateway"),
        ({"addresses": [ADDRESS], "metric": 5}, "metric"),
    ],
)
def test_a_wrong_value_is_a_check_failure_at_its_path(
    place: Place, inputs: dict[str, Any], path: str
) -> None:
    news = {"domain": str(UUID(int=1)), "network": "bridged", "mac": FLOAT1} | inputs
    checked = place.interfaces.check(place.call(place.interfaces, "x"), {}, news)
    assert [f.path for f in checked.failures] == [path]
