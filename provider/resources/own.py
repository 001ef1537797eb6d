"""Words that all resource types use of objects that are not theirs."""

from __future__ import annotations

from provider.errors import OperatorError
from provider.resources.base import Call


def not_ours(call: Call, token: str, what: str, id: str) -> OperatorError:
    """An object that some other hand has made is never taken silently; the line says how to adopt it."""
    return OperatorError(
        f"{what} exists already on {call.host.uri}, and not by this stack: to adopt it, give this resource "
        f"import_={id!r}, or type: pulumi import {token} {call.name} {id}"
    )
