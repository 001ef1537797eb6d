"""What the provider answers with: check failures, diffs, and how the failure of a call is said."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime.proto import provider_pb2

from provider.connection.done import Done
from provider.errors import plain
from provider.impact.kinds import Note
from provider.resource import shape
from provider.resource.base import COMPUTED, Failure, Props
from provider.resource.names import short

LONGEST_URI = 1000  # characters
_URI = re.compile(rf"(?!.{{{LONGEST_URI + 1}}})[a-z]+(\+[a-z0-9]+)?://\S*")


@dataclass
class Task:
    """One call about a resource: which, how its failure is said, and what the handler has noted."""

    urn: str
    failed: str  # "is not changed"
    told: list[Note | str] = field(default_factory=list)
    done: Done = field(default_factory=Done)
    heard: int = 0  # how many of these the engine has been told

    @property
    def subject(self) -> str:
        """``cloud init disk Siamond-seed``."""
        kind = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", token_of(self.urn).rsplit(":", 1)[-1]).lower()
        return f"{kind} {self.urn.split('::')[-1]}"

    @property
    def failure(self) -> str:
        """``cloud init disk Siamond-seed is not changed``."""
        return f"{self.subject} {'is not finished' if self.done else self.failed}"

    @property
    def so_far(self) -> str:
        """What was done, at the end of a line that says why not all of it was."""
        return f"; done before that: {self.done}" if self.done else ""


def config_failures(config: Props) -> list[Failure]:
    """What is wrong with the provider's own configuration."""
    unknown = sorted(set(config) - {"uri", "version", "pluginDownloadURL"})
    found = [Failure(key, "no such setting of the libvirt provider; there is uri") for key in unknown]
    uri = config.get("uri")
    if uri is None or uri == "":
        found.append(Failure("uri", "must be given: the hypervisor, for example qemu:///system"))
    elif uri is not COMPUTED and not (isinstance(uri, str) and uri.isprintable() and _URI.fullmatch(uri)):
        found.append(
            Failure("uri", f"is no libvirt URI: {short(uri)}; an example is qemu+ssh://root@host/system")
        )
    return found


def token_of(urn: str) -> str:
    """The resource's own type: a child's carries its parents' (``trop:index:X$libvirt:index/pool:Pool``)."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def check_failures(failures: Iterable[Failure]) -> list[Any]:
    return [provider_pb2.CheckFailure(property=plain(f.path), reason=plain(f.reason)) for f in failures]


def diff_response(changes: dict[str, Any], output_paths: Iterable[str]) -> Any:
    outputs = set(output_paths)
    some = provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=some,
        diffs=list(dict.fromkeys(shape.top(path) for path in changes)),
        hasDetailedDiff=True,
        detailedDiff={
            path: provider_pb2.PropertyDiff(kind=kind.upper(), inputDiff=path not in outputs)
            for path, kind in changes.items()
        },
    )
