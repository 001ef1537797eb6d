"""The two services that the SDK speaks to, as an object in the same process.

The SDK calls them from threads of the program and waits; the work is done on the engine's loop.  A call that the run
has no answer for any more (a step failed, the run was canceled) ends with `ProgramStoppedError`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, resource_pb2

from engine.errors import CommandError
from engine.events import Severity
from engine.options import CLI, ProviderError, UnsupportedError
from engine.program.registrations import Registrations
from engine.run.session import HaltError, Session


class ProgramStoppedError(Exception):
    """The run ends; the program gets no answer."""


class CallError(grpc.RpcError):  # type: ignore[misc]
    """A failure that the SDK turns into an exception of the program."""

    def code(self) -> Any:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return str(self)


class Monitor:
    """ResourceMonitor, and Engine: what the program registers, and what it logs."""

    def __init__(self, loop: asyncio.AbstractEventLoop, session: Session, registrations: Registrations):
        self._loop, self._session, self._registrations = loop, session, registrations
        self._asked: set[Future[Any]] = set()
        self._abandoned = False

    def _ask(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Wait, in a thread of the program, for what the engine's loop makes of it."""
        if self._abandoned:
            work.close()
            raise ProgramStoppedError
        answer = asyncio.run_coroutine_threadsafe(work, self._loop)
        self._asked.add(answer)
        if self._abandoned:  # in between: nobody else would end the wait
            answer.cancel()
        try:
            return answer.result()
        except (HaltError, CancelledError):
            raise ProgramStoppedError from None
        except (ProviderError, UnsupportedError) as e:
            raise CallError(str(e)) from None
        except Exception as e:  # the state can't be written, or the engine has a fault: begin nothing more
            fault = str(e) if isinstance(e, CommandError) else f"the engine failed: {type(e).__name__}: {e}"
            self._loop.call_soon_threadsafe(self._session.refuse, fault)
            raise ProgramStoppedError from None
        finally:
            self._asked.discard(answer)

    def abandon(self) -> None:
        """Answer nothing any more: not what is under way, and not what a program that lives on may still ask."""
        self._abandoned = True
        for answer in list(self._asked):
            answer.cancel()

    async def _refuse(self, what: str) -> None:
        raise self._session.refuse(f"the program uses {what}: this engine does not have that; {CLI}")

    def GetDeploymentInfo(self, request: Any) -> Any:
        project = self._session.project
        return resource_pb2.DeploymentInfo(
            project=project.name,
            stack=project.stack,
            organization=project.organization,
            config=dict(project.config),
            configSecretKeys=sorted(project.secret_keys),
            dryRun=self._session.preview,
            parallel=self._session.options.parallel,
            # all of them: what this engine can't do must reach it, to be refused by name
            supportedFeatures=resource_pb2.ResourceMonitorFeature.values(),
        )

    def RegisterResource(self, request: Any) -> Any:
        return self._ask(self._registrations.register(request))

    def RegisterResourceOutputs(self, request: Any) -> Any:
        return self._ask(self._registrations.register_outputs(request))

    def ReadResource(self, request: Any) -> Any:
        return self._ask(self._registrations.read(request))

    def Invoke(self, request: Any) -> Any:
        return self._ask(self._registrations.invoke(request))

    def SignalAndWaitForShutdown(self, request: Any) -> Any:
        return empty_pb2.Empty()

    def Call(self, request: Any) -> Any:
        return self._ask(self._refuse(f"the method {request.tok}"))

    def ExistsResource(self, request: Any) -> Any:
        return self._ask(self._refuse("exists()"))

    def RegisterStackTransform(self, request: Any) -> Any:
        self._registrations.transforms.stack.append(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> Any:
        self._registrations.transforms.invokes.append(request)
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any) -> Any:
        return self._ask(self._refuse("resource hooks"))

    def RegisterErrorHook(self, request: Any) -> Any:
        return self._ask(self._refuse("error hooks"))

    def RegisterPackage(self, request: Any) -> Any:
        return self._ask(self._refuse(f"the parameterized package {request.name}"))

    def Log(self, request: Any) -> Any:
        severity: Severity = engine_pb2.LogSeverity.Name(request.severity).lower()
        if severity != "debug":
            self._loop.call_soon_threadsafe(
                self._session.say, severity, request.message, request.urn, request.ephemeral
            )
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any) -> Any:
        return engine_pb2.GetRootResourceResponse(urn=self._session.stack_urn)

    def SetRootResource(self, request: Any) -> Any:
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(self, request: Any) -> Any:
        return engine_pb2.RequirePulumiVersionResponse()
