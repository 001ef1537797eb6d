"""A provider made for tests, and a way to run a program of a few lines against it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pulumi
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from engine.deployment import run
from engine.events import Diagnostic, Event, StepDone, StepFailed
from engine.options import Cancellation, Kind, Options, Project, Result
from engine.run import graph
from engine.state.records import Snapshot
from engine.state.values import from_wire, to_wire

Hook = Callable[[str], Awaitable[None]]  # given the resource's name


async def nothing(name: str) -> None:
    """A hook that does nothing."""


@dataclass
class World:
    """What the fake provider has made, by id, and what was asked of it."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)  # method, resource's name
    replace_on: frozenset[str] = frozenset()  # a change of these properties needs another object
    unread: frozenset[str] = frozenset()  # names of what can't be read
    on_create: Hook = nothing
    on_delete: Hook = nothing
    canceled: asyncio.Event | None = None

    def asked(self, method: str) -> list[str]:
        return [name for m, name in self.calls if m == method]


class FakeProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Every type of the package ``fake``; an object's id is its resource's name and a number."""

    def __init__(self, world: World):
        self.world = world

    def _note(self, method: str, request: Any) -> str:
        name = request.urn.split("::")[-1]
        self.world.calls.append((method, name))
        return name

    async def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    async def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version="1.0.0")

    async def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    async def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    async def Check(self, request: Any, context: Any) -> Any:
        self._note("Check", request)
        return provider_pb2.CheckResponse(inputs=request.news)

    async def Diff(self, request: Any, context: Any) -> Any:
        self._note("Diff", request)
        old, new = (json_format.MessageToDict(s) for s in (request.old_inputs, request.news))
        keys = sorted(k for k in {**old, **new} if old.get(k) != new.get(k))
        changes = provider_pb2.DiffResponse.DIFF_SOME if keys else provider_pb2.DiffResponse.DIFF_NONE
        replaces = [k for k in keys if k in self.world.replace_on]
        return provider_pb2.DiffResponse(changes=changes, diffs=keys, replaces=replaces)

    async def Create(self, request: Any, context: Any) -> Any:
        name = self._note("Create", request)
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        await self.world.on_create(name)
        if json_format.MessageToDict(request.properties).get("fail"):
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{name} can't be made")
        id_ = f"{name}-{self.world.asked('Create').count(name)}"
        self.world.objects[id_] = from_wire(request.properties)
        return provider_pb2.CreateResponse(id=id_, properties=request.properties)

    async def Read(self, request: Any, context: Any) -> Any:
        name = self._note("Read", request)
        if name in self.world.unread:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{name} can't be read")
        if request.id not in self.world.objects:
            return provider_pb2.ReadResponse()
        props = to_wire(self.world.objects[request.id])
        return provider_pb2.ReadResponse(id=request.id, properties=props, inputs=props)

    async def Update(self, request: Any, context: Any) -> Any:
        self._note("Update", request)
        if not request.preview:
            self.world.objects[request.id] = from_wire(request.news)
        return provider_pb2.UpdateResponse(properties=request.news)

    async def Delete(self, request: Any, context: Any) -> Any:
        await self.world.on_delete(self._note("Delete", request))
        self.world.objects.pop(request.id, None)
        return empty_pb2.Empty()

    async def Cancel(self, request: Any, context: Any) -> Any:
        self.world.calls.append(("Cancel", ""))
        if self.world.canceled is not None:
            self.world.canceled.set()
        return empty_pb2.Empty()


class Thing(pulumi.CustomResource):
    """A resource of the fake provider, with whatever properties it is given."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, **props: Any):
        super().__init__("fake:index:Thing", name, props, opts)


@dataclass
class Ran:
    """A run, and all that it said and saved."""

    result: Result
    events: list[Event]
    saves: list[Snapshot]

    @property
    def snapshot(self) -> Snapshot:
        return self.result.snapshot

    def messages(self, severity: str = "error") -> list[str]:
        return [e.message for e in self.events if isinstance(e, Diagnostic) and e.severity == severity]

    def done(self) -> list[tuple[str, str]]:
        return [(e.step.op, e.step.urn.split("::")[-1]) for e in self.events if isinstance(e, StepDone)]

    def failed_steps(self) -> list[str]:
        return [e.step.urn.split("::")[-1] for e in self.events if isinstance(e, StepFailed)]

    def ids(self) -> dict[str, str]:
        return {
            r.urn.split("::")[-1]: r.id for r in self.snapshot.resources if r.id and "providers" not in r.type
        }


def go(
    program: Callable[[], None] | Path,
    world: World,
    snapshot: Snapshot | None = None,
    kind: Kind = "update",
    root: Path | None = None,
    config: dict[str, str] | None = None,
    cancellation: Cancellation | None = None,
    on_save: Callable[[Snapshot], None] | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
    provider: Callable[[World], Any] = FakeProvider,
    **options: Any,
) -> Ran:
    """Run the engine once on a stack ``dev`` of a project ``proj``."""
    events: list[Event] = []
    saves: list[Snapshot] = []
    project = Project("proj", "dev", root or Path(__file__).parent, config=config or {})

    def emit(event: Event) -> None:
        events.append(event)
        on_event(event)

    result = asyncio.run(
        run(
            kind,
            Options(**options),
            snapshot or Snapshot(),
            project,
            emit,
            on_save or saves.append,
            {"fake": lambda: provider(world)},
            program,
            cancellation,
        )
    )
    return Ran(result, events, saves)


def in_order(snapshot: Snapshot) -> None:
    """Fails unless whatever a record needs stands before it."""
    seen: set[str] = set()
    for r in snapshot.resources:
        missing = graph.needs(r) - seen
        assert not missing, (r.urn, missing)
        seen.add(r.urn)
