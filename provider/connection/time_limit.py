"""How long a hypervisor is waited for when it is to be reached; one that falls silent later: see keepalive.py."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from provider.connection import api, errors, unreachable, way
from provider.errors import OperatorError, Unreachable

SECONDS: Final = 10.0


def in_time(uri: str, opener: Callable[[str], api.Connection], seconds: float) -> api.Connection:
    """Open in a thread of its own: libvirt has no limit, and an ssh or a stopped daemon may never answer."""
    answer: list[Any] = []

    def work() -> None:
        try:
            answer.append(opener(uri))
        except Exception as error:
            answer.append(error)

    thread = threading.Thread(target=work, name="libvirt-open", daemon=True)
    thread.start()
    thread.join(seconds)
    if not answer:
        way.end_children(thread)
        raise Unreachable(f"cannot reach libvirt at {uri}: {unreachable.silent(uri, seconds)}")
    if isinstance(answer[0], OperatorError):
        raise answer[0]
    if isinstance(answer[0], Exception):
        reason = unreachable.why(uri, errors.said(answer[0]))
        raise Unreachable(f"cannot reach libvirt at {uri}: {reason}") from answer[0]
    conn: api.Connection = answer[0]
    return conn
