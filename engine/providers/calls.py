"""Calls of a provider's gRPC handlers without gRPC: same messages, same errors, no socket."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from pulumi.runtime.proto import provider_pb2, status_pb2

from engine.options import InitError, ProviderError
from engine.state.values import from_wire

STATUS_DETAILS = "grpc-status-details-bin"


class AbortError(Exception):
    """What `Context.abort` raises to leave the handler; the text is what it says."""


class Context:
    """As much of ``grpc.aio.ServicerContext`` as a provider's handlers use."""

    def __init__(self) -> None:
        self.trailing: Iterable[tuple[str, Any]] = ()

    async def abort(self, code: Any, details: str = "", trailing_metadata: Any = ()) -> NoReturn:
        self.trailing = trailing_metadata or self.trailing
        raise AbortError(details)

    def set_trailing_metadata(self, metadata: Iterable[tuple[str, Any]]) -> None:
        self.trailing = metadata


async def call(servicer: Any, method: str, request: Any, *more: Any) -> Any:
    """The answer of a handler; raises `ProviderError`, or `InitError` when the object was made all the same."""
    context = Context()
    try:
        return await getattr(servicer, method)(request, context, *more)
    except AbortError as e:
        raise _init_error(str(e), context.trailing) or ProviderError(str(e)) from None
    except NotImplementedError:
        raise ProviderError(f"the provider does not implement {method}") from None
    except Exception as e:
        raise ProviderError(f"{method}: {type(e).__name__}: {e}") from e


def _init_error(message: str, trailing: Iterable[tuple[str, Any]]) -> InitError | None:
    """The error of an object that was made and did not come up, if that is what a handler tells."""
    statuses = [status_pb2.Status.FromString(value) for key, value in trailing if key == STATUS_DETAILS]
    failure = provider_pb2.ErrorResourceInitFailed()
    for detail in (detail for status in statuses for detail in status.details):
        if detail.Unpack(failure):
            return InitError(
                message,
                id=failure.id,
                outputs=from_wire(failure.properties),
                inputs=from_wire(failure.inputs),
                reasons=list(failure.reasons),
            )
    return None
