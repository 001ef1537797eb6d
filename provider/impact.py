"""What a change does to what is running: the words for it.

``live`` and ``next boot`` (staged in the persistent definition) are done without asking.  The others are harm, and are
refused unless the operator allows them (`provider.allow`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Harm = Literal["restart", "network outage", "data loss"]
Impact = Literal["live", "next boot"] | Harm


@dataclass(frozen=True)
class Note:
    """What one change does.  ``path``: the property, in Pulumi's notation; ``text``: object and change, one line."""

    impact: Impact
    path: str
    text: str

    def __str__(self) -> str:
        """As it is sent to the engine, which reads it again."""
        where = f"{self.path}: " if self.path else ""
        return " ".join(f"impact {self.impact}: {where}{self.text}".split())


@dataclass(frozen=True)
class Entry:
    """How a change to a property is made (libvirt calls, or why it never is), and its impact.

    ``otherwise``: the impact where the first one can't be had; ``how`` says when that is.
    """

    impact: Impact
    how: str
    otherwise: Impact | None = None
