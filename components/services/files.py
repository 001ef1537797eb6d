"""All that is put into a VM for its services, what is run there, and what it says when all is well."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from components.services import compose, container
from components.services.definition import digest
from config.plan_services import PlannedRecipe, PlannedService, PlannedServices

FOLDER: Final = "/etc/trop/services"
APPLY: Final = f"{FOLDER}/apply"
_HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class File:
    """``mode`` in octal digits; of root."""

    content: str
    mode: str = "0644"


def files(services: PlannedServices) -> dict[str, File]:
    """By path: the list, a command for each container, a compose file for each service, and what applies them."""
    found = {f"{FOLDER}/list": File(listing(services)), APPLY: File(_shipped("apply.sh"), "0755")}
    for member in services.members:
        if member.replicas is None:
            found[f"{FOLDER}/containers/{member.name}"] = File(container.script(member), "0755")
        else:
            found[f"{FOLDER}/stack/{member.name}.yaml"] = File(compose.document(member))
    return found


def listing(services: PlannedServices) -> str:
    """What `apply` goes by: a line each, in words without blanks."""
    lines = [f"wait {services.wait}"]
    if services.stack is not None:
        lines.append(f"stack {services.stack} {services.address}")
    lines += [_line(member) for member in services.members]
    lines += [f"secret {name}" for name in services.secrets]
    lines += [f"uses {member.full_name} {name}" for member in services.members for name in member.secrets]
    return "".join(f"{line}\n" for line in lines)


def _line(member: PlannedService) -> str:
    count = "" if member.replicas is None else f" {member.replicas}"
    return f"{member.label} {member.image} {digest(member)}{count}"


def state(services: PlannedServices) -> dict[str, dict[str, str]]:
    """What `reading` prints of them when all is well."""
    return {member.label: _state(member) for member in services.members}


def _state(member: PlannedService) -> dict[str, str]:
    alike = {"image": member.image, "settings": digest(member)}
    if member.replicas is None:
        return {**alike, "status": "running"}
    return {**alike, "replicas": f"{member.replicas}/{member.replicas}"}


def keeps(services: PlannedServices) -> dict[str, dict[str, str]]:
    """What a container or service has by its declaration, of that which somebody else's may have and would lose."""
    return {member.label: _kept(member, services.stack) for member in services.members}


def _kept(member: PlannedService, stack: str | None) -> dict[str, str]:
    """As `reading` prints it: items with blanks between them; of the environment the names."""
    single = member.replicas is None
    ports = [str(port) if single else f"{port.host}->{port.guest}/{port.kind}" for port in member.ports]
    return {
        "volumes": " ".join(_mounted(member, text, stack) for text in member.volumes),
        "networks": "bridge" if single else member.network or f"{stack}_default",
        "environment": " ".join(sorted(member.environment)),
        "ports": " ".join(ports),
    }


def _mounted(member: PlannedService, volume: str, stack: str | None) -> str:
    source, target = volume.split(":")[:2]
    plain = member.replicas is None or source.startswith("/") or source in member.external
    return f"{source if plain else f'{stack}_{source}'}:{target}"


def reading(recipe: PlannedRecipe, services: PlannedServices | None) -> str:
    """The command that says what there is, and what of the recipe is missing."""
    named = {
        "STACK": (services and services.stack) or "",
        "DECLARED": " ".join(member.full_name for member in services.members) if services else "",
        "PACKAGES": " ".join(recipe.software.packages),
        "USERS": " ".join(recipe.users),
        "ZONE": recipe.timezone or "",
    }
    head = "".join(f"{key}={shlex.quote(value)}\n" for key, value in named.items())
    return head + _shipped("read.sh")


def removing() -> str:
    return _shipped("remove.sh")


def concerns(services: PlannedServices) -> dict[str, list[str]]:
    """By secret: the labels of what uses it, and so restarts with another one."""
    return {
        name: [member.label for member in services.members if name in member.secrets]
        for name in services.secrets
    }


def by_hand(services: PlannedServices) -> dict[str, Any]:
    """For a VM to which nobody has a way: what to put where, and what to type there."""
    prefix = "SECRETS=FOLDER " if services.secrets else ""
    return {
        "files": {path: {"mode": f.mode, "content": f.content} for path, f in files(services).items()},
        "commands": [*_secret_files(services), f"{prefix}{APPLY}"],
    }


def _secret_files(services: PlannedServices) -> Iterator[str]:
    """FOLDER is made by whoever types this, and taken away afterwards."""
    for name in services.secrets:
        yield f"cat > FOLDER/{name}    # the password, without a line break; FOLDER of mode 0700 under /run"


def _shipped(name: str) -> str:
    """A script; where it asks Docker what a service has of what is declared, it asks for these fields."""
    text = (_HERE / name).read_text(encoding="utf-8")
    return text.replace("@FIELDS@", shlex.quote((_HERE / "fields.tmpl").read_text(encoding="utf-8").strip()))
