"""A service as Docker is to have it, and the digest by which two definitions are told apart."""

from __future__ import annotations

import hashlib
from typing import Final

from pydantic import BaseModel

from config.plan_services import PlannedService
from config.services import Logging

DIGITS = 11
# Of what says nothing of it: Docker's own default keeps all that is ever written.
LOGGING: Final = Logging(driver="json-file", options={"max-size": "20m", "max-file": "5"})
# Of a health check these count at their defaults, too: they were there when the first containers were made.
FIRST_OF_HEALTH: Final = frozenset({"command", "interval", "timeout", "retries"})


def digest(member: PlannedService) -> str:
    """Of all that its containers are made of: where it differs they are made anew.

    How many there are and which secret's value it is are not: Docker says the one, and knows the other.  A field that
    has a default counts where it is not at that, so that a later field makes nothing anew that does not say it.
    """
    unsaid: dict[str, set[str] | bool] = dict.fromkeys(_at_default(member), True)
    if member.health is not None:
        unsaid["health"] = _at_default(member.health) - FIRST_OF_HEALTH
    said = member.model_dump_json(exclude={"name": True, "replicas": True, **unsaid})
    return "c" + hashlib.sha256(said.encode()).hexdigest()[:DIGITS]  # no YAML takes that for a number


def logging(member: PlannedService) -> Logging:
    """Where its output goes; a container that is there keeps what it was made with."""
    return member.logging or LOGGING


def _at_default(model: BaseModel) -> set[str]:
    fields = type(model).model_fields
    return {
        name
        for name, field in fields.items()
        if not field.is_required() and getattr(model, name) == field.get_default(call_default_factory=True)
    }
