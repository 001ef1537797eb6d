"""What the page's author has made is taken over without a ripple, and then mended live."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli import ROOT
from cli.as_found.by_hand import FLOAT1 as ADDRESS
from cli.as_found.by_hand import FLOAT2, VMS, ByHand
from lab import processes
from tests.done import Done
from tests.lab import by_hand
from tests.lab.lab_guest import page
from tests.lab.pings import LATE, Loss, Target, pinging
from tests.lab.stage import Stage, short_folder

pytestmark = [pytest.mark.lab, pytest.mark.adopt]

FLOAT1 = "52:54:00:00:01:00"


@dataclass
class Taken:
    """A lab made by hand, what was asked of `./trop` there in turn, and what each did to the pings."""

    stage: Stage
    hand: ByHand
    done: dict[str, Done] = field(default_factory=dict)
    moments: dict[str, tuple[float, float]] = field(default_factory=dict)
    loss: dict[str, dict[str, Loss]] = field(default_factory=dict)
    seen: dict[str, dict[str, str]] = field(default_factory=dict)
    boots: dict[str, dict[str, str]] = field(default_factory=dict)
    copies: dict[str, tuple[int, int]] = field(default_factory=dict)
    records: dict[str, Any] = field(default_factory=dict)

    def note(self, step: str) -> None:
        self.seen[step] = by_hand.everything(self.stage.lab)
        self.boots[step] = by_hand.boot_ids(self.stage.lab)
        self.copies[step] = by_hand.copies(self.hand)

    def adopt(self, *words: str) -> Done:
        return self.stage.on_stack("adopt", *words)

    @property
    def file(self) -> Path:
        return self.stage.lab.state / "project" / f"Pulumi.{self.stage.stack}.yaml"

    def play(self) -> None:
        self.note("made")
        self.do("audit", lambda: self.stage.trop("audit", "trop02", "--lab"))
        self.do("table", self.adopt)
        self.do("taken", lambda: self.adopt("--write", "--yes"))
        self.note("taken")
        self.do("again", lambda: self.adopt("--write", "--yes"))
        self.do("preview", lambda: self.stage.on_stack("preview", "--diff"))
        self.note("preview")
        self.do("up", lambda: self.stage.on_stack("up", "--yes", "--skip-preview"))
        self.note("up")
        self.do("settled", lambda: self.stage.on_stack("preview", "--expect-no-changes"))
        self.records["up"] = self.stage.records()
        self.forget()
        self.do("retaken", lambda: self.adopt("--yes"))
        self.do("resettled", lambda: self.stage.on_stack("preview", "--expect-no-changes"))
        self.records["retaken"] = self.stage.records()
        self.note("retaken")

    def do(self, step: str, what: Any) -> None:
        begin = time.monotonic()
        self.done[step] = what()
        self.moments[step] = begin, time.monotonic()

    def forget(self) -> None:
        """The state is lost."""
        for path in (self.stage.lab.state / "state/.pulumi").rglob(f"{self.stage.stack}*.json*"):
            path.unlink()

    def targets(self) -> list[Target]:
        first = processes.first(self.stage.lab.state)
        host, campus = f"/proc/{first}/ns/net", f"/proc/{first}/root/run/netns/campus"
        guests = [Target(name, host, f"192.168.202.{slot}", 0.05) for name, slot in VMS.items()]
        return [*guests, Target("float1", campus, ADDRESS, 0.05)]


@pytest.fixture(scope="module")
def taken() -> Iterator[Taken]:
    with short_folder() as folder:
        stage = Stage(folder, "trop02", "embedded")
        try:
            hand = ByHand(stage.lab)
            made_so = stage.trop("lab", "up", "trop02", "--as-found")
            assert made_so.code == 0, made_so.text
            by_hand.wait(hand, ADDRESS)
            made = Taken(stage, hand)
            with pinging(made.targets(), folder / "pings.log") as pings:
                made.play()
                time.sleep(LATE)
            for step, (begin, end) in made.moments.items():
                made.loss[step] = {t.name: pings.between(t.name, begin, end) for t in made.targets()}
            yield made
        finally:
            stage.lab.down(purge=True)


def test_an_audit_finds_the_fault_and_nothing_else(taken: Taken) -> None:
    done = taken.done["audit"]
    assert done.code == 1, done.text
    assert f"the same NIC {FLOAT2} (float2's) is plugged in 4 times" in done.out
    assert "  1, 2: ./trop adopt trop02 --lab --write --yes && ./trop up trop02 --lab\n" in done.out
    assert "note: trop02, hypervisor: this stack has neither made nor adopted network bridged, " in done.out
    assert done.out.endswith(
        "\n2 findings: 1 hypervisor, 5 domains, 2 networks, 7 volumes, 5 guests asked inside\n"
    )


def test_the_table_says_what_is_wrong_and_what_is_not_declared(taken: Taken) -> None:
    done = taken.done["table"]
    assert done.code == 0, done.text
    agrees, differs, beside, missing = done.out.split("\n\n")[1:5]
    assert agrees.startswith("agrees (8): network bridged, network default, pool live, overlay ")
    rows = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in differs.splitlines()[2:]]
    assert [row for row in rows if row[1] != "cloudinit"] == [
        ["float1 of Acilamwen", f"NIC {FLOAT2}", "–", f"must not be in the {side} (4 times)"]
        for side in ("persistent definition", "running guest")
    ]
    assert beside.splitlines()[1:] == ["  pools: base"]
    assert missing.endswith("float1 of Acilamwen")


def test_the_file_is_completed_by_what_is_there_and_faults_are_not_blessed(taken: Taken) -> None:
    declared, written = (
        yaml.safe_load(file.read_text(encoding="utf-8"))["config"]["trop:vms"]
        for file in (ROOT / taken.file.name, taken.file)
    )
    assert written == {name: {**declared[name], "seedDisk": False} for name in VMS}


def test_everything_that_is_there_is_imported_and_nothing_twice(taken: Taken) -> None:
    done = taken.done["taken"]
    assert done.code == 0, done.text
    assert "13 objects are in the state of trop02" in done.out
    assert "warning" not in done.text
    again = taken.done["again"]
    assert again.code == 0, again.text
    assert "says all of it already" in again.out
    assert "in the state already (13)" in again.out
    assert "Nothing is left to import." in again.out


def test_taking_over_changes_no_byte_of_libvirt_and_no_guest_loses_a_ping(taken: Taken) -> None:
    for step in ("taken", "preview"):
        assert taken.seen[step] == taken.seen["made"]
        assert taken.boots[step] == taken.boots["made"]
    for step in ("audit", "table", "taken", "again", "preview"):
        for name, loss in taken.loss[step].items():
            assert loss.lost == 0, (step, name, loss)
            assert loss.sent > 0


def test_the_preview_is_the_four_nics_and_the_mac(taken: Taken) -> None:
    done = taken.done["preview"]
    assert done.code == 0, done.text
    told = [line.strip() for line in done.out.splitlines() if "[impact on" in line]
    assert told == [
        f"[impact on float1] live: NIC {FLOAT1} is plugged into Acilamwen",
        *(
            f"[impact on float1] live: forbiddenMacs: Acilamwen: {FLOAT2} must not be in the {side} (4 times)"
            for side in ("persistent definition", "running guest")
        ),
    ]
    assert "2 to create" in done.out  # the float's component, and its NIC
    assert "3 live; nothing restarts" in done.out
    assert taken.copies["preview"] == (4, 4)


def test_an_up_mends_it_live_and_nothing_restarts(taken: Taken) -> None:
    done = taken.done["up"]
    assert done.code == 0, done.text
    assert taken.copies["up"] == (0, 0)
    assert taken.boots["up"] == taken.boots["made"]
    assert taken.done["settled"].code == 0, taken.done["settled"].text
    assert {name: loss.lost for name, loss in taken.loss["up"].items() if name != "float1"} == dict.fromkeys(
        VMS, 0
    )
    assert page(taken.stage.lab, ADDRESS, campus=True)[:2] == [
        "I am acilamwen",
        taken.boots["up"]["Acilamwen"],
    ]


def test_the_float_answers_while_it_goes_from_the_wrong_mac_to_its_own(taken: Taken) -> None:
    """Its address was on the NIC that goes: in between it is on the new one, which the campus has to learn of."""
    loss = taken.loss["up"]["float1"]
    print(
        f"\nfloat1 during the up: {loss.hole:.2f} s without an answer, {loss.lost} of {loss.sent} pings lost"
    )
    assert loss.hole < 5, loss
    assert taken.loss["settled"]["float1"].lost == 0


def test_only_acilamwen_is_another_afterwards(taken: Taken) -> None:
    before, after = taken.seen["preview"], taken.seen["up"]
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert all("Acilamwen" in key or key == "network bridged" for key in changed), changed


def test_a_state_that_was_thrown_away_is_taken_up_again_with_the_same_end(taken: Taken) -> None:
    for step in ("retaken", "resettled"):
        assert taken.done[step].code == 0, taken.done[step].text
    assert "14 objects are in the state of trop02" in taken.done["retaken"].out
    assert taken.seen["retaken"] == taken.seen["up"]
    assert taken.boots["retaken"] == taken.boots["made"]
    up, again = taken.records["up"], taken.records["retaken"]
    assert {urn: id for urn, (id, _) in up.items() if "providers" not in urn} == {
        urn: id for urn, (id, _) in again.items() if "providers" not in urn
    }


def test_an_audit_finds_nothing_afterwards(taken: Taken) -> None:
    done = taken.stage.trop("audit", "trop02", "--lab")
    assert done.code == 0, done.text
