"""Objects of a libvirt in memory that count the calls for which a real one would go over the wire."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.provider.fakes.wrapped import bare, shown

LOCAL = frozenset({"name", "UUIDString", "key", "isAlive", "close"})  # a handle has these in itself


class Counts(Counter[str]):
    """How often each kind of call was made ("Domain.XMLDesc"); safe to share between threads."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def add(self, call: str) -> None:
        with self._lock:
            self[call] += 1


class Counted:
    """One object, and whatever its calls answer with.  What is no method of libvirt's is the object's own."""

    def __init__(self, real: Any, counts: Counts) -> None:
        self._real, self._counts = real, counts

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        return self._call(name, found) if callable(found) else found

    def _call(self, name: str, found: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if name not in LOCAL:
                kind = next((k for k in KINDS if k in {c.__name__ for c in type(self._real).__mro__}), "?")
                self._counts.add(f"{kind}.{name}")
            plain = bare(args, Counted)
            return shown(found(*plain, **kwargs), lambda real: Counted(real, self._counts))

        return call


KINDS = ("Connection", "Network", "Pool", "Volume", "Stream", "Domain", "Port", "HostInterface")
