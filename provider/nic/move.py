"""Which steps bring a NIC from where it is to the domain that shall have it, make before break.  Pure.

A plan is made of what the domains have now, and of nothing else: cut off after any of its steps, it is made anew
from there, and ends the same.  At no moment are two links with the MAC up.  The link that counts of a domain is that
of its running guest, or what it would start with when it is shut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from provider.nic.nic import Link

Action = Literal[
    "plug",  # plug it in with its link down, wherever it is missing; what guest and definition have too often goes
    "guest",  # wait until the guest has it, and set it up inside
    "probe",  # ask whether somebody else answers
    "down",  # the link of the running guest
    "up",
    "announce",
    "forget",  # out of the persistent definition
    "keep",  # the link in the persistent definition up
    "clean",  # the guest's own file for it away
    "unplug",  # out of the running guest, and wait until it is
]
TARGET = -1
# From the first of these on the NIC is switched over; what goes wrong before leaves everything as it was.
SWITCHES = ("down", "forget", "up", "keep")


@dataclass(frozen=True)
class Seat:
    """What one domain has of the NIC: the link of each side, None where it is not plugged in (or there is no side)."""

    running: bool
    persistent: bool
    live: Link | None
    config: Link | None

    @property
    def link(self) -> Link | None:
        """The link that counts."""
        return self.live if self.running else self.config

    @property
    def complete(self) -> bool:
        return (self.live is not None or not self.running) and (
            self.config is not None or not self.persistent
        )

    def stands(self, link: Link) -> bool:
        """Plugged in wherever it can be, everywhere with this link; a move that was cut off leaves the definition's
        link down."""
        return self.complete and {self.live, self.config} <= {link, None}


@dataclass(frozen=True)
class Step:
    """``seat``: the index of a source, or `TARGET`."""

    action: Action
    seat: int = TARGET


def plan(target: Seat, sources: Sequence[Seat], wanted: Link = "up") -> list[Step]:
    """The steps, in order; ``wanted`` is the link that the NIC shall have in the end."""
    steps = [] if target.complete else [Step("plug")]
    if target.running and (target.live != wanted or sources):
        steps.append(Step("guest"))
    rising = wanted == "up" and target.link != "up"
    if rising and target.running:
        steps.append(Step("probe"))
    for index, source in enumerate(sources):
        steps += _let_go(index, source)
    if rising and target.running:
        steps.append(Step("up"))
    if wanted == "up" and target.running and (rising or sources):
        steps.append(Step("announce"))
    steps += [Step("forget", i) for i, s in enumerate(sources) if s.running and s.config is not None]
    if wanted == "up" and target.persistent and target.config != "up":
        steps.append(Step("keep"))
    for index, source in enumerate(sources):
        if source.running:
            steps.append(Step("clean", index))
            if source.live is not None:
                steps.append(Step("unplug", index))
    return steps


def _let_go(index: int, source: Seat) -> list[Step]:
    """What keeps a source from answering, by one call."""
    if source.running:
        return [Step("down", index)] if source.live == "up" else []
    return [Step("forget", index)] if source.config is not None else []
