"""What a stack's state has, as its engine tells it."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from cli.adopt import state
from cli.processes import itself


def exported(stack: str, engine: str, *, lab: bool) -> tuple[dict[str, Any], str]:
    """The state as `stack export` writes it; nothing where it can't be read, and then why, in one line."""
    words = ["stack", stack, "export", "--engine", engine, *(["--lab"] if lab else [])]
    done = itself.ended(words, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        said = next((line for line in done.stderr.splitlines() if line.strip()), "no reason given")
        return {}, said.removeprefix("error: ")
    return json.loads(done.stdout), ""


def known(stack: str, engine: str, *, lab: bool) -> tuple[state.Known, str]:
    """What the state has of the stack's resources."""
    found, why = exported(stack, engine, lab=lab)
    return state.known(found), why
