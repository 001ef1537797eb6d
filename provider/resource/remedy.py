"""Commands that mend what a host lacks, as they can be typed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection
from typing import Final

from provider.connection.states import NO_SPACE, State

_PLAIN: Final = re.compile(r"[\w@%+=:,./-]+")


def virsh(uri: str, *commands: str) -> str:
    """One line for a shell, whatever names are in it; each command as virsh itself reads it (see `word`)."""
    one = commands[0] if len(commands) == 1 and "'" not in commands[0] else shlex.quote("; ".join(commands))
    quoted = shlex.quote(uri) if "'" in uri else f"'{uri}'"
    return f"virsh -c {quoted} {one}"


def word(text: str) -> str:
    """A name or a path in one of virsh's commands."""
    return text if _PLAIN.fullmatch(text) else '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def goes_on(uri: str, name: str, state: State) -> str:
    """What has a guest that is halted go on, in words where none is typed; no run of ours does it."""
    first = ""
    if state.disks:
        full = any(how == NO_SPACE for _, how in state.disks)
        first = "make room for its disks first, then " if full else "see to its disks first, then "
    if state.word == "crashed":
        return "it has to be stopped hard and started again"
    if state.word == "pmsuspended":
        return "it sleeps, as its own system has it, and is to be woken up"
    return f"{first}{virsh(uri, f'resume {word(name)}')}"


def memory_dropped(uri: str, name: str) -> str:
    """Of a domain that is saved: what it had in memory is gone, and it starts as it is defined."""
    return virsh(uri, f"managedsave-remove {word(name)}")


def pool_made(uri: str, name: str, folder: str) -> str:
    """A pool over a folder of the host, which is made where it is not there; it is still there after a reboot."""
    pool = word(name)
    define = f"pool-define-as {pool} dir --target {word(folder)}"
    return virsh(uri, define, f"pool-build {pool}", f"pool-start {pool}", f"pool-autostart {pool}")


def free_name(wanted: str, taken: Collection[str]) -> str:
    """``base``, or ``base2`` and so on where there is such a pool already."""
    names = (wanted if number == 1 else f"{wanted}{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)
