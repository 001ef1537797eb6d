"""Messages to the engine that has started this provider, over the engine's own gRPC service."""

from __future__ import annotations

import contextlib
from typing import Any

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

SECONDS = 5.0  # an engine that takes no messages must not hold up the work


class EngineLog:
    """``address``: host and port, as the engine gives it to the providers that it starts."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._stub: Any = None

    async def report(self, urn: str, severity: str, message: str) -> None:
        """Send one message about a resource.  That nobody listens is no reason to fail."""
        if self._stub is None:  # made here: a channel belongs to the loop that is running
            self._stub = engine_pb2_grpc.EngineStub(grpc.aio.insecure_channel(self._address))
        level = engine_pb2.LogSeverity.Value(severity.upper())
        request = engine_pb2.LogRequest(severity=level, message=message, urn=urn)
        with contextlib.suppress(grpc.RpcError):
            await self._stub.Log(request, timeout=SECONDS)
