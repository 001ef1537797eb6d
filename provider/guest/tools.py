"""What effects in a guest and on the network need of the world, so that tests can stand in for it."""

from __future__ import annotations

from dataclasses import dataclass

from provider.connection import api
from provider.guest.agent import Agent, Command, command
from provider.host import arp_probe
from provider.host.clock import Clock


@dataclass(frozen=True)
class Tools:
    """The clock, an agent's command, and asking a network who has an address."""

    clock: Clock
    send: Command = command
    ask: arp_probe.Ask = arp_probe.ask

    def agent(self, domain: api.Domain) -> Agent:
        return Agent(domain, self.clock, self.send)
