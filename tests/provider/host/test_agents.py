"""A guest whose agent hangs is asked once in a run by all who read, and all guests are asked at the same time."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from provider.guest.agent import Agent
from provider.guest.resource import GuestFiles
from provider.guest.tools import Tools
from provider.host.agents import Agents
from tests.provider.fakes.domain_world import FLOAT1, Plug, Vm
from tests.provider.nic.place import TOLD, Place

HANGS = 5.0  # seconds for which libvirt waits for the handshake of an agent that hangs


class Hanging(Place):
    """Guests that answered until they were set up; then their agents hang."""

    def __init__(self) -> None:
        super().__init__()
        self.pings: list[str] = []
        self.services = GuestFiles(Tools(self.conn.clock, self._send))
        self.interfaces._tools = Tools(self.conn.clock, self._send, self._ask)

    def _send(self, domain: Any, text: str, seconds: int) -> str:
        if json.loads(text)["execute"] == "guest-ping":
            self.pings.append(domain.name())
            if domain.name() in self.guests.silent:
                self.conn.clock.sleep(HANGS)
        return self.guests.send(domain, text, seconds)

    def read_files(self, vm: Vm, *, preview: bool = False) -> list[Any]:
        """What a refresh, or then the preview, of services in this guest tells."""
        call = self.call(self.services, "Services")
        inputs = {"domain": vm.id, "files": {"/etc/x": {"content": "x"}}}
        if preview:
            self.services.update(call, f"{vm.id}/Services", inputs, inputs, {**inputs, "apply": "true"}, True)
        else:
            self.services.read(call, f"{vm.id}/Services", inputs, inputs)
        return [str(note) for note in call.notes]

    def read_nic(self, plug: Plug) -> list[str]:
        plug.call.notes.clear()
        self.interfaces.read(plug.call, plug.id, plug.inputs, plug.outputs)
        return [str(note) for note in plug.call.notes]


@pytest.fixture
def place() -> Hanging:
    return Hanging()


def test_a_guest_that_hangs_is_asked_once_by_all_who_read_and_each_says_so(place: Hanging) -> None:
    vm = place.made()
    plug = place.plugged(vm, **TOLD)
    place.guests.silent.add("Acilamwen")
    place.pings.clear()

    told = [*place.read_nic(plug), *place.read_files(vm), *place.read_files(vm, preview=True)]

    assert place.pings == ["Acilamwen"]
    assert [line for line in told if "its agent does not answer" in line] == [
        f"guest Acilamwen: its agent does not answer; whether NIC {FLOAT1} is set up in it was not looked at",
        "guest Acilamwen: its agent does not answer; what is in it was not compared",
        "guest Acilamwen: its agent does not answer; it is waited for by up",
    ]


def test_two_who_ask_a_guest_at_the_same_time_wait_for_one_answer(place: Hanging) -> None:
    vm = place.made()
    place.guests.silent.add("Acilamwen")
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: place.read_files(vm), range(4)))
    assert place.pings == ["Acilamwen"]


def test_a_change_asks_by_itself_whatever_was_found_before(place: Hanging) -> None:
    vm = place.made()
    plug = place.plugged(vm, **TOLD)
    place.guests.silent.add("Acilamwen")
    place.read_nic(plug)
    place.guests.silent.clear()
    place.pings.clear()

    plug.up(addresses=["129.215.175.101/24"])

    assert place.pings == ["Acilamwen"]
    assert place.guests.addresses["Acilamwen", plug.inputs["mac"]] == ["129.215.175.101/24"]


def test_who_is_off_or_refuses_at_once_is_asked_again_by_one_who_has_more_patience(place: Hanging) -> None:
    vm = place.made()
    place.guests.silent.add("Acilamwen")
    asked: list[str] = []

    def refused(domain: Any, text: str, seconds: int) -> str:
        asked.append(domain.name())
        if len(asked) < 3:
            return place.guests.send(domain, text, seconds)
        return json.dumps({"return": {}})

    agents, agent = Agents(), Agent(vm.fake, place.conn.clock, refused)
    assert not agents.answers(agent)
    assert agents.answers(agent, 4.0)
    assert len(asked) == 3


def test_guests_are_asked_at_the_same_time(place: Hanging) -> None:
    vms = [place.made("Acilamwen"), place.made("Siamond")]
    together = threading.Barrier(len(vms), timeout=20)

    def ask(domain: Any, text: str, seconds: int) -> str:
        together.wait()  # broken, and an error, unless all are under way
        return place.guests.send(domain, text, seconds)

    agents = Agents()
    with ThreadPoolExecutor(len(vms)) as threads:
        found = threads.map(lambda vm: agents.answers(Agent(vm.fake, place.conn.clock, ask)), vms)
        assert list(found) == [True, True]
