"""Which stacks a run of all has, and what two of them may not both say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cli import ROOT
from cli.fleet import stacks as fleet_stacks
from cli.fleet.stacks import Fleet
from cli.words.command_line import UsageError
from tests.cli.fleet.world import World


def test_stacks_that_lead_to_one_libvirt_are_refused() -> None:
    with pytest.raises(UsageError, match="have one libvirt:uri, qemu:///system"):
        fleet_stacks.of_repository(ROOT)


def test_stacks_without_a_uri_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for stack, uri in (("trop02", "qemu://a"), ("trop03", ""), ("trop04", "qemu://b")):
        settings: dict[str, Any] = {"libvirt:uri": uri} if uri else {}
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": settings}))
    monkeypatch.setattr("cli.words.command_line.ROOT", tmp_path)
    found = fleet_stacks.of_repository(tmp_path)
    assert list(found.files) == ["trop02", "trop04"]
    assert "libvirt:uri is missing" in found.left_out["trop03"]


def test_a_float_that_two_fleet_files_give_to_two_stacks_is_refused(tmp_path: Path) -> None:
    one = World(tmp_path, {"float1": "trop03"}, {})
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    other = World(other_folder, {"float1": "trop02"}, {})
    one.plans = {**one.plans, "trop02": other.plans["trop02"]}
    with pytest.raises(
        UsageError, match=r"float1 .* is held on trop02 \(Acilamwen\) and on trop03 \(Wanderer\)"
    ):
        one.run("preview", "--all")


def test_declarations_without_a_float_are_the_same_in_all_else(tmp_path: Path) -> None:
    world = World(tmp_path, {"float1": "trop03", "float2": "trop03"}, {})
    file = fleet_stacks.without_floats(world.fleet.files["trop03"], tmp_path, ["float1"], tmp_path / "made")
    plan = fleet_stacks.plans(Fleet(files={"trop03": file}), tmp_path)["trop03"]
    assert [held.label for held in plan.floats] == ["float2"]
    assert plan.networks == world.plans["trop03"].networks
    assert plan.vms == world.plans["trop03"].vms
