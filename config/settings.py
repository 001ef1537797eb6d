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
    """One VM; its name has a slot in the fleet's file, from which comes what is left out here.

    From `domain` to `running`: in what a VM that was made by other means differs from one that this program makes.
    Each `false` means "not ours to say": it is neither declared nor compared, and nothing changes it.
    """

    memory: Count | None = Field(
        default=None, description="Memory in MiB; that of `trop:emulation`, else the fleet's, unless said."
    )
    vcpu: Count | None = Field(default=None, description="Processors.")
    cpu: Literal["host-model", "host-passthrough", "maximum", False] | None = Field(
        default=None,
        description="What its processors are, by libvirt's modes; the fleet's unless said. `host-passthrough` is "
        "`maximum` where `domainType` is `qemu`. `false`: it is not declared.",
    )
    base_image: AbsolutePath | None = Field(default=None, description="The image that its overlay stands on.")
    description: Text | None = Field(default=None, description="Its description in libvirt.")
    protect: StrictBool = Field(
        default=True,
        description="`false`, and an `up`: it may be removed, with its disks. Until then that is refused.",
    )
    guest: GuestWay | None = Field(
        default=None,
        description="Who sets a float up in it: the provider by its agent, its seed disk, or nobody.",
    )
    disks: dict[Label, DiskSettings] = Field(
        default_factory=dict, description="Disks beside its overlay, each under a label of your choice."
    )
    domain: DomainName | None = Field(
        default=None, description="libvirt's name of it; the VM's own unless said."
    )
    overlay: StrictBool = Field(
        default=True, description="`false`: its disks are not declared, whatever they are."
    )
    seed_disk: StrictBool = Field(default=True, description="`false`: it has no cloud-init disk of ours.")
    nic: StrictBool = Field(default=True, description="`false`: its NIC on `default` is not declared.")
    size: StrictBool = Field(
        default=True, description="`false`: neither its memory nor its processors are declared."
    )
    autostart: StrictBool = Field(default=True, description="`false`: it need not start with the hypervisor.")
    running: StrictBool = Field(default=True, description="`false`: it may be shut off.")
    services: Services | None = Field(default=None, description="What runs in it.")
    family: Family | None = Field(
        default=None, description="The distribution of its image, by how it makes packages."
    )


class Emulation(Declared):
    """How guests run on this hypervisor, where that is another way than on the rest: a lab, or a host without KVM."""

    domain_type: Literal["kvm", "qemu"] | None = Field(
        default=None,
        description="Of every VM. Unless said: kvm where a new VM's host has it, else qemu, which is told.",
    )
    memory: Count | None = Field(default=None, description="MiB of each VM that states none of its own.")
    services: StrictBool = Field(default=True, description="`false`: no services are deployed.")
    packages: StrictBool = Field(default=True, description="`false`: a new guest installs no packages.")


class Settings(Declared):
    """A stack: what runs on the hypervisor of its name."""

    vms: dict[Name, VmSettings] = Field(default_factory=dict, description="The VMs that run there.")
    fleet: str = Field(default=DEFAULT_FLEET, description="The fleet's file, seen from the project's folder.")
    emulation: Emulation = Field(
        default=Emulation(), description="How guests run, where it is not as on the other hosts."
    )
    # For each name whether its value is encrypted; the values are never here (`names_of_secrets`).
    secrets: dict[SecretName, StrictBool] = Field(
        default_factory=dict,
        description="What services may use; set by `./trop config STACK set --secret --path trop:secrets.NAME`, "
        "never by hand.",
    )


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
