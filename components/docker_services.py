"""What runs in a Docker host: its containers and its stack, brought into it through the guest's agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi import Input, ResourceOptions

from components.docker_host_vm import DockerHostVM
from components.resources import GuestFiles
from components.services import files
from config.plan import Plan, VirtualMachine
from config.plan_services import PlannedServices

AGENT_SECONDS: Final = 600  # for the agent of a VM that boots for the first time, and installs it then
KEEPING: Final = (
    "a volume that has this very name in Docker among the stack's `external`, its network as `network`, the others as "
    "`volumes`, `environment` and `ports`"
)
PULL_SECONDS: Final = 600  # for images; beside it the engine has time to answer, and services to be healthy


@dataclass(frozen=True)
class DockerServicesArgs:
    """``domain_id`` is the UUID of the VM's domain, ``secrets`` the values of all that are set.

    ``after``: what has to be up before: the VM's floats, and the services that these stand in front of.
    """

    vm: VirtualMachine
    services: PlannedServices
    domain_id: Input[str]
    secrets: Mapping[str, Input[str]]
    after: Sequence[pulumi.Resource] = ()


class DockerServices(pulumi.ComponentResource):
    """Files in the VM and the command that applies them; what somebody does there by hand is drift.

    A VM that takes them from its seed disk has them from its first boot alone.  For one to which nobody has a way
    ``by_hand`` has the files and the commands.
    """

    deployed: GuestFiles | None
    summary: dict[str, str]
    by_hand: dict[str, Any] | None

    def __init__(self, name: str, args: DockerServicesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("trop:index:DockerServices", name, None, opts)
        services = args.services
        self.deployed = self._deployed(name, args) if services.delivery == "agent" else None
        self.summary = {member.label: member.image for member in services.members}
        self.by_hand = files.by_hand(services) if services.delivery == "none" else None
        self.register_outputs({"services": self.summary})

    def _deployed(self, name: str, args: DockerServicesArgs) -> GuestFiles:
        services = args.services
        return GuestFiles(
            name,
            domain=args.domain_id,
            files={
                path: {"content": file.content, "mode": file.mode}
                for path, file in files.files(services).items()
            },
            secret_files={secret: args.secrets[secret] for secret in services.secrets} or None,
            concerns=files.concerns(services) or None,
            apply=files.APPLY,
            remove=files.removing(),
            read=files.reading(args.vm.recipe, services),
            state=files.state(services),
            keeps=files.keeps(services),
            keeping=f"declare it under trop:vms.{args.vm.name}.services: {KEEPING}",
            wait=AGENT_SECONDS,
            timeout=2 * services.wait + PULL_SECONDS,
            opts=ResourceOptions(parent=self, depends_on=list(args.after)),
        )


def deploy(
    plan: Plan,
    vms: Mapping[str, DockerHostVM],
    floats: Mapping[str, pulumi.Resource],
    secrets: Mapping[str, Input[str]],
) -> dict[str, DockerServices]:
    """The services of all VMs, by VM: each behind its floats, and behind those that it stands in front of.

    ``vms`` are by name, ``floats`` by label.
    """
    made: dict[str, DockerServices] = {}
    for vm, services in plan.serving():
        before = [floats[held.label] for held in plan.floats_of(vm.name)]
        behind = [made[name] for name in services.after]
        args = DockerServicesArgs(vm, services, vms[vm.name].domain.id, secrets, [*before, *behind])
        made[vm.name] = DockerServices(vm.name, args)
    return made


def outputs(made: Mapping[str, DockerServices]) -> dict[str, dict[str, Any]]:
    """What a stack tells of them, where there are any."""
    by_hand = {name: each.by_hand for name, each in made.items() if each.by_hand is not None}
    told = {"services": {name: each.summary for name, each in made.items()}, "byHand": by_hand}
    return {name: value for name, value in told.items() if value}
