"""libvirt's errors, told apart only as far as its codes allow, and said in one line.

Codes 1, 9 and 55 are used for many things: nothing here classifies on them.  What an object is, is read
before a call and read again after it.
"""

from __future__ import annotations

from collections.abc import Callable
from errno import ENOENT
from typing import ParamSpec, TypeVar

import libvirt

P = ParamSpec("P")
T = TypeVar("T")

NO_SUPPORT = 3
NO_DOMAIN = 42
NO_NETWORK = 43
NO_STORAGE_POOL = 49
NO_STORAGE_VOL = 50
NO_INTERFACE = 57

OPERATION_UNSUPPORTED = 84

VirtError = libvirt.libvirtError


def code(error: Exception) -> int:
    """libvirt's error code; 0 when the error did not come from libvirt."""
    return int(error.get_error_code() or 0) if isinstance(error, VirtError) else 0


def unsupported(error: Exception) -> bool:
    """Whether the driver that was asked does not know the question: an answer, and nothing is broken."""
    return code(error) in (NO_SUPPORT, OPERATION_UNSUPPORTED)


def no_file(error: Exception) -> bool:
    """Whether a file that libvirt was to open is not there: the system's own code, beside libvirt's."""
    return isinstance(error, VirtError) and error.get_int1() == ENOENT


def said(error: Exception) -> str:
    """What libvirt said, in one line."""
    return " ".join(str(error).split())


# Said by a modular daemon of another one beside it: our own connection stands.
_ANOTHER_DAEMON = "Failed to connect socket to"
_LOST = ("Cannot recv data", "Cannot write data", "End of file while reading data")


def lost(error: BaseException | None) -> Exception | None:
    """libvirt's error, behind whatever it has caused, that says that the connection broke under a call.

    What that call was doing may be done, or not.
    """
    while error is not None:
        if isinstance(error, Exception) and _breaks(error):
            return error
        error = error.__cause__
    return None


def _breaks(error: Exception) -> bool:
    """What comes from the wire, but for a call that the other side does not know, and a daemon that it can't reach."""
    if not isinstance(error, VirtError):
        return False
    if code(error) == NO_SUPPORT or _ANOTHER_DAEMON in str(error):
        return False
    return error.get_error_domain() == libvirt.VIR_FROM_RPC or any(sign in str(error) for sign in _LOST)


def died(error: BaseException | None) -> bool:
    """Whether a guest's QEMU ended under a call: for a moment libvirt (9.0) then tells what was to be as if it were."""
    return isinstance(error, VirtError) and "monitor" in said(error)


def refusal(call: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> Exception | None:
    """libvirt's error where it does not take the call; None where it does."""
    try:
        call(*args, **kwargs)
    except VirtError as error:
        refused: Exception = error
        return refused
    return None


def unless(missing: int, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """The call's answer, or None when libvirt answers with exactly this "no such" code; other errors pass."""
    try:
        return call(*args, **kwargs)
    except VirtError as error:
        if code(error) == missing:
            return None
        raise
