"""The stacks of a run over all hypervisors: which take part, their plans, and declarations without some floats."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import config
from cli import live
from cli.fleet.plugged import Sight
from cli.words.command_line import UsageError, known_stacks
from config.read import stack_file
from config.settings import DEFAULT_FLEET
from engine.settings import yaml_text
from provider.errors import OperatorError


@dataclass
class Fleet:
    """``files`` are the members' stack files, ``uris`` where their libvirt is.

    ``left_out`` says of the others why; ``absent`` are those of them that have a hypervisor all the same, which could
    hold a float.
    """

    files: dict[str, Path] = field(default_factory=dict)
    uris: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    absent: dict[str, OperatorError] = field(default_factory=dict)


def of_repository(root: Path) -> Fleet:
    """Every stack with a file that says where its libvirt is.  Raises `UsageError` if two say the same place."""
    uris, left_out = live.known(root, sorted(known_stacks()), lab=False)
    for uri in uris.values():
        same = [stack for stack, other in uris.items() if other == uri]
        if len(same) > 1:
            raise UsageError(
                f"{', '.join(same)} have one libvirt:uri, {uri}, and each is a hypervisor of its own; say where each "
                f"is: ./trop config {same[0]} set {live.URI} qemu+ssh://root@{same[0]}/system"
            )
    return Fleet({stack: root / f"Pulumi.{stack}.yaml" for stack in uris}, uris, left_out)


def of_labs() -> Fleet:
    """Every stack whose lab runs; one whose lab is down is absent, as a host that is switched off."""
    from cli.lab.host import existing  # only for --lab: the lab's modules take time to load
    from cli.lab.stack import bare_lab, stack_file_of

    fleet = Fleet()
    for stack in sorted(known_stacks()):
        lab = bare_lab(stack)
        if lab.running:
            fleet.uris[stack] = lab.uri
            fleet.files[stack] = stack_file_of(lab)
            continue
        fleet.left_out[stack] = "its lab is not up"
        if stack in existing():
            fleet.absent[stack] = OperatorError(f"the lab {stack} is not up on this machine")
    return fleet


def plans(fleet: Fleet, root: Path) -> dict[str, config.Plan]:
    """Raises `config.ConfigError`: over declarations that are wrong nothing is run."""
    return {s: config.load(s, stack_file(file), root, file.name) for s, file in fleet.files.items()}


def look(fleet: Fleet) -> Sight:
    return {**live.look(fleet.uris), **fleet.absent}


def without_floats(file: Path, root: Path, labels: Collection[str], folder: Path) -> Path:
    """The stack's file as if nobody held these floats, in a folder of its own; all else as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    declared = _read(file)
    settings = declared["config"]
    fleet = _read(root / settings.get("trop:fleet", DEFAULT_FLEET))
    for label in labels:
        fleet["floats"]["members"][label].pop("holder", None)
    settings["trop:fleet"] = str(_write(folder / "fleet.yaml", fleet))
    return _write(folder / file.name, declared)


def _read(path: Path) -> Any:
    return yaml_text.round_trip().load(path.read_text(encoding="utf-8"))


def _write(path: Path, content: Mapping[str, Any]) -> Path:
    path.write_text(yaml_text.written(content), encoding="utf-8")
    return path
