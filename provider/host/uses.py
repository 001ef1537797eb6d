"""Which files the domains of a host use.  To look at all takes long: those that ask at the same time share a look."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from provider.connection import api
from provider.host import definitions, optional
from provider.host.disk_files import files, pool_volumes

_NONE: Final[tuple[frozenset[str], frozenset[tuple[str, str]]]] = frozenset(), frozenset()


@dataclass(frozen=True)
class Uses:
    """A domain, the files of its disks, live, persistent and saved, and the (pool, volume) of those given by names.

    ``unread``: of one that can't be read, why, in a line: it may use any.
    """

    name: str
    uuid: str
    files: frozenset[str]
    volumes: frozenset[tuple[str, str]]
    unread: str = ""


class Looks:
    """Safe to share between threads.  ``kept``: the first look is the only one."""

    def __init__(self, kept: bool = False, now: Callable[[], float] = time.monotonic) -> None:
        self._kept, self._now = kept, now
        self._lock = threading.Lock()
        self._found: tuple[Uses, ...] | None = None
        self._began = 0.0

    def since(self, asked: float | None, listed: Callable[[], Iterable[api.Domain]]) -> tuple[Uses, ...]:
        """All domains, as they were seen by a look that began after ``asked`` (monotonic; None: this very moment)."""
        if asked is None:
            asked = self._now()
        with self._lock:
            if self._found is None or (self._began <= asked and not self._kept):
                began = self._now()
                self._found, self._began = tuple(map(_uses, listed())), began
            return self._found


def _uses(domain: api.Domain) -> Uses:
    found, unread = optional.looked(f"domain {domain.name()}", lambda: _files(domain))
    return Uses(domain.name(), domain.UUIDString(), *(found or _NONE), unread=unread)


def _files(domain: api.Domain) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    xmls = definitions.xmls(domain)
    return frozenset().union(*map(files, xmls)), frozenset().union(*map(pool_volumes, xmls))
