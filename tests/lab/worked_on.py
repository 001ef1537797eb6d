"""A network that is changed under a running guest, as an engine would hold it; and what the guest feels of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Thread
from typing import Any

import pytest

from lab.hypervisor import Lab
from provider.host.host import Host
from provider.network.resource import Network
from provider.resource.base import Call, Props
from tests.lab.lab_guest import Guest, guest, nic, page, wait_for

MAC, ADDRESS, NAME = "52:54:00:aa:00:2a", "10.9.7.5", "plugged"
DECLARED: Props = {
    "name": "worked-on",
    "mode": "nat",
    "bridge": "virbr8",
    "addresses": ["10.9.7.0/24"],
    "stp": False,
    "delay": 0,
    "autostart": False,
    "natPorts": {"start": 1024, "end": 65535},
    "dhcpRanges": [{"start": "10.9.7.2", "end": "10.9.7.9"}],
    "dhcpHosts": [{"mac": MAC, "ip": ADDRESS, "name": NAME}],
}


@dataclass
class Stack:
    """The network as an engine would hold it."""

    host: Host
    id: str = ""
    inputs: Props = field(default_factory=dict)
    outputs: Props = field(default_factory=dict)

    def call(self) -> Call:
        return Call(self.host, "urn:pulumi:t::t::libvirt:index/network:Network::worked-on")

    def make(self) -> None:
        self.inputs = DECLARED
        self.id, self.outputs = Network().create(self.call(), DECLARED, False)

    def up(self, **changes: Any) -> list[str]:
        """Changes it, and says what an operator would read."""
        call, news = self.call(), {**self.inputs, **changes}
        self.outputs = Network().update(call, self.id, self.outputs, self.inputs, news, False)
        self.inputs = news
        return [str(note) for note in call.notes]

    def drift(self) -> dict[str, str]:
        found = Network().read(self.call(), self.id, self.inputs, self.outputs)
        assert found is not None
        self.outputs = found.outputs
        return dict(Network().diff(self.call(), self.id, found.outputs, found.inputs, self.inputs).changes)


@pytest.fixture(scope="module")
def stack(lab: Lab) -> Iterator[Stack]:
    made = Stack(Host(lab.uri))
    made.make()
    yield made
    Network().delete(made.call(), made.id, made.outputs)


@pytest.fixture(scope="module")
def plugged(lab: Lab, stack: Stack) -> Iterator[Guest]:
    with guest(lab, NAME, nic(MAC, "worked-on")) as made:
        wait_for(lambda: page(lab, ADDRESS, campus=False)[:1] == [f"I am {NAME}"])
        yield made


@contextmanager
def pings(lab: Lab, seconds: int) -> Iterator[list[float]]:
    """Pings the guest from its gateway every 20 ms; the moments of the answers, once the context has ended."""
    answers: list[float] = []
    command = ["ping", "-n", "-D", "-i", "0.02", "-w", str(seconds), ADDRESS]

    def work() -> None:
        text = str(lab.run(command, capture_output=True).stdout)
        answers.extend(float(moment) for moment in re.findall(r"^\[([\d.]+)\] .* bytes from", text, re.M))

    thread = Thread(target=work)
    thread.start()
    yield answers
    thread.join()


def longest(answers: list[float]) -> float:
    return max(late - early for early, late in pairwise(answers))


def carrier_changes(plugged: Guest) -> str:
    return plugged.agent("/bin/sh", "-c", "cat /sys/class/net/e*/carrier_changes")
