"""A world in memory, worked on by another process over a pipe.

The process that is to end has `Far` objects: its end loses what it had not sent yet and the answers that it did not
get, and nothing else, as with a libvirtd.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from threading import Lock
from typing import Any

import libvirt

from tests.crash.seam import CHANGING, Seam, changes_guest
from tests.crash.world import World
from tests.provider.fakes import guest as fake_guest
from tests.provider.fakes.basics import error

PLAIN = (str, bytes, int, float, bool, type(None), dict)
KINDS = {
    "Network": "Network", "Pool": "StoragePool", "Volume": "StorageVol", "Stream": "Stream", "Domain": "Domain",
    "World": "Connect",
}  # fmt: skip


class Service:
    """Answers a `Far` connection's calls until the process at the other end is gone."""

    def __init__(self, world: World, pipe: Pipe) -> None:
        self._objects: list[Any] = [world]
        self._pipe = pipe

    def serve(self) -> None:
        while True:
            try:
                number, name, args, kwargs = self._pipe.recv()
            except (EOFError, OSError):
                return
            try:
                plain = [self._objects[a.number] if isinstance(a, Handle) else a for a in args]
                answer = self._shown(getattr(self._objects[number], name)(*plain, **kwargs))
            except libvirt.libvirtError as fault:
                answer = Fault(fault.err[0], fault.err[2])
            try:
                self._pipe.send(answer)
            except OSError:
                return

    def _shown(self, value: Any) -> Any:
        if isinstance(value, PLAIN):
            return value
        if isinstance(value, list | tuple):
            return [self._shown(each) for each in value]
        self._objects.append(value)
        return Handle(len(self._objects) - 1, type(value).__name__)


class Handle:
    def __init__(self, number: int, kind: str) -> None:
        self.number, self.kind = number, kind


class Fault:
    def __init__(self, code: int, text: str) -> None:
        self.code, self.text = code, text


class Line:
    """The pipe as the process sees it that is to end; its threads take turns."""

    def __init__(self, pipe: Pipe, seam: Seam) -> None:
        self._pipe, self.seam, self._lock = pipe, seam, Lock()

    def ask(self, number: int, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        with self._lock:
            self._pipe.send((number, name, args, kwargs))
            answer = self._pipe.recv()
        if isinstance(answer, Fault):
            raise error(answer.code, answer.text)
        return self._near(answer)

    def _near(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._near(each) for each in value]
        return Far(self, value) if isinstance(value, Handle) else value


class Far:
    """An object of the world at the other end; its calls that change something have their points."""

    def __init__(self, line: Line, handle: Handle) -> None:
        self._line, self._handle, self._sent = line, handle, False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            plain = tuple(a._handle if isinstance(a, Far) else a for a in args)
            self._sent = self._sent or name == "send"
            what = changing(self._handle.kind, name, args) if name != "finish" or self._sent else ""
            ask = lambda: self._line.ask(self._handle.number, name, plain, kwargs)  # noqa: E731
            return self._line.seam.around(what, ask) if what else ask()

        return call


def changing(kind: str, name: str, args: tuple[Any, ...]) -> str:
    """The name of a call that changes something, as a point's; empty for all others."""
    if name == "agent":
        asked = changes_guest(args[0])
        return f"agent {asked} {script(args[0])}" if asked else ""
    known = KINDS.get(kind)
    return f"{known}.{name}" if known and name in CHANGING[known].split() else ""


def script(question: str) -> str:
    """Which of the provider's scripts a guest-exec runs."""
    said = " ".join(json.loads(question)["arguments"]["arg"])
    return next((name for name, body in fake_guest.SCRIPTS.items() if body in said), "")
