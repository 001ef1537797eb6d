"""What a piece of work has changed so far: its calls of libvirt that change something, and have ended well.

So that an error says what was done before it, whoever raises it, and "is not changed" is never said of half a change.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, Final, cast

from provider.connection import api

# Methods that change something, and what is said of the object: the one that they answer with, or else their own.
CHANGES: Final = {
    **dict.fromkeys(("networkDefineXML", "storagePoolDefineXML", "defineXML"), "is defined"),
    **dict.fromkeys(("networkCreateXML", "createXML"), "is made"),
    "create": "is started",
    "destroy": "is stopped",
    "shutdown": "was asked to shut down",
    **dict.fromkeys(("undefine", "undefineFlags"), "is undefined"),
    "delete": "is deleted",
    "build": "has its folder",
    "update": "is changed while it runs",
    "setAutostart": "has its autostart set",
    "resize": "is grown",
    "blockResize": "has a disk grown",
    "upload": "is written to",
    "setMemoryFlags": "has its memory set",
    "setVcpusFlags": "has its vCPUs set",
    "managedSaveRemove": "has its saved memory given up",
    "setMetadata": "has its metadata set",
    "attachDeviceFlags": "has a device plugged in",
    "detachDeviceFlags": "has a device unplugged",
    "updateDeviceFlags": "has a device changed",
}
# Methods that answer with objects: what these are called.
KINDS: Final = {
    **dict.fromkeys(
        ("listAllNetworks", "networkLookupByName", "networkLookupByUUIDString", "networkDefineXML"), "network"
    ),
    "networkCreateXML": "network",
    **dict.fromkeys(("listAllStoragePools", "storagePoolLookupByName"), "storage pool"),
    **dict.fromkeys(("storagePoolLookupByUUIDString", "storagePoolDefineXML"), "storage pool"),
    **dict.fromkeys(("listAllVolumes", "storageVolLookupByName", "storageVolLookupByPath"), "volume"),
    "createXML": "volume",
    **dict.fromkeys(("listAllDomains", "lookupByName", "lookupByUUIDString", "defineXML"), "domain"),
}
_STREAMED: Final = ("upload", "download")  # take an object of libvirt's
# What ends an object, and what had begun it, in the same work.
_ENDS: Final = {"is undefined": "is defined", "is deleted": "is made", "is stopped": "is made"}


class Done:
    """In the order in which it was done, each once."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, str]] = []

    def add(self, what: str, change: str) -> None:
        """``network default``, ``is started``.  Of what this work has made and taken away again nothing is left."""
        if (what, _ENDS.get(change)) in self._lines:
            self._lines = [line for line in self._lines if line[0] != what]
        elif (what, change) not in self._lines:
            self._lines.append((what, change))

    def take(self, other: Done) -> None:
        """What another record has, too."""
        for what, change in other._lines:
            self.add(what, change)

    def __bool__(self) -> bool:
        return bool(self._lines)

    def __str__(self) -> str:
        """``network default is defined, is started, domain Ulov has a device changed``."""
        changes: dict[str, list[str]] = {}
        for what, change in self._lines:
            changes.setdefault(what, []).append(change)
        return ", ".join(f"{what} {', '.join(each)}" for what, each in changes.items())


_now: ContextVar[Done | None] = ContextVar("done", default=None)


@contextlib.contextmanager
def kept(done: Done) -> Iterator[None]:
    """What this thread changes meanwhile is put down in ``done``."""
    token = _now.set(done)
    try:
        yield
    finally:
        _now.reset(token)


@contextlib.contextmanager
def apart() -> Iterator[Done]:
    """What is done meanwhile is in a record of its own, and in that of the work once this has ended well."""
    done, own = _now.get(), Done()
    if done is None:
        yield own
        return
    with kept(own):
        yield own
    done.take(own)


def add(what: str, change: str) -> None:
    """What was done by other means than a call of libvirt's own that changes something: in a guest, say."""
    done = _now.get()
    if done is not None:
        done.add(what, change)


def seen_by(conn: api.Connection) -> api.Connection:
    """The connection; while what is done is kept, one that puts it down."""
    done = _now.get()
    return conn if done is None else cast(api.Connection, _Object(done, conn, ""))


class _Object:
    """A connection, or an object that came from one."""

    def __init__(self, done: Done, real: Any, kind: str) -> None:
        self._done, self._real, self._kind = done, real, kind

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name not in CHANGES and name not in KINDS and name not in _STREAMED:
            return found

        def call(*args: Any, **named: Any) -> Any:
            bare = [arg._real if isinstance(arg, _Object) else arg for arg in args]
            what = self._named() if name in CHANGES and name not in KINDS else ""  # it may be gone afterwards
            answer = found(*bare, **named)
            if name in KINDS:
                answer = self._wrapped(answer, KINDS[name])
            if name in CHANGES:
                self._done.add(what or answer._named(), CHANGES[name])
            return answer

        return call

    def _named(self) -> str:
        return f"{self._kind} {self._real.name()}"

    def _wrapped(self, answer: Any, kind: str) -> Any:
        if isinstance(answer, list):
            return [_Object(self._done, each, kind) for each in answer]
        return _Object(self._done, answer, kind)
