"""A single container as the command that makes it, and does not start it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from components.services.compose import LABEL
from components.services.definition import digest, logging
from config.plan_services import PlannedService


def script(member: PlannedService) -> str:
    """The same facts are the same bytes."""
    words = [" ".join(map(shlex.quote, pair)) for pair in _options(member)]
    words.append(shlex.join([member.image, *member.command]))
    command = " \\\n    ".join([f"exec docker create --name {member.full_name}", *words])
    return f"#!/bin/sh\n{command}\n"


def _options(member: PlannedService) -> Iterator[tuple[str, ...]]:
    yield "--label", f"{LABEL}={digest(member)}"
    yield "--restart", "unless-stopped"
    if member.tty:
        yield ("--tty",)
    for port in member.ports:
        yield "--publish", f"{port.address}:{port.host}:{port.guest}/{port.kind}"
    for listened in member.expose:
        yield "--expose", str(listened)
    for key, value in member.environment.items():
        yield "--env", f"{key}={value}"
    for volume in member.volumes:
        yield "--volume", volume
    log = logging(member)
    yield "--log-driver", log.driver
    for option, value in log.options.items():
        yield "--log-opt", f"{option}={value}"
    if member.health:
        yield "--health-cmd", member.health.command
        yield "--health-interval", f"{member.health.interval}s"
        yield "--health-timeout", f"{member.health.timeout}s"
        yield "--health-retries", str(member.health.retries)
