"""Connections that end by themselves when the other side says nothing any more: no call waits for ever.

libvirt asks the daemon every few seconds whether it is there, for which an event loop has to run in this process.
Without that a call over a connection that is silently dead never comes back.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any, Final

import libvirt

from provider.connection import errors, oldest, way

INTERVAL: Final = 5  # seconds between two questions
UNANSWERED: Final = 3  # so many, and the connection is closed: after 20 s

_lock = threading.Lock()
_loop: list[threading.Thread] = []


def opened(uri: str) -> Any:
    """`libvirt.open`, kept alive; over ssh without a question to anybody.  `Unreachable` for one that is too old."""
    return _watched(libvirt.open, uri)


def opened_read_only(uri: str) -> Any:
    return _watched(libvirt.openReadOnly, uri)


def _watched(opener: Any, uri: str) -> Any:
    _run_events()
    conn = opener(way.unasked(uri))
    with contextlib.suppress(errors.VirtError):  # a driver within this process has no other side
        conn.setKeepAlive(INTERVAL, UNANSWERED)
    oldest.refuse_older(uri, conn)
    return conn


def _run_events() -> None:
    """Before the first connection; anew in a fork, which has none of its parent's threads."""
    with _lock:
        if not _loop:
            libvirt.virEventRegisterDefaultImpl()
        if not (_loop and _loop[-1].is_alive()):
            thread = threading.Thread(target=_turn, name="events", daemon=True)
            thread.start()
            _loop[:] = [thread]


def _turn() -> None:
    while True:
        try:
            libvirt.virEventRunDefaultImpl()
        except errors.VirtError:
            time.sleep(1.0)
