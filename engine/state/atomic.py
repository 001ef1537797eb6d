"""Files that are either the old ones or the new ones, whenever the machine stops.

They are their owner's alone, unless their folder hands its group on (setgid): then folders below it do so, too, and a
file is for that group as its folder is, whatever the umask of who writes it.  So several people can have one state.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import stat
from pathlib import Path
from typing import Final

_TEMPORARY: Final = re.compile(r"\..+@(.+)\.(\d+)\.tmp")


def write(path: Path, data: bytes, *, durable: bool = True, mode: int = 0o600) -> None:
    """Replace ``path`` by ``data`` in one step; ``durable`` waits until the disk has it.

    The temporary file stands beside the target and has a name that no reader looks for: with the host and the process,
    so that what a process leaves that ends here can be cleared (`clear`).  An OSError names the target.
    """
    try:
        _write(path, data, durable, mode)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _write(path: Path, data: bytes, durable: bool, mode: int) -> None:
    make_folder(path.parent)
    temporary, shared = _beside(path), _for_group(path.parent)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if shared:
                os.fchmod(descriptor, mode | shared)
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
    return target.with_name(f".{target.name}@{socket.gethostname()}.{os.getpid()}.tmp")


def clear(folder: Path) -> None:
    """Remove the temporary files of processes of this host that are gone; of others nothing is known."""
    for file in folder.glob(".*.tmp"):
        written = _TEMPORARY.fullmatch(file.name)
        if written and written[1] == socket.gethostname() and not is_running(int(written[2])):
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
