"""What an agent may not do is known before it is asked, and said by name with where to allow it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provider.errors import OperatorError
from provider.guest import setup as guest_setup
from provider.guest.agent import Agent, GuestNic
from provider.guest.allowed import EXEC, HOW, INTERFACES, AgentError, Blocked, Frozen
from tests.provider.fakes.domain_world import FLOAT1
from tests.provider.fakes.guest import Guests
from tests.provider.guest.place import Place
from tests.provider.nic.place import ADDRESS
from tests.provider.nic.place import Place as NicPlace


class Told(Guests):
    """Notes what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def send(self, domain: Any, text: str, seconds: int) -> str:
        self.asked.append(json.loads(text)["execute"])
        return super().send(domain, text, seconds)


@pytest.fixture
def guests() -> Told:
    return Told()


@pytest.fixture
def agent(guests: Told) -> Agent:
    place = NicPlace()
    vm = place.made()
    vm.attach_by_hand(FLOAT1)
    guests.addresses["Acilamwen", FLOAT1] = [ADDRESS]
    return Agent(vm.fake, place.conn.clock, guests.send)


def block(guests: Guests, *commands: str) -> None:
    guests.blocked["Acilamwen"] = set(commands)


def test_it_is_asked_once_what_it_does_and_before_anything_that_may_be_blocked(
    agent: Agent, guests: Told
) -> None:
    assert agent.answers()
    assert guests.asked == ["guest-ping"]
    agent.run(guest_setup.LOOK)
    agent.interfaces()
    assert guests.asked[1:3] == ["guest-info", "guest-exec"]
    assert guests.asked.count("guest-info") == 1


@pytest.mark.parametrize("blocked", [EXEC, EXEC[:1], EXEC[1:]], ids=str)
def test_what_is_blocked_is_named_with_where_to_allow_it_and_is_not_sent(
    agent: Agent, guests: Told, blocked: tuple[str, ...]
) -> None:
    """A program whose end can't be asked for is not started."""
    block(guests, *blocked)
    with pytest.raises(Blocked) as caught:
        agent.run(guest_setup.LOOK)
    assert caught.value.commands == blocked
    assert str(caught.value) == f"guest Acilamwen: its agent has {' and '.join(blocked)} blocked: {HOW}"
    assert "/etc/sysconfig/qemu-ga" in HOW
    assert "/etc/qemu/qemu-ga.conf" in HOW
    assert not set(guests.asked) & set(EXEC)


def test_addresses_are_read_and_waited_for_though_no_program_may_be_run(agent: Agent, guests: Told) -> None:
    block(guests, *EXEC)
    assert agent.nic(FLOAT1) == GuestNic("ens4", (ADDRESS,))
    assert guest_setup.has_addresses(agent, FLOAT1, [ADDRESS])
    assert guest_setup.wait_seen(agent, FLOAT1, agent.clock, 1.0) == GuestNic("ens4", (ADDRESS,))
    assert not set(guests.asked) & set(EXEC)


def test_of_two_with_one_mac_none_is_guessed(agent: Agent, guests: Told) -> None:
    block(guests, *EXEC)
    guests.beside["Acilamwen", FLOAT1] = ["bond0"]
    with pytest.raises(Blocked, match="guest-exec and guest-exec-status blocked"):
        agent.nic(FLOAT1)


def test_addresses_that_may_not_be_asked_for_are_named_too(agent: Agent, guests: Told) -> None:
    block(guests, *INTERFACES)
    with pytest.raises(Blocked, match="its agent has guest-network-get-interfaces blocked"):
        agent.nic(FLOAT1)
    assert agent.run(guest_setup.LOOK) == "network-scripts"


def test_a_frozen_guest_is_not_told_to_allow_anything_and_is_asked_again_once_thawed(
    agent: Agent, guests: Told
) -> None:
    """qemu-ga has the same answers for both: all but the freeze's own commands are disabled."""
    guests.frozen.add("Acilamwen")
    with pytest.raises(Frozen, match="its file systems are frozen, as for a backup") as caught:
        agent.run(guest_setup.LOOK)
    assert HOW not in str(caught.value)
    guests.frozen.clear()
    assert agent.run(guest_setup.LOOK) == "network-scripts"


def test_one_that_does_not_say_what_it_does_is_tried(agent: Agent, guests: Told) -> None:
    guests.vague.add("Acilamwen")
    assert agent.run(guest_setup.LOOK) == "network-scripts"
    block(guests, *EXEC)
    with pytest.raises(Blocked, match="its agent has guest-exec blocked"):
        agent.run(guest_setup.LOOK)


def test_one_that_may_not_be_greeted_has_answered_all_the_same(agent: Agent, guests: Told) -> None:
    block(guests, "guest-ping")
    assert agent.answers()
    guests.silent.add("Acilamwen")
    assert not agent.answers()


def test_a_silent_one_is_not_taken_for_one_that_does_all(agent: Agent, guests: Told) -> None:
    guests.silent.add("Acilamwen")
    with pytest.raises(AgentError, match="not responding"):
        agent.does()


class TestFiles:
    """Files and services are brought by programs alone."""

    @pytest.fixture(autouse=True)
    def _blocks(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        self.off: set[str] = set()
        self.status = "thawed"
        plain = place.guests.send

        def send(domain: Any, text: str, seconds: int) -> str:
            if json.loads(text)["execute"] == "guest-info":
                listed = [{"name": name, "enabled": name not in self.off} for name in EXEC]
                return json.dumps({"return": {"supported_commands": listed}})
            if json.loads(text)["execute"] == "guest-fsfreeze-status":
                return json.dumps({"return": self.status})
            return plain(domain, text, seconds)

        monkeypatch.setattr(place.handler, "_tools", type(place.handler._tools)(place.conn.clock, send))

    @pytest.mark.parametrize("preview", [True, False])
    def test_they_are_refused_at_preview_already(self, place: Place, preview: bool) -> None:
        self.off = set(EXEC)
        call = place.call(place.handler, "x")
        with pytest.raises(OperatorError, match="guest-exec and guest-exec-status blocked"):
            place.handler.create(call, place.inputs(), preview)

    def test_those_that_are_there_are_kept_and_told_at_a_refresh_and_left_by_a_removal(
        self, place: Place
    ) -> None:
        made = place.brought()
        self.off = set(EXEC)
        found = place.handler.read(made.call, made.id, made.inputs, made.outputs)
        assert found is not None
        assert found.inputs == made.inputs
        (line,) = made.notes()
        assert line.endswith("what is in it was not compared")
        place.handler.delete(made.call, made.id, made.outputs)
        assert made.notes() == [
            "guest Acilamwen: its agent has guest-exec and guest-exec-status blocked: what is in it stays"
        ]

    def test_of_a_frozen_guest_nothing_is_taken_for_left(self, place: Place) -> None:
        made = place.brought()
        self.off, self.status = set(EXEC), "frozen"
        with pytest.raises(Frozen):
            place.handler.delete(made.call, made.id, made.outputs)
