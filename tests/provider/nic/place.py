"""NICs that are set up inside their guests, in memory: what is declared of one, its holders, what is seen of it."""

from __future__ import annotations

from typing import Any

from provider.guest.config import Setup, file_for
from provider.guest.tools import Tools
from provider.nic.resource import Interface
from tests.provider.fakes.domain_world import FLOAT1, Plug, Vm, World
from tests.provider.fakes.guest import Guests
from tests.provider.nic.seen import links

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


def two(place: Place) -> tuple[Vm, Vm, Plug]:
    old, new = place.made(), place.made("Siamond")
    plug = place.plugged(old, **TOLD)
    place.answers = [[FLOAT1], [FLOAT1]]  # the old holder's own
    place.guests.scripts.clear()
    place.guests.quiet.clear()
    return old, new, plug
