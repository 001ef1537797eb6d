"""What handlers note reaches the engine: over its gRPC service, or through the callable of the one in-process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import grpc
import libvirt
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb

from provider.errors import Refused
from provider.host.host import Host
from provider.protocol import plugin
from provider.resource.base import Call, Props, Resource

TOKEN = "libvirt:index/network:Network"
URN = f"urn:pulumi:trop02::trop::{TOKEN}::net"
NOTED = "impact live: dhcpHosts: pi is added"


class Handler:
    """Notes in each of the calls that change something, and refuses to delete."""

    made_of = Resource.made_of

    def create(self, call: Call, inputs: Props, preview: bool) -> tuple[str, Props]:
        call.note("live", "dhcpHosts", "pi is added")
        return "id", inputs

    def update(self, call: Call, *_: Any) -> Props:
        call.note("live", "dhcpHosts", "pi\nis added")
        return {}

    def delete(self, call: Call, id: str, outputs: Props) -> None:
        call.note("live", "dhcpHosts", "pi is added")
        raise Refused("not deleted")

    def refuse_delete(self, call: Call, id: str, outputs: Props) -> None:
        call.note("live", "dhcpHosts", "pi is added")
        raise Refused(f"not deleted beside {', '.join(call.condemned)}")


class Log(engine_pb2_grpc.EngineServicer):
    def __init__(self) -> None:
        self.taken: list[tuple[int, str, str]] = []

    async def Log(self, request: Any, context: Any) -> Any:
        self.taken.append((request.severity, request.urn, request.message))
        return empty_pb2.Empty()


class Context:
    async def abort(self, code: Any, details: str) -> None:
        raise Refused(details)


def served(address: str = "") -> Any:
    made: Any = plugin.servicer(address)
    made._host = Host("test:///default")
    made._handlers = {TOKEN: cast(Any, Handler())}
    return made


CALLS: dict[str, Callable[[Any], Awaitable[Any]]] = {
    "Create": lambda s: s.Create(pb.CreateRequest(urn=URN, preview=True), Context()),
    "Update": lambda s: s.Update(pb.UpdateRequest(urn=URN, id="x"), Context()),
    "Delete": lambda s: s.Delete(pb.DeleteRequest(urn=URN, id="x"), Context()),
    "PreviewDelete": lambda s: s.PreviewDelete(pb.DeleteRequest(urn=URN, id="x"), Context(), {"y"}),
}


async def carry_out(name: str, servicer: Any) -> str:
    """Make the call; the line of its refusal, if any."""
    try:
        await CALLS[name](servicer)
    except Refused as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", CALLS)
def test_notes_go_to_the_engine_s_log_service_even_when_the_call_fails(name: str) -> None:
    async def work() -> list[tuple[int, str, str]]:
        log, server = Log(), grpc.aio.server()
        engine_pb2_grpc.add_EngineServicer_to_server(log, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        await carry_out(name, served(f"127.0.0.1:{port}"))
        await server.stop(None)
        return log.taken

    assert asyncio.run(work()) == [(engine_pb2.INFO, URN, NOTED)]


@pytest.mark.parametrize("name", CALLS)
def test_notes_go_to_the_callable_of_an_engine_in_the_same_process(name: str) -> None:
    taken: list[tuple[str, str, str]] = []
    servicer = served()
    servicer.report = lambda *message: taken.append(message)
    asyncio.run(carry_out(name, servicer))
    assert taken == [(URN, "info", NOTED)]


def test_an_engine_that_does_not_listen_is_no_reason_to_fail() -> None:
    assert asyncio.run(carry_out("Update", served("127.0.0.1:1"))) == ""


def test_a_preview_of_a_delete_hands_on_what_goes_too() -> None:
    assert asyncio.run(carry_out("PreviewDelete", served())) == "not deleted beside y"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("it can't", "network net is not changed: libvirt at test:///default: it can't"),
        (
            "Cannot recv data",  # by which nobody knows whether it was changed
            "network net: the connection to libvirt at test:///default was lost (Cannot recv data): what was under way "
            "may be done or not; run the same again",
        ),
    ],
)
def test_an_error_of_libvirt_s_names_the_object_and_what_was_not_done(said: str, told: str) -> None:
    def broken(*_: Any) -> None:
        raise libvirt.libvirtError(said)

    servicer = served()
    servicer._handlers[TOKEN].update = broken
    assert asyncio.run(carry_out("Update", servicer)) == told


def test_a_daemon_that_libvirtd_itself_cannot_reach_is_no_lost_connection() -> None:
    """As where virtlogd does not run: the same again would fail again."""
    said = "Failed to connect socket to '/run/libvirt/virtlogd-sock': No such file or directory"

    def broken(*_: Any) -> None:
        raised = libvirt.libvirtError(said)
        raised.err = (38, libvirt.VIR_FROM_RPC, said, 2, "", "", "", 0, 0)
        raise raised

    servicer = served()
    servicer._handlers[TOKEN].update = broken
    told = f"network net is not changed: libvirt at test:///default: {said}"
    assert asyncio.run(carry_out("Update", servicer)) == told
