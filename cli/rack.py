"""The rack as it is declared: the fleet's facts, and the plan of every hypervisor that has a stack file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import config
from cli.words.command_line import stack_files
from config.addresses import mac_text
from config.errors import ConfigError, Problem
from config.fleet import Fleet
from config.read import fleet_file, stack_file
from config.settings import DEFAULT_FLEET


@dataclass(frozen=True)
class Rack:
    """``plans`` by hypervisor, in the order of the fleet's file."""

    fleet: Fleet
    plans: Mapping[str, config.Plan]


@dataclass(frozen=True)
class FloatFact:
    """A float of the fleet; ``home`` is the hypervisor of the VM that holds it."""

    label: str
    index: int
    mac: str
    address: str
    holder: str | None
    home: str | None

    @property
    def whose(self) -> str:
        return f"{self.holder} on {self.home} holds it" if self.holder else "nobody holds it"


def floats_of(fleet: Fleet) -> tuple[FloatFact, ...]:
    return tuple(
        FloatFact(
            label,
            member.index,
            mac_text(fleet.floats.macs.mac(0, member.index)),
            str(member.address),
            member.holder,
            fleet.home_of(member.holder) if member.holder else None,
        )
        for label, member in fleet.floats.members.items()
    )


def load(root: Path) -> Rack:
    """The declarations of the project in ``root``.  Raises `config.ConfigError` with all that is wrong."""
    files = stack_files(root)
    settings = {name: stack_file(path) for name, path in files.items()}
    fleet = fleet_file(root, _fleet_of(settings))
    stacks = [name for name in fleet.hypervisors if name in files]
    return Rack(fleet, {n: config.load(n, settings[n], root, files[n].name) for n in stacks})


def _fleet_of(settings: Mapping[str, Mapping[str, Any]]) -> str:
    """The fleet's file that the stacks name; a rack has one."""
    named = {str(own.get("fleet", DEFAULT_FLEET)): name for name, own in settings.items()}
    if len(named) > 1:
        (one, first), (other, second) = list(named.items())[:2]
        why = f"is {other}, and {first}'s is {one}"
        raise ConfigError(
            [Problem(f"Pulumi.{second}.yaml", "trop:fleet", why, "one fleet file for the whole rack")]
        )
    return next(iter(named), DEFAULT_FLEET)
