"""What an engine asks for at the same time, and whether there is more to come.

Nothing orders two resources of which one names the other in plain text: the engine may ask for the one that needs the
other first.  It waits then, before anything is done, until the other was asked for, or the engine asks no more.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Final

QUIET: Final = 0.5  # seconds without a call; a program declares what it has in less
_POLL: Final = 0.05


class Pace:
    """On the loop of the plugin's calls, and for no other thread."""

    def __init__(self) -> None:
        self._calls, self._waiting, self._last = 0, 0, 0.0
        self.made = 0  # how many creates and updates have ended well

    @contextlib.contextmanager
    def call(self) -> Iterator[None]:
        """Around each call of the engine."""
        self._calls += 1
        self._last = time.monotonic()
        try:
            yield
        finally:
            self._calls -= 1
            self._last = time.monotonic()

    async def more_since(self, made: int) -> bool:
        """Within a call: whether another has ended well since there were so many, once that is so or never will be."""
        self._waiting += 1
        try:
            while made == self.made:
                if self._calls <= self._waiting and time.monotonic() - self._last > QUIET:
                    return False
                await asyncio.sleep(_POLL)
            return True
        finally:
            self._waiting -= 1
