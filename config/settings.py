"""A stack's own settings (``trop:…`` in its Pulumi.<stack>.yaml): which VMs run, and what a lab forces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field, StrictBool

from config.fleet import AbsolutePath, Count, Declared, DomainName, GuestWay, Name, Text

NAMESPACE: Final = "trop:"
DEFAULT_FLEET: Final = "config/fleet.yaml"


class VmSettings(Declared):
    """What is said of one VM; what is left out comes from the fleet file.  Memory in MiB.

    The rest says in what a VM that was made by other means differs from one that this program makes.  Each `false`
    means "not ours to say": it is neither declared nor compared, and nothing changes it.

    ``domain``     libvirt's name of it, where that is not the VM's name
    ``overlay``    false: its disks are not declared, whatever they are
    ``seed_disk``  false: it has no cloud-init disk of ours
    ``nic``        false: its NIC on `default` is not declared
    ``size``       false: neither its memory nor its vCPUs are declared
    ``autostart``  false: it need not start with the hypervisor
    ``running``    false: it may be shut off
    """

    memory: Count | None = None
    vcpu: Count | None = None
    base_image: AbsolutePath | None = None
    description: Text | None = None
    protect: StrictBool = True
    guest: GuestWay | None = None
    domain: DomainName | None = None
    overlay: StrictBool = True
    seed_disk: StrictBool = True
    nic: StrictBool = True
    size: StrictBool = True
    autostart: StrictBool = True
    running: StrictBool = True


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
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict | list) else text
