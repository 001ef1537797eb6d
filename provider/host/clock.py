"""Time, so that tests can let it pass; and waiting."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    def monotonic(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def until(so: Callable[[], bool], clock: Clock, seconds: float, poll: float) -> bool:
    """Whether it comes to be so within these seconds; asked at once, and then every ``poll`` seconds."""
    deadline = clock.monotonic() + seconds
    while not so():
        if clock.monotonic() >= deadline:
            return False
        clock.sleep(poll)
    return True
