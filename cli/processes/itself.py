"""`./trop` as another process: the line that starts it, its environment, and what it said when it has ended."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from cli import ROOT


def line(words: Sequence[str]) -> list[str]:
    return [sys.executable, "-P", "-m", "cli", *words]


def environment(base: Mapping[str, str] | None = None, /, **more: str) -> dict[str, str]:
    """``base``, else this process's own, with what Python needs to find the program, and ``more``."""
    return {**(os.environ if base is None else base), "PYTHONPATH": str(ROOT), **more}


def ended(
    words: Sequence[str], env: Mapping[str, str] | None = None, *, stdin: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs it to its end; what it wrote is kept."""
    return subprocess.run(
        line(words), env=env or environment(), stdin=stdin, capture_output=True, text=True, check=False
    )
