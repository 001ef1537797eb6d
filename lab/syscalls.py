"""The few system calls that a lab needs and that Python 3.11 has no names for."""

import ctypes
import os
from collections.abc import Callable
from typing import Any

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MACHINE = (
    CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET
)  # all that is a machine's own

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 0x2

_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Leave the namespaces named by flags (CLONE_NEW…). A new PID namespace begins with the next child."""
    _call("unshare", _libc.unshare, flags)


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """mount(2); flags is a sum of MS_…."""
    _call(
        f"mount {source} on {target}",
        _libc.mount,
        source.encode(),
        target.encode(),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )


def bind(source: str, target: str, *, read_only: bool = False) -> None:
    """Show source, with what is mounted below it, at target too."""
    mount(source, target, flags=MS_BIND | MS_REC)
    if read_only:
        mount(source, target, flags=MS_BIND | MS_REMOUNT | MS_RDONLY)


def enter_root(folder: str) -> None:
    """Make folder (a mount point) the root of this mount namespace, and drop the old root."""
    os.chdir(folder)
    number = _SYS_PIVOT_ROOT[os.uname().machine]
    # Both at one place, then the upper one (the old root) is taken off: no folder for the old root is needed.
    _call("pivot_root", _libc.syscall, ctypes.c_long(number), b".", b".")
    _call("umount of the old root", _libc.umount2, b".", MNT_DETACH)
    os.chdir("/")


def _call(what: str, function: Callable[..., int], *args: Any) -> None:
    if function(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
