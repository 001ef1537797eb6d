"""The hypervisors as they are now: asked at the same time, each through a read-only connection."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from cli.words.command_line import UsageError
from config.read import yaml_mapping
from provider.connection import errors
from provider.errors import OperatorError
from provider.survey import sweep
from provider.survey.survey import HostSeen

URI = "libvirt:uri"
GUESTS_AT_ONCE = 8  # of one hypervisor: one whose agent hangs takes libvirt 5 s
T = TypeVar("T")


def uris(root: Path, stacks: Iterable[str], *, lab: bool) -> dict[str, str]:
    """Where each stack's libvirt is: what its file says, or its lab.  Raises `UsageError` for one that says nothing."""
    if not lab:
        return {stack: _declared_uri(root, stack) for stack in stacks}
    from cli.lab.stack import bare_lab  # only for --lab: the lab's modules take time to load

    return {stack: bare_lab(stack).uri for stack in stacks}


def known(root: Path, stacks: Iterable[str], *, lab: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Where libvirt is of those stacks of which that is said; of each other one, why it is not known."""
    found: dict[str, str] = {}
    refused: dict[str, str] = {}
    for stack in stacks:
        try:
            found |= uris(root, [stack], lab=lab)
        except UsageError as error:
            refused[stack] = str(error)
    return found, refused


def look(uris: Mapping[str, str]) -> dict[str, HostSeen | OperatorError]:
    """What is on each host, or why it could not be asked; in the order given."""
    return at_once(lambda stack: _one(uris[stack]), uris)


def at_once(ask: Callable[[str], T], stacks: Collection[str]) -> dict[str, T]:
    """What each gives; in the order given."""
    if not stacks:
        return {}
    with ThreadPoolExecutor(max_workers=len(stacks)) as pool:
        return dict(zip(stacks, pool.map(ask, stacks), strict=True))


def _one(uri: str) -> HostSeen | OperatorError:
    try:
        host = sweep.read_only(uri)
        try:
            return sweep.survey(host)
        finally:
            host.close()
    except OperatorError as error:
        return error
    except errors.VirtError as error:
        why = "stopped answering" if errors.lost(error) else "could not be looked at"
        return OperatorError(f"libvirt at {uri} {why}: {errors.said(error)}")


def _declared_uri(root: Path, stack: str) -> str:
    file = root / f"Pulumi.{stack}.yaml"
    settings = yaml_mapping(file, file.name, "the stack's file").get("config")
    uri = settings.get(URI) if isinstance(settings, dict) else None
    if not isinstance(uri, str) or not uri:
        raise UsageError(
            f"{file.name}: {URI} is missing; set it with ./trop config {stack} set {URI} qemu+ssh://…"
        )
    return uri
