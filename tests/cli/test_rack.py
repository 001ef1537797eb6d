"""The whole rack's declarations are read from the files that its stacks name."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import config
from cli import rack
from tests.config import fleets


def stack_file(folder: Path, stack: str, fleet: str, vms: list[str]) -> None:
    values = {"trop:fleet": fleet, "trop:vms": {vm: {} for vm in vms}}
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": values}), encoding="utf-8")


def test_the_fleet_file_is_the_one_that_the_stacks_name(tmp_path: Path) -> None:
    fleets.write(tmp_path, fleets.sized(4, 10))
    stack_file(tmp_path, "host01", "fleet.yaml", ["vm01-000"])
    stack_file(tmp_path, "host03", "fleet.yaml", [])

    made = rack.load(tmp_path)

    assert list(made.fleet.hypervisors) == ["host01", "host02", "host03", "host04"]
    assert {name: [vm.name for vm in plan.vms] for name, plan in made.plans.items()} == {
        "host01": ["vm01-000"],
        "host03": [],
    }


def test_two_fleet_files_in_one_rack_are_refused(tmp_path: Path) -> None:
    fleets.write(tmp_path, fleets.sized(2, 2))
    stack_file(tmp_path, "host01", "fleet.yaml", [])
    stack_file(tmp_path, "host02", "other.yaml", [])

    with pytest.raises(config.ConfigError) as refused:
        rack.load(tmp_path)

    assert str(refused.value) == (
        "Pulumi.host02.yaml: trop:fleet: is other.yaml, and host01's is fleet.yaml; "
        "allowed: one fleet file for the whole rack"
    )
