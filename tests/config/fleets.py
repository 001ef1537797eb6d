"""Fleets for tests: the rack's own, changed or not, and others made up by size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

import config

ROOT = Path(__file__).resolve().parents[2]
STACK_FILE = "Pulumi.trop02.yaml"
TROP02_VMS = ("Acilamwen", "Lothigometh", "Ulov", "Eterathiel", "Ibalehar")

Facts = dict[str, Any]


def rack_facts() -> Facts:
    """The facts of config/fleet.yaml, free to be changed."""
    facts: Facts = yaml.safe_load((ROOT / "config/fleet.yaml").read_text(encoding="utf-8"))
    return facts


def sized(hypervisors: int, vms: int) -> Facts:
    """A fleet of so many hypervisors, from number 1, with so many VMs each, from slot 8."""
    facts = rack_facts()
    facts["networks"]["default"]["dhcp"] = {"first": 8, "last": 7 + vms}
    facts["hypervisors"] = {
        f"host{n:02d}": {"number": n, "slots": {f"vm{n:02d}-{i:03d}": 8 + i for i in range(vms)}}
        for n in range(1, hypervisors + 1)
    }
    facts["floats"]["members"]["float1"]["holder"] = "vm01-000"
    return facts


def write(folder: Path, facts: Facts) -> str:
    """Write a fleet file; its path relative to ``folder``."""
    (folder / "fleet.yaml").write_text(yaml.safe_dump(facts, sort_keys=False), encoding="utf-8")
    return "fleet.yaml"


def load(folder: Path, facts: Facts, stack: str, settings: Mapping[str, Any]) -> config.Plan:
    """The plan of a stack on a fleet of these facts."""
    declared = {**settings, "fleet": write(folder, facts)}
    return config.load(stack, declared, folder, f"Pulumi.{stack}.yaml")


def refusal(
    folder: Path,
    edit: Callable[[Facts], object] = lambda facts: None,
    *,
    stack: str = "trop02",
    settings: Mapping[str, Any] | None = None,
) -> list[str]:
    """The lines with which trop02's declarations are refused after an edit of the rack's facts."""
    facts = rack_facts()
    edit(facts)
    own = settings if settings is not None else {"vms": {name: {} for name in TROP02_VMS}}
    try:
        load(folder, facts, stack, own)
    except config.ConfigError as fault:
        return str(fault).splitlines()
    return []
