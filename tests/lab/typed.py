"""Lines as they are printed, typed at a terminal: what asks is answered with yes."""

from __future__ import annotations

import os
import pty
import subprocess
import time
from contextlib import suppress

from cli import ROOT
from tests.done import Done
from tests.lab.stage import Stage

PROMPT = "[yes/no"


def typed(made: Stage, line: str, patience: float = 240, **environment: str) -> Done:
    """The line's end, and all that it showed; a shell reads it, in the repository."""
    own, terminal = pty.openpty()
    path = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if not _has_pulumi(p))
    process = subprocess.Popen(
        ["/bin/sh", "-c", line], cwd=ROOT, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
        env=made.environment | {"TERM": "dumb", "PATH": path} | environment,
    )  # fmt: skip
    os.close(terminal)
    shown, end = "", time.monotonic() + patience
    with suppress(OSError):  # how a terminal ends whose last user has gone
        while block := os.read(own, 65536):
            asked = shown.count(PROMPT)
            shown += block.decode(errors="replace")
            if shown.count(PROMPT) > asked:
                os.write(own, b"yes\n")
            assert time.monotonic() < end, f"{line} has not ended after {patience:g} s:\n{shown}"
    os.close(own)
    return Done(process.wait(), shown, "")


def _has_pulumi(folder: str) -> bool:
    """The lab's state was made by the embedded engine, which is taken where there is no CLI."""
    return os.path.exists(os.path.join(folder, "pulumi"))


def well(made: Stage, line: str, **environment: str) -> str:
    done = typed(made, line, **environment)
    assert done.code == 0, f"{line} ended with {done.code}:\n{done.text}"
    return done.text
