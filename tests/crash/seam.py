"""Where a process can end: before and after every call that changes a file, libvirt or a guest, each with a number.

Nothing in the program knows of it.  Files are changed through ``os`` alone (`escaped` proves it), libvirt through its
connection, guests through their agent: the calls are replaced there, in a process that is meant to end.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
EXIT = 77  # of a process that has ended itself by os._exit

# Calls of libvirt-python that change something, by class; a connection's reads are not among them.
CHANGING = {
    "Network": "create destroy setAutostart undefine update",
    "StoragePool": "build create destroy setAutostart undefine createXML",
    "StorageVol": "delete resize upload wipe",
    "Stream": "send finish",  # to finish changes something where something was sent
    "Domain": """abortJob attachDeviceFlags blockResize create destroy detachDeviceAlias detachDeviceFlags
        injectNMI managedSave managedSaveRemove reboot rename reset resume setAutostart setMaxMemory setMemoryFlags
        setMetadata setVcpusFlags shutdown suspend undefine undefineFlags updateDeviceFlags""",
    "Connect": """createXML defineXML defineXMLFlags networkCreateXML networkDefineXML networkDefineXMLFlags
        storagePoolDefineXML""",
}
FILE_CALLS = ("open", "replace", "rename", "link", "unlink", "remove", "mkdir", "rmdir")
_WRITING = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_RDWR
_EVENTS = ("open", "os.rename", "os.link", "os.symlink", "os.remove", "os.mkdir", "os.rmdir", "os.truncate")


class Seam:
    """Counts the points that a process comes to, and ends it at the one with the number ``fatal``.

    Odd numbers are ended by SIGKILL, even ones by os._exit.  ``last`` is told the name of the point before.
    """

    def __init__(self, fatal: int = -1, last: Callable[[str], None] = lambda _name: None) -> None:
        self.names: list[str] = []
        self.escaped: list[str] = []
        self._fatal, self._last = fatal, last
        self._lock = threading.Lock()
        self._inside = threading.local()

    def point(self, name: str) -> None:
        with self._lock:
            number = len(self.names)
            self.names.append(name)
            if number == self._fatal:
                self._last(name)
                end(number)

    def around(self, what: str, call: Callable[[], T]) -> T:
        """The call, with a point before it and one after it."""
        self.point(f"before {what}")
        done = call()
        self.point(f"after {what}")
        return done

    def watch_files(self, *folders: Path) -> None:
        """From now on, for as long as this process lives: every change of a file in the folders."""
        under = tuple(str(folder) for folder in folders)
        for name in FILE_CALLS:
            setattr(os, name, self._file_call(name, getattr(os, name), under))
        sys.addaudithook(lambda event, args: self._note_escape(event, args, under))

    def _file_call(self, name: str, real: Callable[..., Any], under: tuple[str, ...]) -> Callable[..., Any]:
        def call(path: Any, *args: Any, **kwargs: Any) -> Any:
            if not _is_under(path, under) or not _changes(name, path, args, kwargs):
                return real(path, *args, **kwargs)
            what = f"{name} {_shown(args[0] if name in ('replace', 'rename', 'link') else path, under)}"
            return self.around(what, lambda: self._within(real, path, *args, **kwargs))

        return call

    def _within(self, real: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._inside.yes = True
        try:
            return real(*args, **kwargs)
        finally:
            self._inside.yes = False

    def _note_escape(self, event: str, args: tuple[Any, ...], under: tuple[str, ...]) -> None:
        """A change of a file that no point stands before would be a hole in the test."""
        if event not in _EVENTS or getattr(self._inside, "yes", False) or not _is_under(args[0], under):
            return
        if event == "open" and not (isinstance(args[2], int) and args[2] & _WRITING):
            return
        if event in ("os.remove", "os.mkdir") and not _changes(event[3:], args[0], (), {}):
            return
        self.escaped.append(f"{event} {args[0]}")


def end(number: int) -> None:
    """What the machine does to a process: no handler runs, no buffer is written, no lock is given back."""
    if number % 2:
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(EXIT)


def _is_under(path: Any, under: tuple[str, ...]) -> bool:
    return isinstance(path, str | os.PathLike) and os.fspath(path).startswith(under)


def _changes(name: str, path: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether the call has anything to do: a folder that is there is not made, a file that is not is not removed."""
    if name == "open":
        flags = args[0] if args else kwargs["flags"]
        return bool(flags & (os.O_CREAT | os.O_TRUNC))
    if name == "mkdir":
        return not os.path.exists(path) and os.path.isdir(os.path.dirname(path))
    return name not in ("unlink", "remove") or os.path.lexists(path)


def _shown(path: Any, under: tuple[str, ...]) -> str:
    text = os.fspath(path)
    return next(text[len(each) + 1 :] for each in under if text.startswith(each))


def changes_guest(question: str) -> str:
    """The agent's command, when it can change the guest; empty for one that only asks."""
    asked = json.loads(question)["execute"]
    return asked if asked in ("guest-exec", "guest-file-write", "guest-shutdown") else ""
