"""Who has what on a host, for telling whether a new domain may have it: those that wait for a look share the next."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Has:
    """A domain's name, the MACs of its NICs and the files that it may write to; live, persistent and saved.

    ``saved``: those of the MACs that only its managed save image has.
    """

    name: str
    macs: frozenset[str]
    files: frozenset[str]
    saved: frozenset[str] = frozenset()


Everybody = Mapping[str, Has]  # by UUID


class Others:
    """Safe to share between threads; no two of them are given the same thing."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._seen: dict[str, Has] = {}
        self._claims: dict[str, Has] = {}  # of those that are being made
        self._looked = float("-inf")  # when the last look at all of them began

    @contextlib.contextmanager
    def claimed(
        self, uuid: str, has: Has, look: Callable[[], Everybody], refuse: Callable[[Everybody], None]
    ) -> Iterator[None]:
        """While a domain is defined: ``refuse`` raises when somebody has what it is to have.

        It is given what was seen after this was called, and what is being defined meanwhile.
        """
        asked = self._now()
        with self._lock:
            if self._looked <= asked:
                began = self._now()
                self._seen, self._looked = dict(look()), began
            refuse({**self._seen, **self._claims})
            self._claims[uuid] = has
        made = False
        try:
            yield
            made = True
        finally:
            with self._lock:
                del self._claims[uuid]
                if made:
                    self._seen[uuid] = has
