"""`./trop show`: what a VM is given to read, as text: its seed at first boot, or the files of its services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cli import rack
from cli.words.command_line import UsageError
from components import cloud_init
from components.services import files
from config.plan import Float, VirtualMachine
from provider.protocol import functions


def run(root: Path, what: str, name: str) -> int:
    """Raises `UsageError` or `config.ConfigError`."""
    homes = {vm.name: (vm, plan) for plan in rack.load(root).plans.values() for vm in plan.vms}
    if name not in homes:
        raise UsageError(f"{name!r} is no VM of a stack; there are {', '.join(homes)}")
    vm, plan = homes[name]
    if what == "cloud-init":
        print("\n".join(seed(vm, plan.floats_of(vm.name))))
    elif what == "services":
        print("\n".join(_services(vm)))
    else:
        raise UsageError(f"{what!r} can't be shown; there are cloud-init and services")
    return 0


def seed(vm: VirtualMachine, floats: Sequence[Float]) -> Iterator[str]:
    """All three files; each can be cut out by the line that begins it and given to cloud-init's own tools."""
    if not vm.seed_disk:
        yield f"# {vm.name} has no seed of this stack's (seedDisk: false); one of its own would be:"
    asked = cloud_init.floats_inside(vm, floats)
    scripts = [str(functions.nic_setup(each)["script"]) for each in asked]
    yield f"==> user-data <==\n{cloud_init.user_data(vm, scripts)}"
    yield f"==> meta-data <==\n{cloud_init.meta_data(vm)}"
    yield "==> network-config <=="
    yield f"# None: its NIC with the macaddress {vm.mac} asks DHCP as its image and cloud-init have it by themselves."


def _services(vm: VirtualMachine) -> Iterator[str]:
    if vm.services is None:
        raise UsageError(f"{vm.name} has no services")
    for member in vm.services.members:
        ports = ", ".join([*map(str, member.ports), *(f"{port}/tcp" for port in member.expose)])
        yield f"{member.label:<24} {member.image:<32} {ports}".rstrip()
    told = files.by_hand(vm.services)
    yield f"\n# As root in {vm.name}, once its files are there:"
    yield from told["commands"]
    for path, file in told["files"].items():
        yield f"\n# {path} (mode {file['mode']})"
        yield file["content"].rstrip("\n")
