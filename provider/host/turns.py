"""A lock that is fair, and knows how long its holder has waited for it."""

from __future__ import annotations

import threading
import time
from collections import deque
from types import TracebackType


class Turns:
    """Threads get it in the order in which they ask; who holds it may take it again.

    ``asked``: when its holder did (monotonic).  What was looked at after that was looked at for the holder too.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.waiting: deque[tuple[int, threading.Event]] = deque()
        self._holder: int | None = None
        self._depth = 0
        self.asked = 0.0

    def __enter__(self) -> Turns:
        me, asked, turn = threading.get_ident(), time.monotonic(), threading.Event()
        with self._lock:
            if self._holder == me:
                self._depth += 1
                return self
            if self._holder is None:
                self._holder = me
                turn.set()
            else:
                self.waiting.append((me, turn))
        turn.wait()
        self._depth, self.asked = 1, asked
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth:
                return
            self._holder = None
            if self.waiting:
                self._holder, turn = self.waiting.popleft()
                turn.set()
