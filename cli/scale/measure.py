"""What is measured, in one run: each step of trop's life cycle, the same by a bare script, and the SDK alone."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cli.bench.measured import Used, used
from cli.processes import itself
from cli.scale import project
from lab.hypervisor import Lab

THREADS: Final = 16  # calls at a time, as the engine has steps
TROP: Final[Mapping[str, str]] = {
    "preview": "preview of all that is new",
    "up": "up",
    "no-op": "preview with no changes",
    "change": "up of one change",
    "destroy": "destroy",
}
BARE: Final[Mapping[str, str]] = {
    "bare up": "the bare script's up",
    "bare read": "the bare script's reading of all",
    "bare change": "the bare script's one change",
    "bare destroy": "the bare script's destroy",
}
SDK: Final[Mapping[str, str]] = {
    "sdk": "the SDK alone, with the turn of its loop that the engine gives it",
    "sdk plain": "the SDK alone, left to itself",
}
NAMES: Final[Mapping[str, str]] = {**TROP, **BARE, **SDK}


@dataclass
class Round:
    """One life cycle of all stacks.  What a step takes is the sum over the stacks, its memory the most of one."""

    used: dict[str, list[Used]] = field(default_factory=dict)

    def add(self, step: str, used: Used) -> None:
        self.used.setdefault(step, []).append(used)

    def total(self, step: str) -> Used:
        all_ = self.used[step]
        return Used(sum(u.seconds for u in all_), sum(u.cpu for u in all_), max(u.memory for u in all_))


def medians(rounds: Sequence[Round]) -> dict[str, Used]:
    """Of each step that every round has."""
    steps = [step for step in NAMES if all(step in r.used for r in rounds)]
    totals = {step: [r.total(step) for r in rounds] for step in steps}
    return {
        step: Used(
            statistics.median(u.seconds for u in used),
            statistics.median(u.cpu for u in used),
            max(u.memory for u in used),
        )
        for step, used in totals.items()
    }


@dataclass(frozen=True)
class Bench:
    """Where it is done: ``folder`` gets the project, the state and what the bare script makes its VMs from."""

    folder: Path
    size: project.Size
    labs: Sequence[Lab]
    started: bool
    say: Callable[[str], None]

    def round(self) -> Round:
        """Both orders are the same: trop's life cycle, then the bare script's, on each hypervisor."""
        done = Round()
        project.write(self._project, self.size, [lab.uri for lab in self.labs], started=self.started)
        for index in range(len(self.labs)):
            self._trop(index, done)
            for verb in ("up", "read", "change", "destroy"):
                self._note(done, index, f"bare {verb}", self._bare_step(verb, index))
        return done

    def _note(self, done: Round, index: int, step: str, used: Used) -> None:
        done.add(step, used)
        where = f"{project.stack_name(index)}, {self.size.of(index)} VMs"
        self.say(f"{where}: {NAMES[step]}: {used.seconds:.1f} s")

    @property
    def _project(self) -> Path:
        return self.folder / "project"

    def _trop(self, index: int, done: Round) -> None:
        stack = project.stack_name(index)
        self._run(["stack", "init", stack])
        self._note(done, index, "preview", self._run(["preview", stack]))
        self._note(done, index, "up", self._run(["up", stack, "--yes", "--skip-preview"]))
        self._note(done, index, "no-op", self._run(["preview", stack, "--expect-no-changes"]))
        for step, words in (("sdk", []), ("sdk plain", ["plain"])):
            line = [sys.executable, "-P", "-m", "cli.scale.sdk", str(self._project), stack, *words]
            self._note(done, index, step, used(line, self._environment()))
        self._bare_step("dump", index)
        project.change_one(self._project, index)
        self._note(done, index, "change", self._run(["up", stack, "--yes", "--skip-preview"]))
        if self.started:
            # guests without a system don't shut down when they are asked to
            self._bare_step("destroy", index)
        else:
            self._note(done, index, "destroy", self._run(["destroy", stack, "--yes", "--skip-preview"]))
        self._run(["stack", "rm", stack, "--yes", *(["--force"] if self.started else [])])

    def _run(self, words: Sequence[str]) -> Used:
        line = itself.line([*words, "--cwd", str(self._project), "--engine", "embedded"])
        return used(line, self._environment())

    def _bare_step(self, verb: str, index: int) -> Used:
        script, made = Path(__file__).with_name("bare.py"), self.folder / f"{project.stack_name(index)}.made"
        words = [verb, self.labs[index].uri, str(made), str(THREADS), *(["started"] if self.started else [])]
        return used([sys.executable, "-I", str(script), *words], self._environment())

    def _environment(self) -> dict[str, str]:
        (self.folder / "state").mkdir(exist_ok=True)
        return itself.environment(
            PULUMI_BACKEND_URL=f"file://{self.folder / 'state'}",
            PULUMI_HOME=str(self.folder / "home"),
            PULUMI_CONFIG_PASSPHRASE=project.PASSPHRASE,
        )
