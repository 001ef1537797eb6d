"""How a command ended that a test has run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Done:
    """``text`` is all that it said."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    @property
    def end(self) -> str:
        """The last of it: what a demo or an `up` says of each resource is cut away where a report is short."""
        return self.text[-4000:]
