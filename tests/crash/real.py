"""The same on a real libvirt: a process of the engine ended at points drawn by lot, or at all; then the next `up`.

Two booted guests stay, and a float goes to and fro between them.  What is made, changed, replaced, imported and deleted
stands beside them: networks, volumes, a seed and a domain, which is started where there is the time for it.  Where
every point is played, what needs no guest is played without one.  This is a process of its own, whose forks run the
engine: it never has a connection to libvirt that a fork could inherit.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import libvirt
import libvirt_qemu

import engine.deployment
from provider.protocol.plugin import servicer
from tests.crash import compare, stand
from tests.crash.operations import IMPORT, UP, import_file
from tests.crash.real_operations import CHAINS, REPLACING, SPARE, Chain, Edit
from tests.crash.real_seen import seen
from tests.crash.seam import CHANGING, EXIT, FILE_CALLS, Seam, changes_guest
from tests.crash.stand import in_child
from tests.lab import moves
from tests.lab.catalogue_stage import STACK, Scene, scene


@dataclass
class Trial:
    """One operation ended at one point; ``reached`` is false where it had fewer points, and ended."""

    operation: str
    number: int
    name: str = ""
    reached: bool = True
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


def ended_at(made: Scene, words: Sequence[str], fatal: int) -> tuple[list[str], str, int]:
    """Runs the words in a fork that ends at the point; the names of the points it came to, the last, its exit code."""
    told = made.stage.folder / "told"
    told.unlink(missing_ok=True)
    pid = os.fork()
    if not pid:
        try:
            _act(made, words, fatal, told)
        finally:
            os._exit(255)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    said = json.loads(told.read_text()) if told.exists() else {}
    died = fatal >= 0 and status == (-signal.SIGKILL if fatal % 2 else EXIT)
    return said.get("names", []), said.get("last", "") if died else "", 0 if died else status


def _act(made: Scene, words: Sequence[str], fatal: int, told: Path) -> None:
    seam = Seam(fatal, lambda name: told.write_text(json.dumps({"last": name})) and None)
    watch_libvirt(seam)
    seam.watch_files(made.backend, made.folder)
    ended = _engine(made, words)
    told.write_text(json.dumps({"names": seam.names}))
    if ended.code:
        sys.stderr.write(ended.text)
    os._exit(ended.code)


def watch_libvirt(seam: Seam) -> None:
    """From now on, for as long as this process lives: every call of libvirt-python that changes something."""

    def put(owner: Any, name: str, what: Callable[..., str]) -> None:
        real = getattr(owner, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            shown = what(*args)
            return seam.around(shown, lambda: real(*args, **kwargs)) if shown else real(*args, **kwargs)

        setattr(owner, name, call)

    sent: list[Any] = []

    def named(kind: str, name: str, it: Any) -> str:
        if name == "send":
            sent.append(it)
        return f"{kind}.{name}" if name != "finish" or it in sent else ""

    for kind, names in CHANGING.items():
        for name in names.split():
            if hasattr(getattr(libvirt, f"vir{kind}"), name):
                put(getattr(libvirt, f"vir{kind}"), name, lambda it, *_, key=(kind, name): named(*key, it))
    put(libvirt_qemu, "qemuAgentCommand", lambda _domain, question, *_: changes_guest(question))


def _engine(made: Scene, words: Sequence[str]) -> stand.Ended:
    os.environ.update(made.environment(), TROP_DEBUG="1")
    return stand.run_words([*words, "--cwd", str(made.folder), "--stack", STACK],
                          lambda: stand.replacing(servicer(), REPLACING))  # fmt: skip


def engine(made: Scene, *words: str) -> stand.Ended:
    ended: stand.Ended = in_child(lambda: _engine(made, words))
    return ended


def world_and_state(made: Scene) -> dict[str, list[str]]:
    state = compare.records(made.backend, outputs=False)
    names = {compare.plain_name(name) for name in compare.files(made.backend)}
    return {"world": in_child(lambda: seen(made.stage.lab.uri)), "state": state, "files": sorted(names)}


class Real:
    """One lab, and the operations that are played on it one after the other."""

    def __init__(self, made: Scene) -> None:
        self.made = made
        self.empty = made.stage.folder / "empty"
        self.counts: dict[str, list[str]] = {}
        self.wanted: dict[str, dict[str, list[str]]] = {}

    def begin(self) -> None:
        shutil.copytree(self.made.backend, self.empty)
        for _ in range(5):  # on busy cores a guest may boot for longer than an `up` waits for its agent
            if engine(self.made, *UP).code == 0:
                break
        if self.made.declared.stack["vms"]:
            moves.ready(self.made)

    def words(self, name: str) -> tuple[str, ...]:
        return IMPORT if name == "import" else UP

    def prepare(self, name: str, edit: Edit) -> None:
        self.made.edit(edit)
        if name == "import":
            state = self.made.backend / f".pulumi/stacks/trop/{STACK}.json"
            (self.made.folder / "import.json").write_text(import_file(state.read_bytes()))
            shutil.rmtree(self.made.backend)
            shutil.copytree(self.empty, self.made.backend)

    def key(self) -> str:
        declared = self.made.declared
        return json.dumps([declared.fleet, declared.stack, declared.extra], sort_keys=True)

    def undisturbed(self, name: str, edit: Edit) -> None:
        """What it comes to when nothing happens."""
        self.prepare(name, edit)
        names, _, code = ended_at(self.made, self.words(name), -1)
        assert code == 0, f"{name} itself ended with {code}"
        self.counts[name] = names
        if name == "import":
            self.go_on(UP)
        self.wanted.setdefault(self.key(), world_and_state(self.made))

    def go_on(self, words: Sequence[str]) -> stand.Ended:
        ended = engine(self.made, *words)
        assert ended.code == 0, f"{words[0]} ended with {ended.code}: {ended.text[-2000:]}"
        return ended

    def trial(self, name: str, edit: Edit, number: int) -> Trial:
        began = time.monotonic()
        self.prepare(name, edit)
        done = Trial(name, number)
        _, done.name, code = ended_at(self.made, self.words(name), number)
        done.reached = bool(done.name)
        if done.reached:
            done.wrong += compare.unguarded(done.name, self.made.backend)
        if code:
            done.wrong.append(f"it ended by itself, with {code}")
        try:
            done.wrong += self._after(name)
        except AssertionError as fault:
            done.wrong.append(str(fault))
        done.seconds = round(time.monotonic() - began, 2)
        return done

    def _after(self, name: str) -> list[str]:
        wrong = []
        locked = compare.locks(self.made.backend)
        said = self.go_on(self.words(name)).text
        if ("it was taken over" in said) != bool(locked):
            wrong.append(f"{len(locked)} locks were left, and the next run says: {said[:500]}")
        if name == "import":
            self.go_on(UP)
        have = world_and_state(self.made)
        wrong += compare.differences(have, self.wanted.setdefault(self.key(), have))
        again = engine(self.made, "preview", "--expect-no-changes")
        if again.code:
            wrong.append(f"the second preview is not empty: {again.text[-2000:]}")
        return wrong


def run(chain: Chain, seed: int, count: int, running: bool, only_calls: bool, part: int, parts: int) -> None:
    """Prints a line of JSON for each operation with its points, then one for each trial; ``count`` 0: all points.

    All but for the other parts: with 8 of them, the first has every eighth point of each operation.
    """
    SPARE["running"] = running
    with scene(chain.start()) as made:
        real = Real(made)
        real.begin()
        for name, edit in chain.steps:
            real.undisturbed(name, edit)
        for name, names in real.counts.items():
            print(
                json.dumps({"operation": name, "points": len(names), "calls": len(calls(names))}), flush=True
            )
        numbers = {
            name: (calls(names) if only_calls else list(range(len(names))))[part::parts]
            for name, names in real.counts.items()
        }
        for name, edit, number in (
            drawn(chain, seed, count, real.counts) if count else every(chain, numbers, real.counts)
        ):
            print(json.dumps(vars(real.trial(name, edit, number))), flush=True)


def calls(names: Sequence[str]) -> list[int]:
    """The points of calls to libvirt and to guests; most are of files, and those of one write are as of another."""
    return [number for number, name in enumerate(names) if name.split()[1] not in FILE_CALLS]


def drawn(
    chain: Chain, seed: int, count: int, names: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, Edit, int]]:
    """Every other one is of a call to libvirt or to a guest, where the operation has any."""
    lot = random.Random(seed)
    for turn, (name, edit) in enumerate(itertools.islice(itertools.cycle(chain.steps), count)):
        yield name, edit, lot.choice((turn % 2 and calls(names[name])) or range(len(names[name])))


def every(
    chain: Chain, numbers: Mapping[str, list[int]], names: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, Edit, int]]:
    """Round by round.  What has no more points is left out, but for what makes way for the others: that just ends."""
    while any(numbers.values()):
        for name, edit in chain.steps:
            if numbers[name] or name in chain.always:
                yield name, edit, numbers[name].pop(0) if numbers[name] else len(names[name])


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the lab is taken down all the same
    told = sys.argv[3:]
    part, _, parts = next((word for word in told if "/" in word), "0/1").partition("/")
    chosen = CHAINS[next((word for word in told if word in CHAINS), "all")]
    run(chosen, int(sys.argv[1]), int(sys.argv[2]), "running" in told, "calls" in told, int(part), int(parts))
