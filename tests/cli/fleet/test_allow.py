"""`--allow` of all stacks: a name that no hypervisor has is told once, and one that any has is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.fleet.allow import in_vain
from provider.errors import OperatorError
from tests.cli import hosts
from tests.cli.adopt.beside import all_there, plan_of
from tests.cli.fleet.world import World

SIGHT = {"trop02": all_there(plan_of()), "trop03": hosts.host([], [])}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--allow", "Acilamwen=restart"], []),
        (["--allow=default=network outage"], []),
        (["--allow", "gone.qcow=data loss"], []),
        (
            ["-p", "1", "--allow", "Nobody=restart"],
            ["Nobody=restart allows nothing: no hypervisor has a domain No"],
        ),
        (
            ["--allow=Acilamwen=network outage"],
            ["no hypervisor has a network Acilamwen; there are bridged, default"],
        ),
        (["--allow", "x=restart,y=restart"], ["a domain x; there are Acilamwen", "a domain y"]),
    ],
)
def test_a_name_is_looked_for_on_every_hypervisor(words: list[str], said: list[str]) -> None:
    lines = in_vain(words, SIGHT)
    assert len(lines) == len(said)
    assert all(part in line for part, line in zip(said, lines, strict=True))


def test_while_a_hypervisor_cannot_be_asked_no_name_is_called_nobodys() -> None:
    assert in_vain(["--allow", "x=restart"], SIGHT | {"trop04": OperatorError("not reached")}) == []


def test_it_is_said_beside_the_table(tmp_path: Path) -> None:
    _, text = World(tmp_path, {}, {}).run("preview", "--all", "--allow", "Nobody=restart")
    assert text.count("--allow Nobody=restart allows nothing: no hypervisor has a domain Nobody") == 1
