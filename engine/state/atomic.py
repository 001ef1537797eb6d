"""Files that are either the old ones or the new ones, whenever the machine stops.

They are their owner's alone, unless their folder hands its group on (setgid): then folders below it do so, too, and a
file is for that group as its folder is, whatever the umask of who writes it.  So several people can have one state.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import socket
import stat
from pathlib import Path
from typing import BinaryIO, Final

from engine.state import place

_OF_BOOT: Final = 8  # digits of a boot ID: the longest name of a file leaves no room for all
_TEMPORARY: Final = re.compile(r"\..+@(.+\.([0-9a-f-]+)\.\d+)\.(\d+)\.tmp")


def write(path: Path, data: bytes, *, durable: bool = True, mode: int = 0o600) -> None:
    """Replace ``path`` by ``data`` in one step; ``durable`` waits until the disk has it.

    The temporary file stands beside the target and has a name that no reader looks for: with the host and the process,
    so that what a process leaves that ends here can be cleared (`clear`).  An OSError names the target.
    """
    try:
        _write(path, data, durable, mode)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def write_held(path: Path, data: bytes) -> tuple[BinaryIO, OSError | None]:
    """As `write`; the file stays open, and has an exclusive flock(2) before it has its name.

    The descriptor is open for writing, as NFS demands of one that is to be locked so (flock(2)).  Beside it the error
    of a file system that gives no locks.
    """
    temporary, descriptor = _begin(path, 0o600)
    file = os.fdopen(descriptor, "r+b")
    why = None
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            why = error
        file.write(data)
        file.flush()
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # what a full disk has not taken is written once more
            file.close()
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    return file, why


def _write(path: Path, data: bytes, durable: bool, mode: int) -> None:
    temporary, descriptor = _begin(path, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def _begin(path: Path, mode: int) -> tuple[Path, int]:
    """The temporary file beside a target, empty, and its descriptor; its group may do what the folder's may."""
    make_folder(path.parent)
    temporary, shared = _beside(path), _for_group(path.parent)
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC, mode)
    if shared:
        try:
            os.fchmod(descriptor, mode | shared)
        except BaseException:
            os.close(descriptor)
            temporary.unlink(missing_ok=True)
            raise
    return temporary, descriptor


def make_folder(folder: Path) -> None:
    """With all that it lies in; below one that hands its group on, each is open to that group as that one is."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        folder.mkdir()
    except FileExistsError:  # somebody came at the same moment
        return
    above = folder.parent.stat().st_mode
    if above & stat.S_ISGID:
        folder.chmod(stat.S_IMODE(above))


def _for_group(folder: Path) -> int:
    """What the group of a folder that hands its group on may do with the files in it, as bits of a mode."""
    mode = folder.stat().st_mode
    return mode & (stat.S_IRGRP | stat.S_IWGRP) if mode & stat.S_ISGID else 0


def duplicate(source: Path, target: Path) -> None:
    """Make ``target`` another name of what ``source`` is now (a copy, where links can't be had)."""
    temporary = _beside(target)
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:
        shutil.copyfile(source, temporary)
        temporary.chmod(0o600 | _for_group(target.parent))
    temporary.replace(target)


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}@{mark()}.{os.getpid()}.tmp")


def mark() -> str:
    """Of where this process runs, in the names of its temporary files: a process number says nothing elsewhere."""
    here = place.here()
    space = re.sub(r"\D", "", here.space)
    return f"{socket.gethostname()}.{here.boot[:_OF_BOOT] or 0}.{space or 0}"


def clear(folder: Path) -> None:
    """Remove the temporary files of processes that are gone; of those that run elsewhere nothing is known.

    On a disk of this machine alone, those of before its boot are gone.
    """
    boot = place.here().boot[:_OF_BOOT]
    for file in folder.glob(".*.tmp"):
        written = _TEMPORARY.fullmatch(file.name)
        if not written:
            continue
        if written[1] == mark():
            gone = not is_running(int(written[3]))
        else:
            gone = bool(boot) and written[2] != boot and place.is_local(folder)
        if gone:
            file.unlink(missing_ok=True)


def is_running(pid: int) -> bool:
    """Whether there is such a process on this host, whoever's it is."""
    try:
        os.kill(pid, 0)
    except OSError as error:
        return not isinstance(error, ProcessLookupError)
    return True


def sync_folder(folder: Path) -> None:
    """Wait until the folder's own entries, new names and renames, are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
