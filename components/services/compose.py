"""A service of a stack as compose (v3) has it: a document for each, so that only those that changed are deployed."""

from __future__ import annotations

from typing import Any, Final

import yaml  # type: ignore[import-untyped]

from components.services.definition import digest, logging
from config.plan_services import PlannedService
from config.services import VOLUME, Health, Logging

VERSION: Final = "3.8"
LABEL: Final = "trop.config"


def document(member: PlannedService) -> str:
    """The same facts are the same bytes."""
    named = [v.split(":", 1)[0] for v in member.volumes if not v.startswith("/")]
    content: dict[str, Any] = {"version": VERSION, "services": {member.name: service(member)}}
    if named:
        content["volumes"] = {name: _volume_of(member, name) for name in named}
    if member.network:
        content["networks"] = {"default": {"external": True, "name": member.network}}
    if member.secrets:
        content["secrets"] = {
            name: {"external": True, "name": f"${{{variable(name)}}}"} for name in member.secrets
        }
    text: str = yaml.safe_dump(content, sort_keys=False, default_flow_style=False, width=110)
    return text


def variable(secret: str) -> str:
    """The environment variable with the name that Docker has the secret under; `apply` sets it."""
    return "SECRET_" + secret.upper().replace("-", "_")


def service(member: PlannedService) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "image": member.image,
        "command": [_plain(word) for word in member.command],
        "tty": member.tty,
        "environment": {key: _plain(value) for key, value in member.environment.items()},
        "expose": [str(port) for port in member.expose],
        "ports": [
            {"target": p.guest, "published": p.host, "protocol": p.kind, "mode": "ingress"}
            for p in member.ports
        ],
        "volumes": [_volume(text) for text in member.volumes],
        "logging": _logging(logging(member)),
        "healthcheck": _health(member.health) if member.health else None,
        "secrets": [{"source": name, "target": name, "mode": 0o444} for name in member.secrets],
        "deploy": _deploy(member),
    }
    return {key: value for key, value in parts.items() if value}


def _volume_of(member: PlannedService, name: str) -> dict[str, Any]:
    """One that is external has its own name in Docker, another one the stack's before it."""
    return {"external": True, "name": name} if name in member.external else {}


def _logging(declared: Logging) -> dict[str, Any]:
    options = {key: _plain(value) for key, value in declared.options.items()}
    return {"driver": declared.driver, **({"options": options} if options else {})}


def _deploy(member: PlannedService) -> dict[str, Any]:
    """Two containers on one volume would spoil it, so the former one goes first there."""
    order = "stop-first" if member.volumes else "start-first"
    return {
        "replicas": member.replicas,
        "labels": {LABEL: digest(member)},
        "restart_policy": {"condition": "any"},
        "update_config": {"order": order, "failure_action": "rollback"},
        "rollback_config": {"order": order},
    }


def _volume(text: str) -> dict[str, Any]:
    match = VOLUME.fullmatch(text)
    assert match is not None
    kind = "bind" if match["source"].startswith("/") else "volume"
    mode = {"read_only": True} if match["mode"] else {}
    return {"type": kind, "source": match["source"], "target": match["target"], **mode}


def _health(health: Health) -> dict[str, Any]:
    return {
        "test": ["CMD-SHELL", _plain(health.command)],
        "interval": f"{health.interval}s",
        "timeout": f"{health.timeout}s",
        "retries": health.retries,
    }


def _plain(text: str) -> str:
    """A text in which compose finds no variables."""
    return text.replace("$", "$$")
