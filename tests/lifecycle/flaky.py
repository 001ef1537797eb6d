"""The fake provider with faults: calls that fail, calls at which the process ends or the operator presses Ctrl-C."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from engine.options import Cancellation
from engine.providers.calls import STATUS_DETAILS
from engine.state import urns
from tests.engine.fake import FakeProvider, World

Faults = dict[tuple[str, int], tuple[str, bool]]
LOOKS = ("Check", "Diff", "Read")


@dataclass
class Flaky(World):
    """A world with faults: by number of the call that looks or changes, what happens and whether it is done before.

    ``loose``: what was made and whose maker's answer was lost, by URN; the next create of that URN takes it up, as a
    provider must whose objects carry a mark.  ``cut``: those of them that were lost because the run ended.
    ``dead``: the process has ended; nothing has any effect any more.
    """

    faults: Faults = field(default_factory=dict)
    loose: dict[str, str] = field(default_factory=dict)
    cut: dict[str, str] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)  # URNs by the ids of what this run has made
    asked_for: Counter[str] = field(default_factory=Counter)
    deleted: list[str] = field(default_factory=list)  # ids, in the order in which it was asked for
    dead: bool = False
    hit: int = 0  # faults of this run
    cancellation: Cancellation = field(default_factory=Cancellation)

    def begin(self, faults: Faults) -> None:
        self.faults, self.dead, self.hit, self.deleted, self.made = faults, False, 0, [], {}
        self.cancellation, self.asked_for = Cancellation(), Counter()

    def next_fault(self, kind: str) -> tuple[str, bool]:
        """What is to happen at this call."""
        self.asked_for[kind] += 1
        found = self.faults.get((kind, self.asked_for[kind] - 1), ("", False))
        self.hit += bool(found[0])
        return found

    def lose(self, recorded: set[str]) -> None:
        """The run was cut off: what it has made and nobody has written down has its mark alone."""
        lost = {urn: id_ for id_, urn in self.made.items() if id_ in self.objects and id_ not in recorded}
        self.loose |= lost
        self.cut |= lost


class FlakyProvider(FakeProvider):
    world: Flaky

    async def _carry(
        self, method: str, request: Any, context: Any, call: Callable[..., Awaitable[Any]]
    ) -> Any:
        """The call, with what is to happen at it.

        ``half``: made, but not come up.  ``interrupt``, ``terminate``: the operator's first and second ^C.
        """
        world, name = self.world, urns.name_of(request.urn)
        await asyncio.sleep(0)  # others go on meanwhile
        if world.dead:
            raise RuntimeError("the process has ended")
        what, done = world.next_fault("look" if method in LOOKS else "change")
        if what == "interrupt":
            world.cancellation.cancel()
        if not what or what == "interrupt":
            return await call(request, context)
        half = what == "half" and method in ("Create", "Update") and not request.preview
        answer = await call(request, context) if done or half else None
        if half:
            await _abort_half(request, context, answer)
        if what == "terminate":
            world.cancellation.terminate()
            await asyncio.Event().wait()
        if method == "Create" and done and not request.preview:
            world.loose[request.urn] = answer.id
            if what != "kill":  # the engine was told that there is nothing
                del world.made[answer.id]
        world.dead = what == "kill"
        return await context.abort(grpc.StatusCode.UNAVAILABLE, f"{method} of {name}: no answer")

    async def Check(self, request: Any, context: Any) -> Any:
        return await self._carry("Check", request, context, super().Check)

    async def Diff(self, request: Any, context: Any) -> Any:
        return await self._carry("Diff", request, context, super().Diff)

    async def Read(self, request: Any, context: Any) -> Any:
        return await self._carry("Read", request, context, super().Read)

    async def Create(self, request: Any, context: Any) -> Any:
        call = super().Create if request.preview else self._make
        return await self._carry("Create", request, context, call)

    async def _make(self, request: Any, context: Any) -> Any:
        answer = await super().Create(request, context)
        left = self.world.loose.pop(request.urn, "")
        self.world.cut.pop(request.urn, None)
        if left in self.world.objects:
            self.world.objects[left] = self.world.objects.pop(answer.id)
            answer.id = left
        self.world.made[answer.id] = request.urn
        return answer

    async def Update(self, request: Any, context: Any) -> Any:
        return await self._carry("Update", request, context, self._change)

    async def _change(self, request: Any, context: Any) -> Any:
        if not request.preview and request.id not in self.world.objects:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"{request.id} is gone")
        return await super().Update(request, context)

    async def Delete(self, request: Any, context: Any) -> Any:
        if not self.world.dead:
            self.world.deleted.append(request.id)
        return await self._carry("Delete", request, context, super().Delete)


async def _abort_half(request: Any, context: Any, answer: Any) -> None:
    """The object is there, and so is its record to be; it is not what it should be."""
    inputs = request.properties if isinstance(request, provider_pb2.CreateRequest) else request.news
    id_ = getattr(answer, "id", "") or request.id
    detail = provider_pb2.ErrorResourceInitFailed(
        id=id_, properties=answer.properties, inputs=struct_pb2.Struct(fields=inputs.fields), reasons=["half"]
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message="not come up")
    status.details.add().Pack(detail)
    context.set_trailing_metadata(((STATUS_DETAILS, status.SerializeToString()),))
    await context.abort(grpc.StatusCode.UNKNOWN, status.message)
