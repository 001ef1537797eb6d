"""A pool as it is at this moment: libvirt is made to look at its files again, and how much room it has left.

libvirt refuses a look while another client's volume is being made in the pool.
"""

from __future__ import annotations

import contextlib
import time
from typing import Final

from provider.connection import api, errors
from provider.errors import OperatorError
from provider.host import optional
from provider.host.host import Host
from provider.storage import pool_xml

BUSY_SECONDS: Final = 300.0  # a clone of 32 GB took minutes
_BUSY_POLL: Final = 2.0
_BUSY: Final = "asynchronous jobs"  # the code, 1, is that of any error
_TRIES: Final = 5
_WAIT: Final = 0.5  # seconds
OVERLAY_BYTES: Final = 1 << 20  # a new overlay's file takes 200 KB, and a guest that boots writes at once
_FULL: Final = "No space left on device"


class Busy(OperatorError):
    """Another client's volume is being made in the pool: its files can't be looked at before that is over."""


def refresh(host: Host, pool: api.Pool, waits: optional.Tell | None) -> None:
    """Look at the pool's files again, if libvirt has not since the caller asked for `Host.storage`.

    Each look takes as long as there are files: so many that ask at the same time share one.  ``waits`` is told what
    is waited for, `BUSY_SECONDS` at most; `Busy` then, or at once where it is None: who only looks does not wait.
    """
    began = time.monotonic()
    if host.looked.get(pool.UUIDString(), 0.0) <= host.storage.asked:
        _look_again(host, pool, waits)
        host.looked[pool.UUIDString()] = began


def refresh_unless_busy(host: Host, pool: api.Pool) -> None:
    """For a preview, which tells what it knows while another client's job keeps libvirt from looking."""
    with contextlib.suppress(Busy):
        refresh(host, pool, None)


def _look_again(host: Host, pool: api.Pool, waits: optional.Tell | None) -> None:
    began = host.clock.monotonic()
    tries = 1
    while error := errors.refusal(pool.refresh):
        passed, busy = host.clock.monotonic() - began, _BUSY in errors.said(error)
        if not pool.isActive() or (not busy and tries == _TRIES):
            raise OperatorError(f"storage pool {pool.name()} can't be read: {errors.said(error)}") from error
        if busy and (waits is None or passed >= BUSY_SECONDS):
            waited = f", for more than {passed:.0f} s now: run this again when that is over" if waits else ""
            raise Busy(f"{_busy(pool)}{waited}") from error
        if busy and waits is not None:
            waits(f"{_busy(pool)}, which is waited for")
        tries += not busy
        host.clock.sleep(_BUSY_POLL if busy else _WAIT)


def _busy(pool: api.Pool) -> str:
    return f"storage pool {pool.name()} is busy with another client's job (a volume is being made in it)"


def left(pool: api.Pool) -> int | None:
    """Bytes, as of libvirt's last look at the pool; None where it does not tell."""
    return pool_xml.available(pool.XMLDesc()) if pool.isActive() else None


def tell_lack(tell: optional.Tell, pool: api.Pool, what: str, needs: int, so: str) -> None:
    """Say that the pool has less left than the ``needs`` (bytes) of what is to be made, and what comes of it."""
    there = left(pool)
    if there is not None and there < needs:
        tell(f"{_has(pool, there)}, and {what} needs {said(needs)}: {so}")


def lack_now(host: Host, pool: api.Pool, needs: int) -> str:
    """Why something of this size (bytes) does not fit, by a look of this moment; empty where it would, or it is not
    known."""
    with contextlib.suppress(OperatorError, errors.VirtError), host.storage:
        refresh(host, pool, None)
    there = left(pool)
    return f"{_has(pool, there)}, and it needs {said(needs)}" if there is not None and there < needs else ""


def explained(host: Host, pool: api.Pool, error: Exception, needs: int) -> str:
    """As `lack_now`, where libvirt's words say that there is no room."""
    return lack_now(host, pool, needs) if _FULL in errors.said(error) else ""


def said(number: int) -> str:
    """Bytes, so that they are read at a glance."""
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number} bytes"


def _has(pool: api.Pool, there: int) -> str:
    return f"storage pool {pool.name()} has {said(there)} left"
