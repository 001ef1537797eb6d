"""What is wrong with the declarations, a line each, all at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One breach: the file, the path in it (``hypervisors.trop02.slots.Ulov``), why, and what is allowed."""

    file: str
    path: str
    why: str
    allowed: str

    def __str__(self) -> str:
        line = " ".join(f"{self.file}: {self.path}: {self.why}; allowed: {self.allowed}".split())
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


class ConfigError(Exception):
    """The declarations are refused; ``str()`` has one line a problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__("\n".join(str(p) for p in self.problems))
