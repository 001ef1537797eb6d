"""A service as Docker is to have it, and the digest by which two definitions are told apart."""

from __future__ import annotations

import hashlib

from config.plan_services import PlannedService

DIGITS = 11


def digest(member: PlannedService) -> str:
    """Of all that its containers are made of: where it differs they are made anew.

    How many there are and which secret's value it is are not: Docker says the one, and knows the other.
    """
    said = member.model_dump_json(exclude={"name", "replicas"})
    return "c" + hashlib.sha256(said.encode()).hexdigest()[:DIGITS]  # no YAML takes that for a number
