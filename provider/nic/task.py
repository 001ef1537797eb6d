"""What a move of a NIC is given, what it works with, and what it has to tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from provider.connection import api
from provider.guest.config import Setup
from provider.nic.nic import Wanted

GuestWay = Literal["agent", "cloud-init", "none"]
AGENT_SECONDS: Final = 60.0  # for an agent to answer: the guest may be booting
FIRST_BOOT_SECONDS: Final = 600.0  # where this run has started it: it may install its agent as it boots


@dataclass(frozen=True)
class Task:
    """``bridge``: where the address is probed; ``seconds``: the resource's own time limit for each wait, 0: ours.

    ``agent_seconds``: for the target's agent to answer.  ``waits``: the running target has no place for it, and has
    it from its next start on: it is brought into the definition, as of one that is shut off.  ``written``: the sources'
    files for it are ours, and go with it; what somebody has put there by hand stays.
    """

    uri: str
    wanted: Wanted
    target: api.Domain
    sources: tuple[api.Domain, ...]
    guest: GuestWay | None = None
    setup: Setup | None = None
    bridge: str | None = None
    seconds: float = 0.0
    agent_seconds: float = AGENT_SECONDS
    waits: bool = False
    written: bool = False


@dataclass
class Outcome:
    """``parts``: seconds by step; ``held``: guests that hold on to it; ``left``: those in which our file stays.

    ``silent``: the gateway that the guest has asked, and that does not answer.
    """

    parts: dict[str, float] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    inside: bool = False
    probed: bool = False
    silent: str | None = None
