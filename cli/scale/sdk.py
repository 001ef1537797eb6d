"""`python -m cli.scale.sdk FOLDER STACK [plain]`: what the SDK alone needs to register a stack's resources.

The project's program runs under Pulumi's SDK as the embedded engine runs it, but the monitor answers each registration
at once with what it was given: no engine, no provider, no state, no libvirt.  ``plain`` leaves the SDK to itself; else
it gets the turn of its loop that the embedded engine gives it (`engine.program.program`), without which it waits
longer.
"""

from __future__ import annotations

import asyncio
import os
import runpy
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime import Settings, configure, run_in_stack
from pulumi.runtime.config import set_all_config
from pulumi.runtime.proto import engine_pb2, resource_pb2

from engine.program.program import ENVIRONMENT, THREADS
from engine.settings import project, stackfile
from engine.state import urns

DOMAIN = "libvirt:index/domain:Domain"


class Monitor:
    """As much of ResourceMonitor as the program uses.  An ID is the resource's name."""

    def __init__(self, project_name: str, stack: str) -> None:
        self._project, self._stack = project_name, stack
        self.registered = 0

    def GetDeploymentInfo(self, request: Any) -> Any:
        return resource_pb2.DeploymentInfo(
            project=self._project,
            stack=self._stack,
            dryRun=True,
            supportedFeatures=resource_pb2.ResourceMonitorFeature.values(),
        )

    def RegisterResource(self, request: Any) -> Any:
        self.registered += 1
        urn = urns.make(self._stack, self._project, request.parent, request.type, request.name)
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if request.type == DOMAIN:
            request.object.update({"state": "shut off"})
        return resource_pb2.RegisterResourceResponse(urn=urn, id=request.name, object=request.object)

    def Invoke(self, request: Any) -> Any:
        """The host has all that it needs."""
        answer = resource_pb2.ResourceInvokeResponse()
        getattr(answer, "return").update({"kvm": True, "lacks": []})
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any) -> Any:
        return empty_pb2.Empty()


class Engine:
    """Nothing is logged anywhere."""

    def Log(self, request: Any) -> Any:
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any) -> Any:
        return engine_pb2.GetRootResourceResponse()

    def SetRootResource(self, request: Any) -> Any:
        return engine_pb2.SetRootResourceResponse()


def register(folder: Path, stack: str, *, plain: bool) -> int:
    """How many resources the program has registered."""

    async def program() -> None:
        runpy.run_path(str(folder), run_name="__main__")
        if not plain:
            await asyncio.sleep(0)

    name = project.find(folder).name
    config = stackfile.StackFile.read(folder / f"Pulumi.{stack}.yaml", name)
    os.environ.update(ENVIRONMENT)
    monitor = Monitor(name, stack)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(THREADS))
    set_all_config(dict(config.texts(lambda sealed: sealed)), [])
    settings = Settings(
        project=name, stack=stack, monitor=monitor, engine=Engine(), parallel=16, dry_run=True
    )
    configure(settings)
    loop.run_until_complete(run_in_stack(program))
    return monitor.registered


if __name__ == "__main__":
    print(register(Path(sys.argv[1]), sys.argv[2], plain="plain" in sys.argv[3:]))
