"""A verb on every stack: which run, what is refused, and what is said at the end."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from cli.fleet import command as fleet
from cli.fleet.children import Ended, Interrupted
from cli.fleet.plugged import Sight
from cli.fleet.stacks import Fleet
from cli.words.command_line import UsageError
from tests.cli.fleet.world import GONE, MAC, World


def test_up_previews_all_asks_once_and_does_nothing_without_a_yes(tmp_path: Path) -> None:
    world = World(tmp_path, {}, {})
    assert world.run("up", "--all", answer="no")[0] == 0
    assert len(world.batches) == 1
    assert world.run("up", "--all")[0] == 0
    assert [batch["trop03"][:2] for batch in world.batches[1:]] == [["preview", "trop03"], ["up", "trop03"]]
    assert world.batches[2]["trop03"][2:4] == ["--yes", "--skip-preview"]


def test_a_stack_whose_preview_fails_is_left_alone_and_its_exit_code_is_the_runs(tmp_path: Path) -> None:
    world = World(tmp_path, {}, {}, codes={"trop03": 255})
    code, text = world.run("up", "--all", "--yes")
    assert code == 255
    assert set(world.batches[1]) == {"trop02", "trop04"}
    assert "failed (exit code 255)" in text
    assert "Previewing update (x):" in text  # all that the failed one said


def test_a_hypervisor_that_is_not_reached_is_told_and_not_run(tmp_path: Path) -> None:
    world = World(tmp_path, {}, {}, {"trop02": GONE})
    code, text = world.run("refresh", "--all", "--yes")
    assert code == 1
    assert "not reached: cannot reach libvirt at qemu+ssh://root@trop02/system" in text
    assert [batch["trop03"][:2] for batch in world.batches] == [
        ["refresh", "--preview-only"],
        ["refresh", "trop03"],
    ]


def test_an_interrupt_in_the_first_run_ends_it_with_the_table_and_no_float_is_plugged_in(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, {"float1": "trop03"}, {"trop02": [MAC["float1"]]})
    real = world.children

    def stopped(jobs: Mapping[str, Sequence[str]]) -> Mapping[str, Ended]:
        raise Interrupted(real(jobs))

    world.children = stopped  # type: ignore[method-assign]
    code, text = world.run("up", "--all", "--yes", "--skip-preview")
    assert code == 130
    assert "interrupted; what was done until then" in text
    assert "float1 is not plugged in on trop03 (Wanderer): interrupted" in text
    assert world.at["trop03"] == []
    assert len(world.batches) == 1


def test_an_interrupt_between_the_runs_does_not_hide_what_was_done(tmp_path: Path) -> None:
    world = World(tmp_path, {"float1": "trop03"}, {"trop02": [MAC["float1"]]})
    look = world.look

    def stopped(of: Fleet) -> Sight:
        if world.batches:
            raise KeyboardInterrupt
        return look(of)

    world.look = stopped  # type: ignore[method-assign]
    code, text = world.run("up", "--all", "--yes", "--skip-preview")
    assert code == 130
    assert "float1 is not plugged in on trop03 (Wanderer): interrupted" in text
    assert "2 to create, 1 to update, 28 same" in text


def test_other_words_are_handed_on_to_every_stack(tmp_path: Path) -> None:
    world = World(tmp_path, {}, {})
    world.run(
        "preview", "--all", "--lab", "--engine", "embedded", "--allow", "Ulov=restart", "--parallel", "4"
    )
    assert world.batches[0]["trop04"] == [
        *("preview", "trop04", "--engine", "embedded", "--allow", "Ulov=restart", "--parallel", "4"),
        *("--color", "never", "--lab"),
    ]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["destroy", "--all"], "destroy --all is refused"),
        (["import", "--all"], "import --all is refused"),
        (["up", "--all", "trop02"], "--all is every stack, trop02 among them"),
        (["up", "--all", "--json"], "--json does not go with --all"),
        (["up", "--stack=trop02", "--all"], "--stack does not go with --all"),
        (["preview", "--all", "--config-file", "x"], "each stack has a file of its own"),
    ],
)
def test_what_makes_no_sense_for_all_is_refused(words: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        fleet.parse(words, {"trop02"})


def test_without_a_terminal_up_needs_yes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert fleet.run(["up", "--all"]) == 1
    assert "up --all needs --yes where there is no terminal to ask on" in capsys.readouterr().err
