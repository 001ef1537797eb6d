"""A verb on every stack: which run, in what order where a float changes hypervisors, and what is said at the end."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from cli import ROOT
from cli.fleet import (
    children as fleet_children,
)
from cli.fleet import (
    command as fleet,
)
from cli.fleet import (
    moves as fleet_moves,
)
from cli.fleet import (
    stacks as fleet_stacks,
)
from cli.fleet import (
    table as fleet_table,
)
from cli.fleet.children import Ended, Interrupted
from cli.fleet.plugged import Sight
from cli.fleet.stacks import Fleet
from cli.words.order import UsageError
from provider.errors import OperatorError
from provider.survey.survey import HostSeen
from tests.cli.map import hosts as map_hosts
from tests.cli.map.hosts import domain, nic
from tests.config import fleets

MAC = {"float1": "52:54:00:00:01:00", "float2": "52:54:00:00:01:01"}
VMS = {"trop02": "Acilamwen", "trop03": "Wanderer", "trop04": "Third"}
GONE = OperatorError("cannot reach libvirt at qemu+ssh://root@trop02/system: no route to host")
SUMMARY = "Previewing update (x):\n\nResources:\n    + 2 to create\n    ~ 1 to update\n    3 changes. 28 unchanged\n"


@dataclass
class World:
    """Three hypervisors with a VM each; an `up` gives a stack the floats that its fleet file says, and no others."""

    folder: Path
    holds: dict[str, str | None]
    at: dict[str, list[str]]  # MACs that are plugged in, by stack
    unreached: dict[str, OperatorError] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    stubborn: set[str] = field(default_factory=set)  # stacks whose run does not take out what it should
    batches: list[dict[str, list[str]]] = field(default_factory=list)
    history: list[dict[str, list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        facts = fleets.rack_facts()
        for stack in ("trop03", "trop04"):
            facts["hypervisors"][stack]["slots"] = {VMS[stack]: 8}
        members = facts["floats"]["members"]
        members["float1"].pop("holder")
        for label, stack in self.holds.items():
            members[label]["holder"] = VMS[stack] if stack else None
        path = self.folder / "fleet.yaml"
        path.write_text(yaml.safe_dump(facts), encoding="utf-8")
        self.fleet = Fleet()
        for stack, vm in VMS.items():
            file = self.folder / f"Pulumi.{stack}.yaml"
            settings = {"libvirt:uri": f"qemu://{stack}", "trop:fleet": str(path), "trop:vms": {vm: {}}}
            file.write_text(yaml.safe_dump({"config": settings}), encoding="utf-8")
            self.fleet.files[stack], self.fleet.uris[stack] = file, f"qemu://{stack}"
        self.plans = fleet_stacks.plans(self.fleet, self.folder)

    def look(self, _fleet: Fleet) -> Sight:
        def host(stack: str) -> HostSeen:
            return map_hosts.host([domain(VMS[stack], [nic(mac) for mac in self.at.get(stack, [])])], [])

        return {stack: self.unreached.get(stack) or host(stack) for stack in VMS}

    def children(self, jobs: Mapping[str, Sequence[str]]) -> Mapping[str, Ended]:
        self.batches.append({stack: list(words) for stack, words in jobs.items()})
        ended = {}
        for stack, words in jobs.items():
            ended[stack] = Ended(self.codes.get(stack, 0), SUMMARY, 1.0)
            if words[0] == "up" and not self.codes.get(stack):
                self._apply(stack, words)
                self.history.append({s: list(macs) for s, macs in self.at.items()})
        return ended

    def _apply(self, stack: str, words: Sequence[str]) -> None:
        file = (
            Path(words[words.index("--config-file") + 1])
            if "--config-file" in words
            else self.fleet.files[stack]
        )
        facts = fleet_stacks.plans(Fleet(files={stack: file}), self.folder)[stack]
        kept = self.at.get(stack, []) if stack in self.stubborn else []
        self.at[stack] = [*kept, *(held.mac for held in facts.floats)]

    def run(self, *words: str, answer: str = "yes") -> tuple[int, str]:
        console = Console(file=io.StringIO(), width=200)
        order = fleet.parse(list(words), set(VMS))
        made = fleet.Run(
            order,
            self.fleet,
            self.plans,
            console,
            self.folder,
            self.children,
            self.look,
            lambda _question: answer,
        )
        code = made.go()
        assert isinstance(console.file, io.StringIO)
        return code, console.file.getvalue()

    def twice(self) -> list[dict[str, list[str]]]:
        """Moments at which a MAC was plugged in on two hypervisors."""
        return [
            at
            for at in self.history
            if any(sum(mac in macs for macs in at.values()) > 1 for mac in MAC.values())
        ]


def words_of(batch: Mapping[str, Sequence[str]]) -> dict[str, bool]:
    """Which stacks ran, and whether without some float."""
    return {stack: "--config-file" in words for stack, words in batch.items()}


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


def test_stacks_that_lead_to_one_libvirt_are_refused() -> None:
    with pytest.raises(UsageError, match="have one libvirt:uri, qemu:///system"):
        fleet_stacks.of_repository(ROOT)


def test_stacks_without_a_uri_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for stack, uri in (("trop02", "qemu://a"), ("trop03", ""), ("trop04", "qemu://b")):
        settings: dict[str, Any] = {"libvirt:uri": uri} if uri else {}
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": settings}))
    monkeypatch.setattr("cli.words.order.ROOT", tmp_path)
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


@pytest.mark.parametrize(
    ("block", "changes", "impacts"),
    [
        ("    28 unchanged\n", {"same": 28}, ()),
        ("    + 9 created\n\nDuration: 3s\n", {"created": 9}, ()),
        ("    +-2 to replace\n    ~ 1 to update\n    3 changes. 5 unchanged\n",
         {"to replace": 2, "to update": 1, "same": 5}, ()),
        ("    - 1 deleted\n    4 unchanged\n    1 errored\n", {"deleted": 1, "same": 4}, ()),
        (
            "    ~ 4 to update\n    24 unchanged\n    3 live, 1 at next boot; nothing restarts\n",
            {"to update": 4, "same": 24},
            ("3 live, 1 at next boot; nothing restarts",),
        ),
        (
            "    ~ 1 to update\n    1 restart: Acilamwen (allowed)\n",
            {"to update": 1},
            ("1 restart: Acilamwen (allowed)",),
        ),
    ],
)  # fmt: skip
def test_a_runs_summary_is_read_as_it_stands(
    block: str, changes: dict[str, int], impacts: tuple[str, ...]
) -> None:
    assert fleet_table.read(f"Updating (x):\n\nOutputs:\n    Resources: 'no'\n\nResources:\n{block}") == (
        changes,
        impacts,
    )


def test_a_run_without_a_summary_has_no_counts() -> None:
    assert fleet_table.read("error: no stack named 'trop02' found\n") == ({}, ())


def test_two_runs_of_one_stack_are_counted_together() -> None:
    first = fleet_table.outcome(Ended(0, "\nResources:\n    ~ 1 updated\n    4 unchanged\n", 2.0))
    second = fleet_table.outcome(
        Ended(0, "\nResources:\n    + 2 created\n    ~ 1 updated\n    3 unchanged\n", 1.0)
    )
    both = fleet_table.joined(first, second)
    assert both.what == "2 updated, 2 created, 3 same"
    assert both.seconds == 3.0


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> None:
    """`./trop` is a few lines that say something, wait for a SIGINT if told to, and end with a code."""
    program = (
        "import signal, sys, time\n"
        "if sys.argv[2] == 'wait':\n"
        "    signal.signal(signal.SIGINT, lambda *_: (print('told', flush=True), sys.exit(3)))\n"
        "print('at work', flush=True)\n"
        "time.sleep(60 if sys.argv[2] == 'wait' else 0)\n"
        "sys.exit(int(sys.argv[2]))\n"
    )
    real = subprocess.Popen

    def popen(words: Sequence[str], **options: Any) -> subprocess.Popen[str]:
        return real([sys.executable, "-c", program, *words[4:]], **options)

    monkeypatch.setattr(fleet_children.subprocess, "Popen", popen)


@pytest.mark.usefixtures("children")
def test_children_run_at_the_same_time_and_what_they_say_is_kept() -> None:
    console = Console(file=io.StringIO(), width=80)
    ended = fleet_children.run({"a": ["up", "0"], "b": ["up", "7"]}, console, verbose=True)
    assert {stack: (one.code, one.output) for stack, one in ended.items()} == {
        "a": (0, "at work\n"),
        "b": (7, "at work\n"),
    }
    assert isinstance(console.file, io.StringIO)
    assert sorted(console.file.getvalue().splitlines()) == ["a │ at work", "b │ at work"]


@pytest.mark.usefixtures("children")
def test_an_interrupt_is_passed_on_to_all_and_waited_for() -> None:
    said = io.StringIO()

    def interrupt() -> None:
        while said.getvalue().count("at work") < 2:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(Interrupted) as stopped:
        fleet_children.run(
            {"a": ["up", "wait"], "b": ["up", "wait"]}, Console(file=said, width=80), verbose=True
        )
    assert {stack: (one.code, one.output) for stack, one in stopped.value.ended.items()} == {
        "a": (3, "at work\ntold\n"),
        "b": (3, "at work\ntold\n"),
    }
