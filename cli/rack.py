"""The rack as it is declared: the fleet's facts, and the plan of every hypervisor that has a stack file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import config
from config.fleet import Fleet
from config.read import fleet_file, stack_file
from config.settings import DEFAULT_FLEET


@dataclass(frozen=True)
class Rack:
    """``plans`` by hypervisor, in the order of the fleet's file."""

    fleet: Fleet
    plans: Mapping[str, config.Plan]


def load(root: Path) -> Rack:
    """The declarations of the project in ``root``.  Raises `config.ConfigError` with all that is wrong."""
    fleet = fleet_file(root, DEFAULT_FLEET)
    files = {name: root / f"Pulumi.{name}.yaml" for name in fleet.hypervisors}
    return Rack(
        fleet, {n: config.load(n, stack_file(f), root, f.name) for n, f in files.items() if f.exists()}
    )
