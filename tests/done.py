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
