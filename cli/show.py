"""`./trop show`: what a VM is given to read, as text: its seed at first boot, or the files of its services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cli import rack
from cli.words.command_line import UsageError
from components import cloud_init
from components.services import files
from config.plan import VirtualMachine


def run(root: Path, what: str, name: str) -> int:
    """Raises `UsageError` or `config.ConfigError`."""
    vms = {vm.name: vm for plan in rack.load(root).plans.values() for vm in plan.vms}
    if name not in vms:
        raise UsageError(f"{name!r} is no VM of a stack; there are {', '.join(vms)}")
    if what == "cloud-init":
        print(cloud_init.user_data(vms[name]), end="")
    elif what == "services":
        print("\n".join(_services(vms[name])))
    else:
        raise UsageError(f"{what!r} can't be shown; there are cloud-init and services")
    return 0


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
