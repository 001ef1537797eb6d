"""Faults of what runs in Docker hosts: not there, stopped, of another image, changed by hand; and what is beside it."""

from __future__ import annotations

from collections.abc import Iterator

from cli.audit.finding import Finding
from cli.audit.world import World
from components.services import files
from config.plan import VirtualMachine
from provider.guest.seen import Guest
from provider.guest.store import Told
from provider.survey.survey import DomainSeen


def service_wrong(world: World) -> Iterator[Finding]:
    for stack, vm, domain, told in _asked(world):
        for phrase in Guest({}, told).wrong({"state": _declared(vm)}):
            yield Finding(stack, domain.name, phrase, world.up(stack))


def service_undeclared(world: World) -> Iterator[Finding]:
    for stack, vm, domain, told in _asked(world):
        for name, said in Guest({}, told).strangers({"state": _declared(vm)}).items():
            mended = f"declare it in Pulumi.{stack}.yaml, or remove it in the guest"
            yield Finding(stack, domain.name, f"{name} is not declared ({said})", mended)


def service_kept(world: World) -> Iterator[Finding]:
    for stack, vm, domain, told in _asked(world):
        keeps = files.keeps(vm.services) if vm.services is not None else {}
        for line in Guest({}, told).beside({"state": _declared(vm), "keeps": keeps}):
            mended = f"in Pulumi.{stack}.yaml or in the guest, as docs/services.md says"
            yield Finding(stack, domain.name, line, mended)


def recipe_missing(world: World) -> Iterator[Finding]:
    for stack, vm, domain, told in _asked(world):
        if told.notes:
            mended = f"in the guest; ./trop show cloud-init {vm.name} has all of it"
            yield Finding(stack, domain.name, "; ".join(told.notes), mended)


def _declared(vm: VirtualMachine) -> dict[str, dict[str, str]]:
    return files.state(vm.services) if vm.services is not None else {}


def _asked(world: World) -> Iterator[tuple[str, VirtualMachine, DomainSeen, Told]]:
    for stack, vm, domain in world.vms():
        if stack in world.asked and (told := world.asked[stack].told.get(domain.name)):
            yield stack, vm, domain, told
