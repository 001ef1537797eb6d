"""What a program registers under Pulumi's SDK alone: each registration is answered at once with what it was given."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pulumi.runtime import Settings, configure, run_in_stack
from pulumi.runtime.mocks import MockEngine, MockMonitor
from pulumi.runtime.proto import resource_pb2

from engine.program.program import THREADS
from engine.state import urns

DOMAIN = "libvirt:index/domain:Domain"


class Monitor(MockMonitor):
    """No engine, no provider, no state, no libvirt; ``id_of`` gives what is registered its ID."""

    def __init__(self, project: str, stack: str, id_of: Callable[[Any], str]) -> None:
        self.project, self.stack, self._id_of = project, stack, id_of
        self.requests: list[Any] = []

    def GetDeploymentInfo(self, request: Any) -> Any:
        features = resource_pb2.ResourceMonitorFeature.values()
        return resource_pb2.DeploymentInfo(
            project=self.project, stack=self.stack, dryRun=True, supportedFeatures=features
        )

    def RegisterResource(self, request: Any) -> Any:
        self.requests.append(request)
        urn = urns.make(self.stack, self.project, request.parent, request.type, request.name)
        answer = resource_pb2.RegisterResourceResponse(urn=urn)
        if request.custom:
            answer.id = self._id_of(request)
            answer.object.CopyFrom(request.object)
        if request.type == DOMAIN:
            answer.object.update({"state": "shut off"})
        return answer

    def Invoke(self, request: Any) -> Any:
        """The host has all that it needs."""
        answer = resource_pb2.ResourceInvokeResponse()
        getattr(answer, "return").update({"kvm": True, "lacks": []})
        return answer


def run(program: Callable[[], Awaitable[None] | None], monitor: Monitor) -> None:
    """To its end; whatever the SDK has been told before is not seen, and not changed."""
    contextvars.Context().run(_run, program, monitor)


def _run(program: Callable[[], Awaitable[None] | None], monitor: Monitor) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(THREADS))
    project, stack = monitor.project, monitor.stack
    configure(Settings(project, stack, monitor, MockEngine(None), parallel=16, dry_run=True))
    loop.run_until_complete(run_in_stack(program))
    loop.close()
