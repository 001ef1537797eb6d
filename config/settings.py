"""A stack's own settings (``trop:…`` in its Pulumi.<stack>.yaml): which VMs run, and what a lab forces."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Final, Literal

from pydantic import Field, StrictBool

from config.base import Declared
from config.disks import DiskSettings, Label
from config.fleet import AbsolutePath, Count, DomainName, GuestWay, Name, Text
from config.recipe import Family
from config.services import SecretName, Services

NAMESPACE: Final = "trop:"
SECRETS: Final = "secrets"
DEFAULT_FLEET: Final = "config/fleet.yaml"


class VmSettings(Declared):
    """What is said of one VM; what is left out comes from the fleet file.  Memory in MiB.

    ``services`` run in it; ``family`` is that of its image's distribution.

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
    disks: dict[Label, DiskSettings] = Field(default_factory=dict)
    domain: DomainName | None = None
    overlay: StrictBool = True
    seed_disk: StrictBool = True
    nic: StrictBool = True
    size: StrictBool = True
    autostart: StrictBool = True
    running: StrictBool = True
    services: Services | None = None
    family: Family | None = None


class Emulation(Declared):
    """What a lab forces upon every VM: the domain type, and memory in MiB.

    ``services`` false: none are deployed, for its guests have no Docker; ``packages`` false: a new guest installs none.
    """

    domain_type: Literal["kvm", "qemu"] | None = None
    memory: Count | None = None
    services: StrictBool = True
    packages: StrictBool = True


class Settings(Declared):
    """``fleet`` is the path of the fleet file, relative to the project.

    ``secrets``: for each name whether its value is encrypted; the values are never here (`names_of_secrets`).
    """

    vms: dict[Name, VmSettings] = Field(default_factory=dict)
    fleet: str = DEFAULT_FLEET
    emulation: Emulation = Emulation()
    secrets: dict[SecretName, StrictBool] = Field(default_factory=dict)


def from_pulumi(values: Mapping[str, str], encrypted: Collection[str] = ()) -> dict[str, Any]:
    """The ``trop:`` keys among Pulumi's configuration values, without the namespace.

    Pulumi hands objects over as JSON text.  What is no JSON stays text, and is refused where an object is expected.
    ``encrypted``: the keys of values in which anything is encrypted.
    """
    plain = {k.removeprefix(NAMESPACE): _decoded(v) for k, v in values.items() if k.startswith(NAMESPACE)}
    return names_of_secrets(plain, NAMESPACE + SECRETS in encrypted)


def names_of_secrets(values: Mapping[str, Any], encrypted: bool | None = None) -> dict[str, Any]:
    """The settings with the secrets' names in the place of the secrets, so that no message can have one in it.

    ``encrypted``: whether they are; None where each says so itself, as in a stack's file.
    """
    if SECRETS not in values:
        return dict(values)
    given = values[SECRETS]
    names: Any = "what is there"
    if isinstance(given, dict):
        names = {str(k): _encrypted(v) if encrypted is None else encrypted for k, v in given.items()}
    return {**values, SECRETS: names}


def _encrypted(value: Any) -> bool:
    return isinstance(value, dict) and "secure" in value


def _decoded(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict | list) else text
