"""The lock of a stack: a file that names its owner, as the CLI writes it.

A lock is taken over only when its owner is known to be gone.  This engine holds its file by flock(2) for as long as it
lives, and says where it runs (boot ID and PID namespace, which the CLI does not read): it is gone where the file is not
held on a disk of this machine alone, or where its process would be seen.  The CLI holds nothing, and says a host name
and a process number, which other containers and machines have too: such a lock stays, unless it is on a disk of this
machine alone and older than its boot.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import CommandError, in_line
from engine.state import atomic, documents, place
from engine.state import backend as backends
from engine.state.clock import seconds_of, timestamp
from engine.state.place import Place
from engine.wording import PULUMI

LONGEST: Final = 100  # characters of somebody else's name that a message shows
CLOCK_SLACK: Final = 60.0  # seconds between a lock's time and its owner's start that clocks may be apart


@dataclass(frozen=True)
class Lock:
    """One lock file and what it says; ``when`` is RFC 3339, ``place`` None of one that does not say it (the CLI's)."""

    file: Path
    pid: int
    user: str
    host: str
    when: str
    place: Place | None = None

    def __str__(self) -> str:
        written = seconds_of(self.when)
        second = in_line(self.when, LONGEST) or "a time unknown"
        if written is not None:
            second = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(written))
        return f"created by {in_line(self.user, LONGEST)}@{in_line(self.host, LONGEST)} (pid {self.pid}) at {second}"


def found(folder: Path) -> list[Lock]:
    return [_read(file) for file in sorted(folder.glob("[!.]*.json"))]


def _read(file: Path) -> Lock:
    """What a lock file says; of one that says it otherwise than the CLI does, nothing is known."""
    unknown = Lock(file, 0, "unknown", "unknown", "")
    try:
        data = documents.parse(file.read_bytes())
        pid, user, host, when = (data[key] for key in ("pid", "username", "hostname", "timestamp"))
        boot, space = data.get("boot"), data.get("pidNamespace")
    except (OSError, documents.Malformed, AttributeError, KeyError, TypeError):
        return unknown
    if type(pid) is not int or not all(isinstance(text, str) for text in (user, host, when)):
        return unknown
    told = Place(boot, space) if isinstance(boot, str) and isinstance(space, str) else None
    return Lock(file, pid, user, host, when, told)


def refuse(locks: list[Lock], cancel: str = PULUMI.command("cancel")) -> CommandError:
    """``cancel``: the command that takes locks away."""
    lines = [f"  file://{lock.file}?no_tmp_dir=true: {lock}{_unseen(lock)}" for lock in locks]
    return CommandError(
        f"the stack is currently locked by {len(locks)} lock(s). Either wait for the other process(es) to end or "
        f"delete the lock file with `{cancel}`.\n" + "\n".join(lines)
    )


def _unseen(lock: Lock) -> str:
    """Of an owner that its line seems to place here."""
    here = lock.host == socket.gethostname() and not is_alive_here(lock)
    return "; whether that still runs is not to be seen from here" if here else ""


def is_dead(lock: Lock) -> bool:
    """Whether the owner is certainly gone; in doubt it is not."""
    held, local = _is_held(lock.file), place.is_local(lock.file.parent)
    if held or pid_here(lock):
        return False
    if lock.place is None:
        return local and lock.host == socket.gethostname() and _is_of_before(lock)
    return (local and held is False) or _is_near(lock)


def is_alive_here(lock: Lock) -> bool:
    """Whether the owner is a process of this machine that is there, as far as that can be told."""
    return bool(_is_held(lock.file) or pid_here(lock))


def pid_here(lock: Lock) -> int:
    """The process to be told to stop; 0 where its number may be somebody else's here."""
    cli = lock.place is None and lock.host == socket.gethostname() and _is_cli(lock.pid)
    return lock.pid if (cli or _is_near(lock)) and lock.pid > 0 and not _is_gone(lock) else 0


def _is_near(lock: Lock) -> bool:
    """Whether its process, if it is there, is to be seen from here."""
    return bool(lock.place) and lock.place == place.here()


def _is_of_before(lock: Lock) -> bool:
    """Whether it was written before this machine's boot."""
    written, boot = seconds_of(lock.when), place.booted()
    return written is not None and boot is not None and written < boot - CLOCK_SLACK


def _is_gone(lock: Lock) -> bool:
    """Whether the process is not there, or began so late that it is another."""
    started = _start_of(lock.pid)
    if started is None:
        return True
    written = seconds_of(lock.when)
    return written is not None and started > written + CLOCK_SLACK and not _is_cli(lock.pid)


def _is_held(file: Path) -> bool | None:
    """Whether a process holds it; None where the file system does not tell."""
    try:
        with file.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    return False


def _start_of(pid: int) -> float | None:
    """When a process began, in seconds since 1970 (0 when it won't say); None when there is no such process."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return None
    except OSError:
        return 0.0  # there, and somebody else's
    try:
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0.0
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")


def _is_cli(pid: int) -> bool:
    """Whether the process is a Pulumi CLI: one that began after its lock was written, if the clock was set since."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().startswith("pulumi")
    except (OSError, ValueError):
        return False


@contextmanager
def held(
    folder: Path,
    cancel: str = PULUMI.command("cancel"),
    tell: Callable[[str], None] = lambda _line: None,
) -> Iterator[list[Lock]]:
    """Hold the stack's lock; yields the locks of dead owners that were taken over.  CommandError when it is locked.

    ``tell`` is given a line where the file system gives no locks that end with their process.
    """
    taken_over = _clear_dead(folder, cancel)
    file = folder / f"{uuid.uuid4()}.json"
    try:
        owner = json.dumps(_owner(), separators=(",", ":")).encode()
        handle, why = atomic.write_held(file, owner)
        with handle:
            backends.give_attributes(file, owner)
            if why:
                tell(
                    f"warning: the file system of {folder} gives no locks ({why.strerror}): this run is known to "
                    f"others by its lock file alone, as one of the Pulumi CLI is; if it is killed: `{cancel}`"
                )
            others = [lock for lock in found(folder) if lock.file != file]
            if others:  # somebody came at the same moment: both step back
                raise refuse(others, cancel)
            yield taken_over
    finally:
        _remove(file)


def _owner() -> dict[str, object]:
    """As the CLI writes it, and where that is."""
    here = place.here()
    return {
        "pid": os.getpid(),
        "username": getpass.getuser(),
        "hostname": socket.gethostname(),
        "timestamp": timestamp(),
        "boot": here.boot,
        "pidNamespace": here.space,
    }


def _clear_dead(folder: Path, cancel: str) -> list[Lock]:
    locks = found(folder)
    alive = [lock for lock in locks if not is_dead(lock)]
    if alive:
        raise refuse(alive, cancel)
    for lock in locks:
        _remove(lock.file)
    atomic.clear(folder)
    for alone in folder.glob("[!.]*.json.attrs"):  # an owner was cut off while it gave its lock back
        if not alone.with_suffix("").exists():
            alone.unlink(missing_ok=True)
    return locks


def cancel(folder: Path) -> int:
    """Delete all locks of a stack, whoever has them; the number there were."""
    locks = found(folder)
    for lock in locks:
        _remove(lock.file)
    return len(locks)


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
    backends.attributes_of(file).unlink(missing_ok=True)
