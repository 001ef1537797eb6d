"""The bench's own project: a fleet file of so many hypervisors and VMs, a stack each, and the repository's program."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml  # type: ignore[import-untyped]

from cli import ROOT
from cli.words.command_line import UsageError

FIRST_SLOT: Final = 8
MOST: Final = 254 - FIRST_SLOT + 1  # VMs on one hypervisor: the last octet of its network's addresses
BASE_FOLDER: Final = "/var/lib/libvirt/images/base"
BASE: Final = "empty.qcow2"  # no operating system is on it
SIZE: Final = 1 << 30  # bytes that a guest sees
MEMORY: Final = 32  # MiB of a guest
PASSPHRASE: Final = "bench"
CHANGED: Final = "changed by the bench"

Facts = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """``vms`` in all; each hypervisor has as many, the first ones one more where that leaves some."""

    hypervisors: int
    vms: int

    def of(self, index: int) -> int:
        each, left = divmod(self.vms, self.hypervisors)
        return each + (index < left)

    def check(self) -> None:
        if self.hypervisors < 1 or self.vms < self.hypervisors:
            raise UsageError(
                f"{self.vms} VMs on {self.hypervisors} hypervisors: at least one hypervisor, and a VM on each"
            )
        if self.hypervisors > 55:
            raise UsageError(f"{self.hypervisors} hypervisors: the fleet's rule of addresses has room for 55")
        if self.of(0) > MOST:
            raise UsageError(f"{self.of(0)} VMs on one hypervisor: its network has room for {MOST}")


def stack_name(index: int) -> str:
    return f"bench{index + 1:02d}"


def vm_names(size: Size, index: int) -> list[str]:
    return [f"vm{index + 1:02d}-{number:03d}" for number in range(size.of(index))]


def fleet(size: Size) -> Facts:
    """The rack's own rules, with other hypervisors and VMs; no floats, which need guests that run."""
    facts: Facts = yaml.safe_load((ROOT / "config/fleet.yaml").read_text(encoding="utf-8"))
    facts["networks"]["default"]["dhcp"] = {"first": FIRST_SLOT, "last": FIRST_SLOT + size.of(0) - 1}
    facts["virtualMachines"] |= {"baseImage": f"{BASE_FOLDER}/{BASE}", "memory": MEMORY, "vcpu": 1}
    facts["hypervisors"] = {
        stack_name(index): {
            "number": index + 1,
            "slots": {name: FIRST_SLOT + i for i, name in enumerate(vm_names(size, index))},
        }
        for index in range(size.hypervisors)
    }
    facts["floats"]["members"] = {}
    return facts


def write(folder: Path, size: Size, uris: list[str], *, started: bool) -> None:
    """``folder`` becomes a project that `./trop up bench01 --cwd FOLDER` takes."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "Pulumi.yaml", folder / "Pulumi.yaml")
    shutil.copyfile(Path(__file__).with_name("program.py"), folder / "__main__.py")
    (folder / "bench.yaml").write_text(
        yaml.safe_dump({"root": str(ROOT), "started": started}), encoding="utf-8"
    )
    fleet_file = folder / "fleet.yaml"
    fleet_file.write_text(yaml.safe_dump(fleet(size), sort_keys=False), encoding="utf-8")
    for index, uri in enumerate(uris):
        settings = {
            "libvirt:uri": uri,
            "trop:fleet": str(fleet_file),
            "trop:emulation": {"domainType": "qemu"},
            "trop:vms": {name: {"protect": False} for name in vm_names(size, index)},
        }
        _write_stack(folder, index, settings)


def change_one(folder: Path, index: int) -> None:
    """Declare another description of the stack's first VM."""
    file = _stack_file(folder, index)
    config = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]
    next(iter(config["trop:vms"].values()))["description"] = CHANGED
    _write_stack(folder, index, config)


def _write_stack(folder: Path, index: int, config: Facts) -> None:
    """What the engine has written into the file beside the settings, its salt, is kept."""
    file = _stack_file(folder, index)
    before = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
    file.write_text(yaml.safe_dump({**before, "config": config}, sort_keys=False), encoding="utf-8")


def _stack_file(folder: Path, index: int) -> Path:
    return folder / f"Pulumi.{stack_name(index)}.yaml"
