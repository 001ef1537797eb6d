"""How much room a pool has left: told before something is made that would not fit, and when it did not."""

from __future__ import annotations

import contextlib
from typing import Final

from provider.connection import api, errors
from provider.errors import OperatorError
from provider.host import optional
from provider.host.host import Host
from provider.storage import pool_xml
from provider.storage.refreshing import refresh

OVERLAY_BYTES: Final = 1 << 20  # a new overlay's file takes 200 KB, and a guest that boots writes at once
_FULL: Final = "No space left on device"


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
