"""An operation ended at every one of its points, each time from the same beginning, in memory; then the next `up`.

This is a process of its own: it loads everything once and forks.  For each point one child keeps the world and forks
another, which runs the engine and ends; the first then goes on where that one has stopped, as the operator would.
"""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import pickle
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from tests.crash.compare import differences, end_state, fingerprint, locks, unguarded
from tests.crash.far import Far, Handle, Line, Service
from tests.crash.operations import OPERATIONS, UP, WHOLE, Operation
from tests.crash.seam import EXIT, Seam
from tests.crash.stand import Ended, Stand, Start, engine_run, folder, in_child
from tests.crash.world import World


@dataclass
class Left:
    """What a process has left behind, and how it ended."""

    name: str
    reached: bool
    names: list[str] = field(default_factory=list)
    escaped: list[str] = field(default_factory=list)
    code: int = 0


def engine(conn: Any, start: Start, state: Path, operation: Operation, *words: str) -> Ended:
    """One command line, of an operation or around it, in this process."""
    return engine_run(conn, start.project, state, (*words, *operation.steps), operation.replaced)


def cut_off(world: World, start: Start, operation: Operation, state: Path, fatal: int) -> Left:
    """Run the operation in a fork that ends at the point ``fatal``; the world is this process's, and changes."""
    near, far = multiprocessing.Pipe()
    told = state.parent / "told"
    pid = os.fork()
    if not pid:
        near.close()
        try:
            _act(far, start, operation, state, fatal, told)
        finally:
            os._exit(255)
    far.close()
    Service(world, near).serve()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    said = json.loads(told.read_text()) if told.exists() else {}
    if fatal >= 0 and status == (-signal.SIGKILL if fatal % 2 else EXIT):
        return Left(said["last"], True)
    return Left("", False, said.get("names", []), said.get("escaped", []), status)


def _act(far: Any, start: Start, operation: Operation, state: Path, fatal: int, told: Path) -> None:
    def last(name: str) -> None:
        told.write_text(json.dumps({"last": name}))

    seam = Seam(fatal, last)
    conn = Far(Line(far, seam), Handle(0, "World"))
    seam.watch_files(state, start.project)
    ended = engine(conn, start, state, operation, *operation.words)
    told.write_text(json.dumps({"names": seam.names, "escaped": seam.escaped, "text": ended.text}))
    if ended.code:
        sys.stderr.write(ended.text)
    os._exit(ended.code)


def go_on(
    world: World, start: Start, operation: Operation, state: Path, want: dict[str, list[str]]
) -> list[str]:
    """What is wrong after the operator has gone on; nothing, if all is as if nothing had happened."""
    locked = locks(state)
    todo = [operation.words, UP] if operation.words != UP else [UP]
    wrong = []
    for number, words in enumerate(todo):
        ended = engine(world, start, state, operation, *words)
        if ended.code:
            return [f"the next {words[0]} ended with {ended.code}: {ended.text[-3000:]}"]
        if number == 0 and ("it was taken over" in ended.text) != bool(locked):
            wrong.append(f"{len(locked)} locks were left, and the next {words[0]} says: {ended.text[:600]}")
    wrong += differences(end_state(world, state), want)
    again = engine(world, start, state, operation, "preview", "--expect-no-changes")
    if again.code:
        wrong.append(f"the second preview is not empty: {again.text[-3000:]}")
    return wrong


@dataclass
class Verdict:
    """The name of the point, empty when the run ended before it, and what is wrong."""

    name: str
    wrong: list[str]


