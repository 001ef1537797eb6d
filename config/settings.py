"""A stack's own settings (``trop:…`` in its Pulumi.<stack>.yaml): which VMs run, and what a lab forces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field, StrictBool

from config.fleet import AbsolutePath, Count, Declared, GuestWay, Name

NAMESPACE: Final = "trop:"
DEFAULT_FLEET: Final = "config/fleet.yaml"


class VmSettings(Declared):
    """What is said of one VM; what is left out comes from the fleet file.  Memory in MiB."""

    memory: Count | None = None
    vcpu: Count | None = None
    base_image: AbsolutePath | None = None
    description: str | None = None
    protect: StrictBool = True
    guest: GuestWay | None = None


class Emulation(Declared):
    """What a lab forces upon every VM: the domain type, and memory in MiB."""

    domain_type: Literal["kvm", "qemu"] | None = None
    memory: Count | None = None


class Settings(Declared):
    """``fleet`` is the path of the fleet file, relative to the project."""

    vms: dict[Name, VmSettings] = Field(default_factory=dict)
    fleet: str = DEFAULT_FLEET
    emulation: Emulation = Emulation()


def from_pulumi(values: Mapping[str, str]) -> dict[str, Any]:
    """The ``trop:`` keys among Pulumi's configuration values, without the namespace.

    Pulumi hands objects over as JSON text.  What is no JSON stays text, and is refused where an object is expected.
    """
    return {k.removeprefix(NAMESPACE): _decoded(v) for k, v in values.items() if k.startswith(NAMESPACE)}


def _decoded(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, dict | list) else text
