"""The services of a VM as planned: images with their tags, ports taken apart, names as Docker has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

from config.base import Planned
from config.fleet import Fleet
from config.recipe import Family, FamilyRecipe, HostUser
from config.services import PORT, Container, Delivery, Health, Logging, Services, StackService, tagged
from config.settings import Settings, VmSettings


class PublishedPort(Planned):
    """``host`` is the VM's port, at ``address``; ``guest`` the container's."""

    address: str
    host: int
    guest: int
    kind: Literal["tcp", "udp"]

    def __str__(self) -> str:
        """As ``docker ps`` prints it."""
        return f"{self.address}:{self.host}->{self.guest}/{self.kind}"


class PlannedService(Planned):
    """One container, or one service of the stack; ``name`` as it is declared, ``full_name`` as Docker has it.

    ``volumes`` are ``source:target[:ro]``, by the names that are declared; those in ``external`` have the same in
    Docker.  ``network``: one that is there, in the place of the stack's own.  ``replicas`` None: a single container.
    """

    name: str
    full_name: str
    image: str
    ports: tuple[PublishedPort, ...]
    expose: tuple[int, ...]
    environment: dict[str, str]
    volumes: tuple[str, ...]
    command: tuple[str, ...]
    health: Health | None
    tty: bool
    secrets: tuple[str, ...]
    replicas: int | None
    logging: Logging | None = None
    external: tuple[str, ...] = ()
    network: str | None = None

    @property
    def label(self) -> str:
        """``container apache``, ``service ft_jarmila``."""
        return f"{'container' if self.replicas is None else 'service'} {self.full_name}"


class PlannedServices(Planned):
    """``address``: the VM's own, at which its swarm is; ``stack`` None: it has none.  ``wait`` in seconds."""

    delivery: Delivery
    wait: int
    after: tuple[str, ...]
    address: str
    stack: str | None
    members: tuple[PlannedService, ...]

    @property
    def secrets(self) -> tuple[str, ...]:
        """Each secret once, in the order of its first mention."""
        return tuple(dict.fromkeys(name for each in self.members for name in each.secrets))


class PlannedRecipe(Planned):
    """What a new VM makes of itself at its first boot, and what one that exists is compared with."""

    family: Family
    timezone: str | None
    users: dict[str, HostUser]
    software: FamilyRecipe


def services_of(settings: Settings, own: VmSettings, address: str) -> PlannedServices | None:
    """None where the VM has none, or the lab's guests could not run them."""
    declared = own.services
    if declared is None or not settings.emulation.services:
        return None
    return PlannedServices(
        delivery=declared.delivery,
        wait=declared.wait,
        after=declared.after,
        address=address,
        stack=declared.stack.name if declared.stack else None,
        members=tuple(_member(declared, path, each) for path, each in declared.members.items()),
    )


def in_order(after: Mapping[str, Collection[str]]) -> list[str]:
    """Each name behind those that it comes after; there are no circles."""
    done: list[str] = []
    while len(done) < len(after):
        done += [name for name in after if name not in done and set(done).issuperset(after[name])]
    return done


def _member(services: Services, path: str, each: Container) -> PlannedService:
    name = path.rsplit(".", 1)[1]
    tag = "" if tagged(each.image) else f":{each.version or services.version}"
    in_stack = each if isinstance(each, StackService) else None
    stack = services.stack if in_stack else None
    prefix = f"{stack.name}_" if stack else ""
    mine = {volume.split(":", 1)[0] for volume in each.volumes}
    return PlannedService(
        name=name,
        full_name=prefix + name,
        image=each.image + tag,
        ports=tuple(map(_port, each.ports)),
        expose=each.expose,
        environment=each.environment,
        volumes=each.volumes,
        command=each.command,
        health=each.health,
        tty=each.tty,
        secrets=in_stack.secrets if in_stack else (),
        replicas=in_stack.replicas if in_stack else None,
        logging=each.logging,
        external=tuple(sorted(mine & set(stack.external))) if stack else (),
        network=stack.network if stack else None,
    )


def _port(text: str) -> PublishedPort:
    match = PORT.fullmatch(text)
    assert match is not None
    parts: dict[str, Any] = match.groupdict()
    return PublishedPort(
        address=parts["address"] or "0.0.0.0",
        host=int(parts["host"]),
        guest=int(parts["guest"]),
        kind=parts["kind"] or "tcp",
    )


def recipe_of(fleet: Fleet, settings: Settings, own: VmSettings) -> PlannedRecipe:
    """Without packages, and what comes of them, where the lab has no way to any."""
    recipe = fleet.virtual_machines.recipe
    family = own.family or recipe.family
    software = recipe.families.get(family, FamilyRecipe()) if settings.emulation.packages else FamilyRecipe()
    return PlannedRecipe(family=family, timezone=recipe.timezone, users=recipe.users, software=software)