class Player:
    """All points of one operation, as many at a time as there are cores."""

    def __init__(self, root: Path, start: Start, operation: Operation) -> None:
        self.root, self.start, self.operation = root, start, operation
        self.known: dict[str, int] = {}
        self.failures: list[dict[str, Any]] = []
        self.shared = 0
        self.missed = 0

    def dry(self) -> Left:
        """Undisturbed; what it comes to is what every other run has to come to."""
        state = self._state("dry")

        def work() -> Any:
            world = pickle.loads(self.start.world)
            left = cut_off(world, self.start, self.operation, state, -1)
            if left.code:
                raise RuntimeError(f"{self.operation.name} itself ended with {left.code}")
            if self.operation.words != UP:
                ended = engine(world, self.start, state, self.operation, *UP)
                assert ended.code == 0, ended.text
            want = end_state(world, state)
            again = engine(world, self.start, state, self.operation, "preview", "--expect-no-changes")
            assert again.code == 0, again.text
            return left, want

        left, self.want = in_child(work)
        return left

    def _state(self, name: str) -> Path:
        folder = self.root / "runs" / f"{self.operation.name}-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copytree(self.start.state, folder / "state")
        return folder / "state"

    def play(self, numbers: Sequence[int], width: int) -> None:
        left = list(reversed(numbers))
        workers = dict(self._worker() for _ in range(width))
        busy: dict[Any, int] = {}
        while left or busy:
            for pipe in workers.keys() - busy.keys():
                if left:
                    busy[pipe] = left.pop()
                    pipe.send(busy[pipe])
            for pipe in wait(list(busy)):
                self._hear(pipe, busy)
        for pipe, pid in workers.items():
            pipe.send(None)
            os.waitpid(pid, 0)

    def _hear(self, pipe: Any, busy: dict[Any, int]) -> None:
        """What a worker says of the point that it is at: what was left there, or how it came out in the end."""
        kind, value = pipe.recv()
        if kind == "left":
            alone = [part for part in value if self.known.setdefault(part, busy[pipe]) == busy[pipe]]
            self.shared += not alone
            pipe.send(bool(alone))
            return
        self.missed += value.name == ""
        if value.wrong:
            self.failures.append({"number": busy[pipe], "name": value.name, "wrong": value.wrong})
        del busy[pipe]

    def _worker(self) -> tuple[Any, int]:
        """A fork that does one point after the other, and its pipe."""
        near, far = multiprocessing.Pipe()
        pid = os.fork()
        if pid:
            far.close()
            return near, pid
        near.close()
        while (number := far.recv()) is not None:
            try:
                verdict = self._one(number, far)
            except Exception as fault:
                verdict = Verdict("?", ["".join(traceback.format_exception(fault))])
            far.send(("verdict", verdict))
        os._exit(0)

    def _one(self, number: int, pipe: Any) -> Verdict:
        world, state = pickle.loads(self.start.world), self._state(str(number))
        try:
            left = cut_off(world, self.start, self.operation, state, number)
            if not left.reached:
                return Verdict("", [] if left.code == 0 else [f"ended by itself with {left.code}"])
            wrong = unguarded(left.name, state)
            pipe.send(("left", fingerprint(world, state)))
            again = lambda: go_on(world, self.start, self.operation, state, self.want)  # noqa: E731
            return Verdict(left.name, wrong + (in_child(again) if pipe.recv() else []))
        finally:
            shutil.rmtree(state.parent, ignore_errors=True)


def drawn(points: int, seed: str) -> list[int]:
    """One of eight points, by lot."""
    return sorted(random.Random(seed).sample(range(points), points // 8))


def run(names: Sequence[str], whole: bool, parallel: bool, numbers: Sequence[int], lot: str) -> None:
    """One line of JSON for each operation: its points, and what went wrong; all, or ``numbers``, or by ``lot``."""
    with folder() as root:
        stand = Stand(root)
        for operation in WHOLE if whole else OPERATIONS:
            if names and operation.name not in names:
                continue
            if parallel:
                operation = dataclasses.replace(operation, steps=())
            began = time.monotonic()
            player = Player(root, stand.start(operation), operation)
            left = player.dry()
            points = len(left.names)
            played = numbers or (drawn(points, lot) if lot else range(points))
            player.play(played, os.cpu_count() or 1)
            print(json.dumps({
                "operation": operation.name, "points": points, "played": len(played), "shared": player.shared,
                "missed": player.missed, "seconds": round(time.monotonic() - began, 1), "names": left.names,
                "escaped": left.escaped, "failures": player.failures,
            }), flush=True)  # fmt: skip


if __name__ == "__main__":
    told = sys.argv[1:]
    run(
        [word for word in told if word.isalpha()],
        "--whole" in told,
        "--parallel" in told,
        [int(word) for word in told if word.isdigit()],
        next((word.partition("=")[2] for word in told if word.startswith("--lot=")), ""),
    )
