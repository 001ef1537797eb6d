"""Which lab stands for which stack, and what it is told of the hypervisor: the plan's facts."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Any

import config
from cli import ROOT
from cli.lab.stack import bare_lab, emulation_of, lab_project, text_now
from config.fleet import Fleet
from config.read import fleet_file, stack_file, stack_text
from config.settings import DEFAULT_FLEET
from lab.facts import Bridge, HostFacts
from lab.hypervisor import Lab


def lab_of(stack: str) -> Lab:
    """The stack's lab, with all that the plan says of its hypervisor.  Raises `config.ConfigError`."""
    return Lab(stack, host_facts(plan_of(stack)))


def existing(root: Path | None = None) -> list[str]:
    """The labs that have been started on this machine and not purged."""
    root = root or Path(os.environ.get("TROP_LAB_ROOT", "/var/lib/trop-lab"))
    return sorted(path.parent.name for path in root.glob("*/lab.json"))


def plan_of(stack: str) -> config.Plan:
    """The stack's plan in its lab: from the stack's file with what was set in the lab, as the next run makes it."""
    return config.load(stack, _settings_of(stack), ROOT, f"Pulumi.{stack}.yaml")


def fleet_of(stack: str) -> Fleet:
    """The facts by which the stack's plan in its lab is made; a lab may have a file of its own for them."""
    return fleet_file(ROOT, str(_settings_of(stack).get("fleet", DEFAULT_FLEET)))


def _settings_of(stack: str) -> dict[str, Any]:
    name = f"Pulumi.{stack}.yaml"
    lab = bare_lab(stack)
    made, source = lab_project(lab) / name, ROOT / name
    if not made.exists():
        return {**stack_file(source), "emulation": emulation_of(lab)}
    for file in (source, made):  # what can't be read is told in its own words
        stack_file(file)
    return stack_text(text_now(lab), name)


def host_facts(plan: config.Plan) -> HostFacts:
    """A hypervisor of which no bridges are known gets the one that the bridged network needs, without an address."""
    bridges = tuple(
        Bridge(bridge.name, bridge.port, f"{bridge.address}/{bridge.prefix}", bridge.mac)
        for bridge in plan.hypervisor.bridges
    )
    beyond = [(bridge.gateway, bridge.prefix) for bridge in plan.hypervisor.bridges]
    beyond += [(held.gateway, held.prefix) for held in plan.floats]
    bases = [PurePosixPath(vm.base_image) for vm in plan.vms]
    image: dict[str, Any] = (
        {"base_image": bases[0].name, "base_folder": str(bases[0].parent)} if bases else {}
    )
    return HostFacts(
        bridges=bridges or (Bridge(plan.networks.bridged.bridge, "eth0"),),
        gateway=next((f"{gateway}/{prefix}" for gateway, prefix in beyond if gateway), None),
        live_folder=plan.storage.path,
        **image,
    )
