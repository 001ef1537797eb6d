"""A libvirt connection of which one call fails, and an engine's way with one resource over the plugin itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NoReturn

from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from provider.host.host import Host
from provider.protocol import wire
from provider.protocol.plugin import Servicer
from provider.resource.base import Props, Resource
from tests.provider.fakes.basics import error
from tests.provider.fakes.wrapped import bare, shown

FAULT = "Cannot recv data: Connection reset by peer"
# What libvirt-python answers by itself, without asking the daemon.
LOCAL = frozenset({"name", "UUIDString", "UUID", "key", "path", "isAlive", "close", "connect", "ID"})
READING = frozenset({
    "memoryStats", "diskErrors", "managedSaveGetXMLDesc", "domainXMLToNative",
    "autostart", "state", "download", "recv", "newStream", "networkLookupByName", "networkLookupByUUIDString",
    "interfaceLookupByName", "storagePoolLookupByName", "storagePoolLookupByUUIDString", "storageVolLookupByName",
    "storageVolLookupByPath", "DHCPLeases",
})  # fmt: skip


class Wire:
    """Every call that is made over it; the one with number ``fails`` fails, before or after libvirt has done it."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.fails = -1
        self.done_all_the_same = False
        self.raised: Exception = error(38, FAULT)
        self.failed = ""

    def begin(
        self, fails: int = -1, done_all_the_same: bool = False, raised: Exception | None = None
    ) -> None:
        """``raised``: with what it fails; the connection is lost if that is not given."""
        self.calls, self.failed = [], ""
        self.fails, self.done_all_the_same = fails, done_all_the_same
        self.raised = raised or error(38, FAULT)

    def carry(self, what: str, call: Callable[[], Any]) -> Any:
        number = len(self.calls)
        self.calls.append(what)
        if number != self.fails:
            return call()
        self.failed = what
        if self.done_all_the_same:
            call()
        raise self.raised


class Remote:
    """An object of libvirt at the other end of the wire."""

    def __init__(self, wire_: Wire, real: Any) -> None:
        vars(self).update(_wire=wire_, _real=real)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._real, name, value)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            plain = bare(args, Remote)
            if name in LOCAL:
                return found(*plain, **kwargs)
            what = f"{type(self._real).__name__}.{name}"
            answer = self._wire.carry(what, lambda: found(*plain, **kwargs))
            return shown(answer, lambda real: Remote(self._wire, real))

        return call


def changes(call: str) -> bool:
    """Whether a call changes something: to fail before or after it is then not the same."""
    name = call.split(".")[-1]
    return not name.startswith(("lookup", "list", "is", "has", "get", "XMLDesc")) and name not in READING


class Told(Exception):
    """The line with which the plugin has failed a call."""


class Inline(asyncio.SelectorEventLoop):
    """Runs what is meant for a thread at once: a test makes some thousand calls."""

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        done: asyncio.Future[Any] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as fault:
            done.set_exception(fault)
        return done


class Context:
    async def abort(self, code: Any, details: str) -> NoReturn:
        raise Told(details)

    def set_trailing_metadata(self, metadata: Any) -> None: ...
    def time_remaining(self) -> None: ...
    def invocation_metadata(self) -> tuple[()]:
        return ()


LOOP = Inline()


class Life:
    """One resource as an engine holds it, on a hypervisor in memory; a refresh before each step."""

    def __init__(self, conn: Any, handler: Resource, name: str, inputs: Props) -> None:
        self.conn = conn
        self.wire = Wire()
        host = Host("test:///fake", opener=lambda _uri: Remote(self.wire, conn))
        self.plugin = Servicer(lambda _uri: host)
        self.told: list[str] = []
        self.plugin.report = lambda _urn, _severity, text: self.told.append(text)
        self.plugin._handlers[handler.token] = handler
        self.urn = f"urn:pulumi:trop02::trop::{handler.token}::{name}"
        self.inputs = inputs
        self.id = ""
        self.seen: Any = struct_pb2.Struct()  # the inputs as the last refresh has read them
        self.outputs: Any = struct_pb2.Struct()
        self._ask("Configure", pb.ConfigureRequest(args=wire.dump({"uri": "test:///fake"}, set())))

    def _ask(self, method: str, request: Any) -> Any:
        return LOOP.run_until_complete(getattr(self.plugin, method)(request, Context()))

    def refresh(self) -> None:
        request = pb.ReadRequest(id=self.id, urn=self.urn, inputs=self.seen, properties=self.outputs)
        answer = self._ask("Read", request)
        self.id, self.seen, self.outputs = answer.id, answer.inputs, answer.properties

    def apply(self) -> bool:
        """What `up` does for one resource; whether there was anything to do."""
        news = wire.dump(self.inputs, set())
        if self.id:
            self.refresh()
        if not self.id:
            self._create(news)
            return True
        olds = {"olds": self.outputs, "old_inputs": self.seen}
        diff = self._ask("Diff", pb.DiffRequest(id=self.id, urn=self.urn, news=news, **olds))
        if diff.changes != pb.DiffResponse.DIFF_SOME:
            return False
        for preview in (True, False):
            request = pb.UpdateRequest(id=self.id, urn=self.urn, news=news, preview=preview, **olds)
            answer = self._ask("Update", request)
        self.outputs, self.seen = answer.properties, news
        return True

    def _create(self, news: Any) -> None:
        for preview in (True, False):
            answer = self._ask("Create", pb.CreateRequest(urn=self.urn, properties=news, preview=preview))
        self.id, self.outputs, self.seen = answer.id, answer.properties, news

    def delete(self) -> None:
        if self.id:
            self._ask("Delete", pb.DeleteRequest(id=self.id, urn=self.urn, properties=self.outputs))
        self.id = ""
