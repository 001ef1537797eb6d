"""What services must hold to beyond the types: images with tags, ports once, secrets that are set, no circles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from config.services import PORT, Container, Services, StackService, tagged
from config.settings import SECRETS, Settings, VmSettings

Breach = tuple[str, str, str]  # path below trop:, why, what is allowed
EVERYWHERE: Final = (None, "0.0.0.0")


def of_services(settings: Settings, stack: str) -> Iterator[Breach]:
    """All that is wrong with the services of a stack's VMs, and with its secrets."""
    for vm, own in settings.vms.items():
        if own.services is not None:
            at = f"vms.{vm}.services"
            for path, why, allowed in _of_vm(settings, own, own.services):
                yield f"{at}.{path}", why, allowed
            yield from _secrets(settings, own.services, at, stack)
    yield from _circles(settings)
    for name, encrypted in settings.secrets.items():
        if not encrypted:
            yield f"{SECRETS}.{name}", "stands there in plain text", how_to_set(stack, name)


def how_to_set(stack: str, name: str) -> str:
    return f"what this sets: ./trop config {stack} set --secret --path trop:{SECRETS}.{name}"


def _of_vm(settings: Settings, own: VmSettings, services: Services) -> Iterator[Breach]:
    if not services.members:
        yield "containers", "is missing, and so is stack", "containers, a stack, or no services"
    for path, each in services.members.items():
        yield from _image(path, each, services)
    yield from _ports(services)
    if services.delivery == "cloud-init" and not own.seed_disk:
        why = "without a seed disk the guest reads nothing of cloud-init"
        yield "delivery", why, "agent or none, beside seedDisk: false"
    known = [name for name, other in settings.vms.items() if other.services is not None]
    for index, before in enumerate(services.after):
        if before not in known:
            yield f"after[{index}]", f"{before} is no VM of this stack with services", ", ".join(known)


def _image(path: str, each: Container, services: Services) -> Iterator[Breach]:
    if not tagged(each.image) and each.version is None and services.version is None:
        why = f"{each.image} has no tag, and there is no version"
        yield f"{path}.image", why, "a tag in the image, or version here or beside the containers"
    if tagged(each.image) and each.version is not None:
        yield f"{path}.version", f"the image {each.image} has a tag of its own", "one of the two"


def _ports(services: Services) -> Iterator[Breach]:
    """No port of the VM twice; and a swarm publishes on all of its addresses or on none."""
    taken: dict[tuple[str, str], list[tuple[str | None, str]]] = {}
    for path, each in services.members.items():
        for index, text in enumerate(each.ports):
            match = PORT.fullmatch(text)
            assert match is not None
            at, address = f"{path}.ports[{index}]", match["address"]
            if isinstance(each, StackService) and address not in EVERYWHERE:
                yield at, f"a stack can't publish on {address} alone", "a port without an address"
            same = taken.setdefault((match["host"], match["kind"] or "tcp"), [])
            for other, where in same:
                if address == other or address in EVERYWHERE or other in EVERYWHERE:
                    yield at, f"port {match['host']} is that of {where}", "each port of the VM once"
                    break
            same.append((address, path))


def _secrets(settings: Settings, services: Services, at: str, stack: str) -> Iterator[Breach]:
    for path, each in services.members.items():
        for index, name in enumerate(each.secrets if isinstance(each, StackService) else ()):
            where = f"{at}.{path}.secrets[{index}]"
            if services.delivery == "cloud-init":
                yield where, "a seed disk is read by whoever reads the pool", "delivery agent"
            elif name not in settings.secrets and settings.emulation.services:
                yield where, f"{name} is not set", how_to_set(stack, name)


def _circles(settings: Settings) -> Iterator[Breach]:
    before = {name: own.services.after for name, own in settings.vms.items() if own.services is not None}
    for name in before:
        seen, ahead = set[str](), list(before[name])
        while ahead:
            each = ahead.pop()
            if each == name:
                yield (
                    f"vms.{name}.services.after",
                    f"{name} would wait for itself",
                    "an order without circles",
                )
                break
            if each not in seen:
                seen.add(each)
                ahead += before.get(each, ())
