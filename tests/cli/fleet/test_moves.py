"""Floats that change hypervisors in a run of all stacks: released first, plugged in afterwards, or left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cli.fleet import moves as fleet_moves
from provider.survey.survey import HostSeen
from tests.cli.fleet.world import GONE, MAC, World, words_of
from tests.cli.map import hosts as map_hosts
from tests.cli.map.hosts import domain, nic


def test_a_float_that_moves_is_left_out_until_the_others_have_run_and_then_plugged_in(tmp_path: Path) -> None:
    world = World(tmp_path, {"float1": "trop03"}, {"trop02": [MAC["float1"]]})
    code, text = world.run("up", "--all", "--yes", "--skip-preview")
    assert code == 0, text
    assert [words_of(batch) for batch in world.batches] == [
        {"trop02": False, "trop03": True, "trop04": False},
        {"trop03": False},
    ]
    assert world.at == {"trop02": [], "trop03": [MAC["float1"]], "trop04": []}
    assert world.twice() == []


def test_two_floats_that_change_places_are_both_released_first(tmp_path: Path) -> None:
    at = {"trop02": [MAC["float1"]], "trop03": [MAC["float2"]]}
    world = World(tmp_path, {"float1": "trop03", "float2": "trop02"}, at)
    assert world.run("up", "--all", "--yes", "--skip-preview")[0] == 0
    assert world.at == {"trop02": [MAC["float2"]], "trop03": [MAC["float1"]], "trop04": []}
    assert world.twice() == []


def test_a_float_whose_last_hypervisor_cannot_be_asked_is_not_plugged_in_and_all_else_is_done(
    tmp_path: Path,
) -> None:
    world = World(
        tmp_path, {"float1": "trop03", "float2": "trop04"}, {"trop04": [MAC["float2"]]}, {"trop02": GONE}
    )
    code, text = world.run("up", "--all", "--yes", "--skip-preview")
    assert code == 1
    assert (
        f"float1 is not plugged in on trop03 (Wanderer): trop02 cannot be asked whether it still has {MAC['float1']}"
        in text
    )
    assert "no route to host; when you know that it has not: ./trop up trop03" in text
    assert "done, without float1" in text
    assert world.at == {"trop03": [], "trop04": [MAC["float2"]]}
    assert [words_of(batch) for batch in world.batches] == [{"trop03": True, "trop04": False}, {}]


@pytest.mark.parametrize("codes", [{}, {"trop02": 255}])
def test_a_float_that_was_not_released_is_not_plugged_in(tmp_path: Path, codes: dict[str, int]) -> None:
    at = {"trop02": [MAC["float1"]]}
    world = World(tmp_path, {"float1": "trop03"}, at, codes=codes, stubborn={"trop02"})
    code, text = world.run("up", "--all", "--yes", "--skip-preview")
    assert code == max([1, *codes.values()])
    assert f"Acilamwen on trop02 still has {MAC['float1']} with its link up" in text
    assert ("its run failed" if codes else "its run did not take it out") in text
    assert world.at["trop03"] == []


def test_a_float_that_is_where_it_belongs_waits_for_nobody(tmp_path: Path) -> None:
    world = World(tmp_path, {"float1": "trop03"}, {"trop03": [MAC["float1"]]}, {"trop02": GONE})
    world.run("up", "--all", "--yes", "--skip-preview")
    assert [words_of(batch) for batch in world.batches] == [{"trop03": False, "trop04": False}]


def test_a_new_float_waits_for_nobody_where_all_can_be_asked(tmp_path: Path) -> None:
    world = World(tmp_path, {"float1": "trop03"}, {})
    assert world.run("up", "--all", "--yes", "--skip-preview")[0] == 0
    assert len(world.batches) == 1


def test_a_link_that_is_down_does_not_keep_a_float(tmp_path: Path) -> None:
    world = World(tmp_path, {"float1": "trop03"}, {"trop02": [MAC["float1"]]})
    gain = fleet_moves.gains(world.plans, world.look(world.fleet))[0]
    down = map_hosts.host([domain("Acilamwen", [nic(MAC["float1"], link="down")])], [])
    stopped = map_hosts.host([domain("Acilamwen", [nic(MAC["float1"])], "shut off")], [])
    other = map_hosts.host([], [])
    for seen in (down, stopped):
        assert fleet_moves.why_not(gain, {"trop02": seen, "trop03": other}, []) == ""


@pytest.mark.reports("N1")
def test_a_float_that_a_saved_vm_comes_back_with_is_not_plugged_in_elsewhere(tmp_path: Path) -> None:
    world = World(tmp_path, {"float1": "trop03"}, {})
    (gain,) = fleet_moves.gains(
        world.plans, {"trop02": saved_with(MAC["float1"]), "trop04": map_hosts.host([], [])}
    )
    told = fleet_moves.why_not(gain, {"trop02": saved_with(MAC["float1"])}, ["trop02"])
    assert f"Acilamwen on trop02 is saved with {MAC['float1']} with its link up" in told
    assert "virsh managedsave-remove Acilamwen" in told


def saved_with(mac: str) -> HostSeen:
    """On a host that has the VM saved; its definition has the NIC no more."""
    image = domain("Acilamwen", [nic(mac)]).live
    defined = domain("Acilamwen", [], "shut off")
    return map_hosts.host([replace(defined, state="saved", saved=image)], [])


def test_a_preview_says_what_moves_and_changes_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, {"float1": "trop03"}, {"trop02": [MAC["float1"]]})
    code, text = world.run("preview", "--all")
    assert code == 0
    assert (
        "float1 moves from trop02 (Acilamwen) to trop03 (Wanderer); up --all lets it be released there first"
        in text
    )
    assert "2 to create, 1 to update, 28 same" in text
    assert [batch["trop02"][0] for batch in world.batches] == ["preview"]
    assert world.history == []
