"""A provider in this process is let go of at the end of each run, as a process of its own would end."""

from __future__ import annotations

import threading
from typing import Any

import grpc
import pytest

from engine.options import Cancellation, Kind
from provider.host.host import Host
from provider.protocol.plugin import Servicer
from tests.engine.fake import FakeProvider, Thing, World, go
from tests.engine.program.test_cancel import canceling, chain


class Closing(FakeProvider):
    def close(self) -> None:
        self.world.calls.append(("close", ""))


def thing() -> None:
    Thing("a", x=1)


def ends(world: World) -> list[str]:
    return [method for method, _ in world.calls if method in ("Create", "Read", "Delete", "Cancel", "close")]


@pytest.mark.parametrize("preview", [True, False])
def test_a_provider_is_closed_once_when_all_is_done(preview: bool) -> None:
    world = World()
    go(thing, world, preview=preview, provider=Closing)
    assert ends(world) == ["Create", "Cancel", "close"]


@pytest.mark.parametrize(("kind", "call"), [("refresh", "Read"), ("destroy", "Delete")])
def test_a_provider_is_closed_after_a_refresh_and_a_destroy(kind: Kind, call: str) -> None:
    world = World()
    made = go(thing, world)
    world.calls.clear()
    go(thing, world, made.snapshot, kind=kind, provider=Closing)
    assert ends(world) == [call, "Cancel", "close"]


def test_a_run_that_fails_closes_its_provider() -> None:
    class Failing(Closing):
        async def Create(self, request: Any, context: Any) -> Any:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "no")

    world = World()
    assert go(thing, world, provider=Failing).result.failed
    assert ends(world)[-1] == "close"


def test_a_provider_that_fails_to_close_does_not_fail_the_run() -> None:
    class Broken(FakeProvider):
        def close(self) -> None:
            raise OSError("gone")

    assert not go(thing, World(), provider=Broken).result.failed


def test_a_call_that_hangs_when_the_operator_has_had_enough_is_not_closed_under() -> None:
    cancellation = Cancellation()
    world = canceling(cancellation, twice=True)
    assert go(chain, world, cancellation=cancellation, provider=Closing).result.terminated
    assert "close" not in ends(world)


def test_the_libvirt_provider_leaves_no_thread_and_no_connection() -> None:
    hosts: list[Host] = []

    def host(_uri: str) -> Host:
        hosts.append(Host("test:///default"))
        return hosts[-1]

    def program() -> None:
        Thing("a", x=1)

    class Libvirt(Servicer):
        """Answers for the type of this test, and reaches a hypervisor when it is configured."""

        async def Configure(self, request: Any, context: Any) -> Any:
            request.args.update({"uri": "test:///default"})
            return await super().Configure(request, context)

        async def CheckConfig(self, request: Any, context: Any) -> Any:
            return await FakeProvider(World()).CheckConfig(request, context)

        async def Check(self, request: Any, context: Any) -> Any:
            return await FakeProvider(World()).Check(request, context)

        async def Create(self, request: Any, context: Any) -> Any:
            assert hosts[-1].conn.isAlive()
            return await FakeProvider(World()).Create(request, context)

    before = {thread.name for thread in threading.enumerate()}
    assert not go(program, World(), provider=lambda _world: Libvirt(host)).result.failed
    for thread in [t for t in threading.enumerate() if t.name.startswith("libvirt")]:
        thread.join(10)
    assert {t.name for t in threading.enumerate() if t.name.startswith("libvirt")} <= before
    assert [made._conn for made in hosts] == [None]
