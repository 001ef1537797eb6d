"""One `Sight` of a host for all that look at it meanwhile, until something is changed or it is too old."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from provider.host.host import Host
from provider.host.sight import Sight

# A preview of 250 VMs takes a tenth of it; the plugin may live on while an operator thinks.
SECONDS: Final = 60.0


class Sights:
    """Safe to share between threads."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._sight: Sight | None = None
        self._made = 0.0
        self._changing = 0

    def of(self, host: Host) -> Host:
        """What is seen of the host; while something is being changed, the host itself."""
        with self._lock:
            if self._changing:
                return host
            if self._sight is None or self._now() - self._made > SECONDS:
                self._sight, self._made = Sight(host), self._now()
            return self._sight

    def forget(self) -> None:
        with self._lock:
            self._sight = None

    @contextlib.contextmanager
    def changing(self, really: bool = True) -> Iterator[None]:
        """Around each change of the host: nobody who looks afterwards sees what was before it."""
        if not really:
            yield
            return
        with self._lock:
            self._changing += 1
            self._sight = None
        try:
            yield
        finally:
            with self._lock:
                self._changing -= 1
