"""One recording mock of the Pulumi engine, for all component tests."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime import mocks, rpc, set_all_config
from pulumi.runtime.stack import run_in_stack


@dataclass(frozen=True)
class Registered:
    """One RegisterResource request, as the engine gets it."""

    type: str
    name: str
    urn: str
    parent: str
    inputs: dict[str, Any]
    protect: bool
    dependencies: tuple[str, ...]
    version: str


@dataclass
class Recording(mocks.Mocks):
    """What a program registered, in order, and the outputs of each of its components."""

    resources: list[Registered] = field(default_factory=list)
    outputs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """A host that lacks nothing, and a guest's script that says whose it is."""
        self.calls.append((args.token, dict(args.args)))
        if args.token.endswith(":getNicSetup"):
            return {"script": f"the script of {args.args['mac']}"}, []
        return {"kvm": True, "lacks": []}, []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        state = dict(args.inputs)
        if args.typ.endswith(":Domain"):
            state["state"] = "running"
        if args.typ.endswith(":Interface"):
            state["holder"] = args.inputs["domain"].removesuffix("-id")
        return f"{args.name}-id" if args.custom else "", state

    def of(self, type_: str) -> dict[str, Registered]:
        """The registered resources whose type ends so, by name."""
        return {r.name: r for r in self.resources if r.type.endswith(f":{type_}")}

    def one(self, type_: str) -> Registered:
        (only,) = self.of(type_).values()
        return only


class _Monitor(mocks.MockMonitor):
    def __init__(self, recording: Recording) -> None:
        super().__init__(recording)
        self.recording = recording

    def RegisterResource(self, request: Any) -> Any:
        answer = super().RegisterResource(request)
        self.recording.resources.append(
            Registered(
                type=request.type,
                name=request.name,
                urn=answer.urn,
                parent=request.parent,
                inputs=rpc.deserialize_properties(request.object),
                protect=request.protect,
                dependencies=tuple(request.dependencies),
                version=request.version,
            )
        )
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:
        outputs = rpc.deserialize_properties(request.outputs)
        self.recording.outputs.setdefault(request.urn, []).append(outputs)
        return super().RegisterResourceOutputs(request)


def run(
    program: Callable[[], object], stack: str = "trop02", settings: dict[str, str] | None = None
) -> Recording:
    """Run a program to its end; ``settings`` are Pulumi's configuration values (objects as JSON text)."""
    recording = Recording()

    def inside() -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        mocks.configure(
            mocks.MockSettings(
                monitor=(monitor := _Monitor(recording)),
                monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),
                engine=mocks.MockEngine(None),
                project="trop",
                stack=stack,
                dry_run=False,
                organization="organization",
                callbacks=None,
            )
        )
        set_all_config(settings or {})
        asyncio.get_event_loop().run_until_complete(run_in_stack(lambda: program() and None))

    contextvars.Context().run(inside)
    return recording
