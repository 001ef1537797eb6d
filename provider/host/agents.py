"""Which guests' agents are silent: asked once in a run by all who only want to read, however many these are.

An agent that hangs takes libvirt 5 s to be told so (its handshake's time, whatever a command is given).  Who has to
have an agent, for a change, asks by itself, and waits.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Protocol

from provider.host.clock import Clock


class Agent(Protocol):
    """One guest's agent, of its name."""

    @property
    def guest(self) -> str: ...
    @property
    def clock(self) -> Clock: ...
    def answers(self, seconds: float = 0.0) -> bool: ...
    def can_answer(self) -> bool: ...


class Agents:
    """Safe between threads; guests are asked at the same time, and one by whoever comes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._silent: dict[str, float] = {}  # seconds for which a guest that runs did not answer, by name

    def answers(self, agent: Agent, seconds: float = 0.0) -> bool:
        """As `Agent.answers`; one that has been silent for so long in this run is not asked again."""
        with self._lock:
            turn = self._turns[agent.guest]
        with turn:
            if self._silent.get(agent.guest, -1.0) >= seconds:
                return False
            began = agent.clock.monotonic()
            if agent.answers(seconds):
                return True
            if agent.can_answer():
                self._silent[agent.guest] = agent.clock.monotonic() - began
            return False
