"""Two hypervisors side by side: a float goes from a guest of one to a guest of the other by `up --all`.

First while the one that has it is down: then it is not plugged in on the other.  No moment sees it with its link up on
both: the libvirts of both are asked all the while.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli import ROOT, live
from cli.fleet.plugged import plugged
from lab.possible import why_not
from tests.lab.catalogue_stage import wait_until
from tests.lab.lab_guest import page
from tests.lab.stage import Stage, short_folder

pytestmark = [pytest.mark.lab, pytest.mark.adopt, pytest.mark.reports("N4"), pytest.mark.other_turn]

MAC, ADDRESS = "52:54:00:00:01:00", "129.215.175.100"
GIVER, TAKER = "trop02", "trop03"
HOLDERS = {GIVER: "Acilamwen", TAKER: "Wanderer"}
HOMES = {GIVER: "192.168.202.15", TAKER: "192.168.203.8"}


class Two:
    """Both hypervisors in one folder, with one VM each, and a fleet file of the test's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts: dict[str, Any] = yaml.safe_load((ROOT / "config/fleet.yaml").read_text(encoding="utf-8"))
        self.facts["hypervisors"][TAKER]["slots"] = {HOLDERS[TAKER]: 8}
        self.hold(TAKER)  # the lab's campus is built for who holds a float
        self.stages = {
            stack: Stage(folder, stack, "embedded", {"fleet": str(self.file), "vms": {vm: {}}})
            for stack, vm in HOLDERS.items()
        }

    @property
    def file(self) -> Path:
        return self.folder / "fleet.yaml"

    def hold(self, stack: str) -> None:
        self.facts["floats"]["members"]["float1"]["holder"] = HOLDERS[stack]
        self.file.write_text(yaml.safe_dump(self.facts), encoding="utf-8")

    def all(self, verb: str, *words: str) -> tuple[int, str]:
        done = self.stages[GIVER].trop(verb, "--all", "--lab", "--engine", "embedded", *words)
        return done.code, done.text

    def where(self) -> dict[str, list[int]]:
        """NICs with the float's MAC, and how many of their links are up, by hypervisor that can be asked."""
        seen = live.look({stack: stage.lab.uri for stack, stage in self.stages.items()})
        return {p.hypervisor: [p.copies, p.up] for p in plugged(MAC, seen)}

    def booted(self, stack: str) -> None:
        wait_until(lambda: page(self.stages[stack].lab, HOMES[stack], campus=False), HOLDERS[stack])


@contextmanager
def two() -> Iterator[Two]:
    reason = why_not()
    assert not reason, reason
    with short_folder() as folder:
        made = Two(folder)
        try:
            for stage in made.stages.values():
                stage.up()
            yield made
        finally:
            for stage in made.stages.values():
                stage.lab.down(purge=True)


class Watch(threading.Thread):
    """Looks at both hypervisors until it is told to stop; keeps each place in which the float was seen."""

    def __init__(self, labs: Two) -> None:
        super().__init__(daemon=True)
        self.labs, self.done = labs, threading.Event()
        self.seen: list[dict[str, list[int]]] = []

    def run(self) -> None:
        while not self.done.is_set():
            self.seen.append(self.labs.where())
            time.sleep(0.1)

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.join(30)

    def twice(self) -> list[dict[str, list[int]]]:
        return [places for places in self.seen if sum(up for _, up in places.values()) > 1]


def test_a_float_is_released_on_one_hypervisor_before_it_is_plugged_in_on_the_other() -> None:
    with two() as labs:
        labs.hold(GIVER)
        code, text = labs.all("up", "--yes", "--skip-preview")
        assert code == 0, text
        assert labs.where() == {GIVER: [1, 1]}

        labs.hold(TAKER)
        labs.stages[GIVER].lab.down()
        code, text = labs.all("up", "--yes", "--skip-preview")
        assert code == 1, text
        said = f"float1 is not plugged in on trop03 (Wanderer): trop02 cannot be asked whether it still has {MAC}: "
        assert said + "the lab trop02 is not up on this machine" in text
        assert "done, without float1" in text
        assert labs.where() == {}
        assert labs.stages[TAKER].names("list") == ["Wanderer"]

        refused = labs.stages[GIVER].on_stack("preview")
        start = re.search(r"is not up on this machine; start it with: \./trop (lab up trop02)", refused.text)
        assert start
        begun = labs.stages[GIVER].trop(*start[1].split())
        assert begun.code == 0, begun.text
        for stack in HOLDERS:
            labs.booted(stack)
        assert labs.where() == {GIVER: [1, 1]}
        told = json.loads(labs.stages[GIVER].trop("audit", *HOLDERS, "--lab", "--json").out)
        assert [(f["kind"], f["where"], f["mend"]) for f in told if f["level"] == "fault"] == [
            ("float-mac", "Acilamwen", "./trop up --all --lab")
        ]
        with Watch(labs) as watch:
            code, text = labs.all("up", "--yes")
        assert code == 0, text
        assert (
            "float1 moves from trop02 (Acilamwen) to trop03 (Wanderer); up --all lets it be released" in text
        )
        assert watch.twice() == []
        assert len(watch.seen) > 10
        assert labs.where() == {TAKER: [1, 1]}
        lab = labs.stages[TAKER].lab
        wait_until(lambda: page(lab, ADDRESS, campus=True)[:1] == ["I am Wanderer"], "the float's new holder")
        assert labs.all("preview", "--expect-no-changes")[0] == 0
