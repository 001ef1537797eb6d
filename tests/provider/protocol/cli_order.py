"""The plugin's calls of a stack that is up, in the Pulumi CLI's order, as tests/engine/recordings has it.

With `refresh: always`: Configure, Read of all at the same time and a Diff each; then, as the program declares them,
Check and Diff, Update or Create of each, dependencies before what depends on them, others at the same time and in any
order.  The preview and the update have a process each.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from engine.providers.calls import call as engine_call
from provider.protocol import wire

Data = dict[str, Any]


@dataclass
class Record:
    """A resource as the state has it; ``after``: the URNs of those that it depends on.  ``id`` is empty once gone."""

    urn: str
    id: str
    inputs: Data
    outputs: Data
    after: frozenset[str]
    first_id: str


def records(state: Path) -> list[Record]:
    """Those of a state file that a provider's calls are about."""
    resources = json.loads(state.read_text())["checkpoint"]["latest"]["resources"]
    return [
        Record(r["urn"], r["id"], r["inputs"], r["outputs"], frozenset(r.get("dependencies", ())), r["id"])
        for r in resources
        if r.get("custom") and not r["type"].startswith("pulumi:")
    ]


def struct(value: Data) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(value)
    return made


class Process:
    """One plugin process.  ``late``: the end of the URN of what is asked for a moment after all else that it could be
    asked for with."""

    def __init__(self, servicer: Any, seed: int, late: str = "-") -> None:
        self.servicer, self.random, self.late = servicer, random.Random(seed), late

    async def ask(self, method: str, request: Any) -> Any:
        return await engine_call(self.servicer, method, request)

    def run(self, stack: list[Record], preview: bool) -> None:
        """One preview, or the update after it, which leaves in the records what the state has afterwards."""
        asyncio.run(self._run(stack, preview))

    async def _run(self, stack: list[Record], preview: bool) -> None:
        await self.ask("Configure", pb.ConfigureRequest(args=struct({"uri": "qemu:///system"})))
        await self._together(stack, self._refresh)
        made: dict[str, str] = {}  # the IDs of before -> now
        left = list(stack)
        while left:
            urns = {each.urn for each in left}
            ready = [each for each in left if not each.after & urns]
            await self._together(ready, lambda each: self._step(each, made, preview))
            left = [each for each in left if each not in ready]
        await self.ask("Cancel", struct_pb2.Struct())
        self.servicer.close()

    async def _together(self, each: Iterable[Record], work: Callable[[Record], Any]) -> None:
        async def ask(one: Record) -> None:
            if one.urn.endswith(self.late):
                await asyncio.sleep(0.2)
            await work(one)

        every = list(each)
        await asyncio.gather(*map(ask, self.random.sample(every, len(every))))

    async def _refresh(self, one: Record) -> None:
        wanted = one.inputs
        if not one.id:  # it is not in the state any more
            one.inputs = {"": wanted}
            return
        request = {"urn": one.urn, "inputs": struct(one.inputs), "properties": struct(one.outputs)}
        seen = await self.ask("Read", pb.ReadRequest(id=one.id, **request))
        one.id = seen.id
        if one.id:
            one.inputs, one.outputs = _plain(seen.inputs), _plain(seen.properties)
            await self._diff(one, wanted)
        one.inputs = {**one.inputs, "": wanted}  # the program's own, for its step

    async def _diff(self, one: Record, news: Data) -> Any:
        olds = {"olds": struct(one.outputs), "old_inputs": struct(one.inputs)}
        return await self.ask("Diff", pb.DiffRequest(urn=one.urn, id=one.id, news=struct(news), **olds))

    async def _step(self, one: Record, made: dict[str, str], preview: bool) -> None:
        news = _renamed(one.inputs.pop(""), made)
        olds = one.inputs if one.id else {}
        checked = await self.ask("Check", pb.CheckRequest(urn=one.urn, olds=struct(olds), news=struct(news)))
        assert not checked.failures
        news = _plain(checked.inputs)
        if one.id:
            if (await self._diff(one, news)).changes == pb.DiffResponse.DIFF_SOME:
                request = {"urn": one.urn, "id": one.id, "news": struct(news), "preview": preview}
                before = {"olds": struct(one.outputs), "old_inputs": struct(one.inputs)}
                answer = await self.ask("Update", pb.UpdateRequest(**request, **before))
                one.outputs = _plain(answer.properties)
        else:
            request = {"urn": one.urn, "properties": struct(news), "preview": preview}
            answer = await self.ask("Create", pb.CreateRequest(**request))
            one.id, one.outputs = answer.id, _plain(answer.properties)
            made[one.first_id] = answer.id or wire.UNKNOWN
        one.inputs = news


def _renamed(value: Any, made: dict[str, str]) -> Any:
    """What a program says of it: IDs are of what they name, and unknown where that is not made yet."""
    if isinstance(value, dict):
        return {key: _renamed(part, made) for key, part in value.items()}
    if isinstance(value, list):
        return [_renamed(part, made) for part in value]
    return made.get(value, value) if isinstance(value, str) else value


def _plain(message: struct_pb2.Struct) -> Data:
    made: Data = json_format.MessageToDict(message)
    return made
