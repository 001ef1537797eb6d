"""What an audit tells: a finding, and the rule that finds one kind of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from cli.audit.world import World

Level = Literal["fault", "note"]


@dataclass(frozen=True)
class Finding:
    """``where`` is the VM, network, pool or file on the hypervisor ``stack``; ``mend`` the line that mends it.

    ``since``: in seconds since 1970, where it is known.  ``floats`` are those that it is about.
    """

    stack: str
    where: str
    what: str
    mend: str
    since: float | None = None
    floats: tuple[str, ...] = ()
    kind: str = ""
    level: Level = "fault"


@dataclass(frozen=True)
class Rule:
    """``about`` and ``mends`` are what docs/audit.md says of it.

    ``yields_to``: kinds that tell the cause of this one; where one of those is found of the same VM and the same
    float (if this one is about any), this one is not told beside it.  A note is worth knowing and no fault.
    """

    find: Callable[[World], Iterator[Finding]]
    about: str
    mends: str
    yields_to: tuple[str, ...] = ()
    level: Level = "fault"

    @property
    def kind(self) -> str:
        """The name by which programs know it: that of the function that finds it, with hyphens."""
        return self.find.__name__.replace("_", "-")
