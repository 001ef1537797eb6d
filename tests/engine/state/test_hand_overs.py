"""A stack goes from hand to hand: engines in two PID namespaces and a stand-in of the CLI, killed at random moments.

No two have it at the same time, and what was written is there at the end.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise, product
from pathlib import Path

import pytest

from cli import ROOT
from engine.state import backend as backends
from engine.state import locks, place
from engine.state.backend import Backend
from engine.state.locks import Lock
from tests import needs
from tests.engine.state.sides import STACK, Turn, line_of

SEED = os.environ.get("TROP_CRASH_SEED") or random.SystemRandom().randrange(1_000_000)
APART = ("--pid", "--fork", "--kill-child", "--mount-proc")
EMPTY = {"version": 3, "checkpoint": {"stack": f"organization/trop/{STACK}", "latest": {}}}
# Whose lock is left by the dead, and what is done about it: on a disk that counts as shared an engine is kept out by
# that of an engine in the other PID namespace.
MET = (
    "engine let in after an engine's", "engine kept out after an engine's", "engine kept out after a CLI's",
    "cli kept out after an engine's", "cli kept out after a CLI's",
)  # fmt: skip
Tell = Callable[[str, object], None]


@dataclass
class Space:
    """A PID namespace; its first process starts those whose turn it is there."""

    process: subprocess.Popen[str]
    name: str = ""

    def begin(self, turns: list[Turn]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line_of(turns) + "\n")
        self.process.stdin.flush()

    def told(self) -> object:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def ends(self) -> dict[int, str]:
        told = self.told()
        assert isinstance(told, dict)
        return {int(number): str(end) for number, end in told.items()}


@contextmanager
def space(folder: Path) -> Iterator[Space]:
    unshare = needs.tool("unshare")
    if subprocess.run([unshare, *APART, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a PID namespace takes root")
    words = [unshare, *APART, sys.executable, "-m", "tests.engine.state.sides", str(folder)]
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        made = Space(process)
        made.name = str(made.told())
        yield made
    finally:
        process.kill()
        process.communicate()


@dataclass
class Play:
    """One stack and those that want it."""

    folder: Path
    spaces: list[Space]
    lot: random.Random
    turns: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def at(self) -> Backend:
        return Backend(self.folder, "trop")

    def left(self) -> list[Lock]:
        return locks.found(self.at.locks(STACK))

    def lines(self, log: str) -> list[str]:
        file = self.folder / log
        return file.read_text().splitlines() if file.exists() else []

    def hand_overs(self) -> int:
        return sum(former != later for former, later in pairwise(self.lines("holds")))

    def turn(self, actor: str, *, shared: bool = False) -> Turn:
        self.turns += 1
        killed = self.lot.uniform(0, 0.05) if self.lot.random() < 0.4 else None
        return Turn(self.turns, actor, self.lot.uniform(0, 0.02), killed, shared)

    def go(self, turns: dict[int, list[Turn]]) -> dict[int, str]:
        """Those of both namespaces at the same time."""
        for index, mine in turns.items():
            self.spaces[index].begin(mine)
        ends: dict[int, str] = {}
        for index in turns:
            ends |= self.spaces[index].ends()
        assert not self.lines("wrong"), "\n".join(self.lines("wrong"))
        for mine in turns.values():
            self.counts.update(f"{ends[turn.number]} {turn.actor}" for turn in mine)
        return ends

    def crowd(self) -> None:
        """One, two or three at the same time."""
        shared, turns = self.lot.random() < 0.3, dict[int, list[Turn]]()
        wanting = [("engine", 0), ("engine", 1), ("cli", self.lot.randrange(2))]
        for actor, index in self.lot.sample(wanting, self.lot.randint(1, 3)):
            turns.setdefault(index, []).append(self.turn(actor, shared=shared))
        self.go(turns)

    def is_let_in(self, left: list[Lock], turn: Turn, index: int) -> bool:
        here = self.spaces[index].name
        gone = [lock.place is not None and (lock.place.space == here or not turn.shared) for lock in left]
        return turn.actor == "engine" and all(gone)

    def after_the_dead(self, left: list[Lock]) -> None:
        """One comes alone to what is left, and is let in, or refused, and then all are canceled."""
        self.turns += 1
        whose = " and ".join(sorted({"an engine's" if lock.place else "a CLI's" for lock in left}))
        choice: dict[tuple[int, Turn], str] = {}
        for index, actor, shared in product(range(2), ("engine", "cli"), (False, True)):
            turn = Turn(self.turns, actor, shared=shared)
            outcome = "let in" if self.is_let_in(left, turn, index) else "kept out"
            choice[index, turn] = f"{actor} {outcome} after {whose}"
        unmet = [each for each, what in choice.items() if not self.counts[what]]
        index, turn = self.lot.choice(unmet or list(choice))
        self.counts[choice[index, turn]] += 1
        goes, taken = self.is_let_in(left, turn, index), len(self.lines("taken"))
        told = (turn, self.spaces[index].name, left)
        assert self.go({index: [turn]}) == {turn.number: "done" if goes else "refused"}, told
        assert len(self.lines("taken")) - taken == (len(left) if goes else 0)
        assert self.left() == ([] if goes else left)
        if not goes:
            locks.cancel(self.at.locks(STACK))
            self.counts["canceled"] += 1

    def look(self) -> None:
        """The CLI writes a checksum before what it is of; killed in between it leaves the former state, whole."""
        state = self.at.state_file(STACK)
        verdict = backends.judge(state, state.read_bytes())
        assert verdict != "damaged"
        self.counts["cut off"] += verdict == "cut off"

    def until(self, wanted: int) -> None:
        """In few hand-overs one of the ways in which a lock is left can be missing, and is brought about then."""
        while (going := self.hand_overs() < wanted) or not all(self.counts[met] for met in MET):
            self.look()
            left = self.left()
            if left and self.lot.random() < (0.8 if going else 1):
                self.after_the_dead(left)
            elif going:
                self.crowd()
            else:
                self.leave_one()

    def leave_one(self) -> None:
        """By one that is killed, if it has its lock by then."""
        unmet = next(met for met in MET if not self.counts[met])
        self.turns += 1
        actor, kill = "cli" if unmet.endswith("a CLI's") else "engine", self.lot.uniform(0.005, 0.02)
        self.go({self.lot.randrange(2): [Turn(self.turns, actor, kill=kill)]})


def play(folder: Path, wanted: int, tell: Tell) -> None:
    if not place.is_local(folder):
        pytest.skip("the disk of the tests is not of this machine alone")
    Backend(folder, "trop").create(STACK, json.dumps(EMPTY).encode())
    with ExitStack() as spaces:
        both = [spaces.enter_context(space(folder)) for _ in range(2)]
        assert len({place.here().space, *(each.name for each in both)}) == 3
        played = Play(folder, both, random.Random(SEED))
        played.until(wanted)
    counts = ", ".join(f"{number} {what}" for what, number in sorted(played.counts.items()))
    taken = len(played.lines("taken"))
    tell("crash", f"{played.hand_overs()} hand-overs, TROP_CRASH_SEED={SEED}: {counts}, {taken} taken over")
    resources = json.loads(played.at.state_file(STACK).read_bytes())["checkpoint"]["latest"]["resources"]
    there = Counter(record["urn"].rpartition("::")[2] for record in resources)
    assert set(there.values()) == {1}
    assert set(played.lines("written")) <= set(there)


def test_in_a_dozen_hand_overs_no_run_is_beside_another_and_no_record_is_lost(
    tmp_path: Path, record_property: Tell
) -> None:
    play(tmp_path, 12, record_property)


@pytest.mark.soak
def test_so_it_is_in_a_thousand(tmp_path: Path, record_property: Tell) -> None:
    play(tmp_path, 1000, record_property)
