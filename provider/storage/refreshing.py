"""Making libvirt look at a pool's files again, which it refuses while another client's volume is being made there."""

from __future__ import annotations

import time
from typing import Final

from provider.connection import api, errors
from provider.errors import OperatorError
from provider.host import optional
from provider.host.host import Host

BUSY_SECONDS: Final = 300.0  # a clone of 32 GB took minutes
_BUSY_POLL: Final = 2.0
_BUSY: Final = "asynchronous jobs"  # the code, 1, is that of any error
_TRIES: Final = 5
_WAIT: Final = 0.5  # seconds


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
