"""`./trop up|preview|refresh --all`: every stack at the same time, each in a process of its own; one table at the end.

A float that changes hypervisors is left out of its new stack's run at first.  When all runs have ended the hypervisors
are looked at again, and only where nobody else has the float any more does its new stack run once more, with it.
`./trop up trop03` alone does none of this: it would make each up depend on every host.  There the provider asks on the
network whether somebody answers at the float's address, where it can.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from rich.console import Console

import config
from cli import ROOT, live
from cli.fleet import allow, children, moves, stacks, table
from cli.fleet.children import Ended, Interrupted
from cli.fleet.moves import Gain
from cli.fleet.plugged import Sight
from cli.fleet.stacks import Fleet
from cli.fleet.table import Outcome
from cli.rack import owners, twins
from cli.words.command_line import WITH_VALUE, UsageError, known_stacks
from lab.facts import LabError
from provider.errors import OperatorError

VERBS: Final = {"preview": "preview", "pre": "preview", "up": "up", "update": "up", "refresh": "refresh"}
FOR_ONE: Final = {
    "--json": "its document is of one stack",
    "--stack": "it is every stack",
    "-s": "it is every stack",
    "--config-file": "each stack has a file of its own",
    "--cwd": "it is every stack of this repository",
    "-C": "it is every stack of this repository",
}


@dataclass(frozen=True)
class Order:
    """What a command line with ``--all`` asks for; ``words`` are handed on to each stack's run."""

    verb: str
    words: tuple[str, ...] = ()
    lab: bool = False
    sure: bool = False
    skip_preview: bool = False
    only_preview: bool = False
    verbose: bool = False


def parse(words: Sequence[str], known: Collection[str]) -> Order:
    """Raises `UsageError`."""
    if words[0] not in VERBS:
        raise UsageError(
            f"{words[0]} --all is refused: it is said of each stack by its name, as in ./trop {words[0]} trop02"
        )
    verb, handed, own = VERBS[words[0]], [], set()
    left = iter(words[1:])
    for word in left:
        name = word.partition("=")[0]
        if name in FOR_ONE:
            raise UsageError(f"{name} does not go with --all: {FOR_ONE[name]}")
        if word in ("--all", "--lab", "--yes", "-y", "--skip-preview", "-f", "--preview-only", "--verbose"):
            own.add(word)
        elif word in WITH_VALUE or word in ("--engine", "--allow"):
            handed += [word, next(left, "")]
        elif word in known:
            raise UsageError(f"--all is every stack, {word} among them: name it, or say --all")
        else:
            handed.append(word)
    return Order(
        verb,
        tuple(handed),
        lab="--lab" in own,
        sure=bool(own & {"--yes", "-y"}),
        skip_preview=bool(own & {"--skip-preview", "-f"}),
        only_preview=verb == "preview" or "--preview-only" in own,
        verbose="--verbose" in own or "--diff" in handed,
    )


def run(words: Sequence[str]) -> int:
    """Carries it out; 0 if all went well, else the worst exit code of any stack."""
    console = Console()
    try:
        order = parse(words, known_stacks())
        if not (order.only_preview or order.sure or sys.stdin.isatty()):
            raise UsageError(f"{order.verb} --all needs --yes where there is no terminal to ask on")
        fleet = stacks.of_labs() if order.lab else stacks.of_repository(ROOT)
        if not fleet.files:
            why = "; ".join(f"{stack}: {reason}" for stack, reason in fleet.left_out.items())
            raise UsageError(f"there is no stack to run; {why or 'none has a file'}")
        with tempfile.TemporaryDirectory(prefix="trop-all-") as folder:
            return Run(order, fleet, stacks.plans(fleet, ROOT), console, Path(folder)).go()
    except (UsageError, LabError, config.ConfigError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


@dataclass
class Run:
    """One run over all stacks.  ``children``, ``look`` and ``ask`` are the effects; a test gives others."""

    order: Order
    fleet: Fleet
    plans: Mapping[str, config.Plan]
    console: Console
    folder: Path
    children: Callable[[Mapping[str, Sequence[str]]], Mapping[str, Ended]] | None = None
    look: Callable[[Fleet], Sight] = stacks.look
    ask: Callable[[str], str] = input
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    waiting: list[Gain] = field(default_factory=list)  # floats that were left out so far
    first: dict[str, Outcome] = field(default_factory=dict)  # of the stacks that run twice

    def go(self) -> int:
        if twice := moves.held_twice(self.plans):
            raise UsageError("; ".join(twice))
        sight = self.look(self.fleet)
        self._refuse_one_host_twice(sight)
        self._note_who_is_not_run(sight)
        self.notes += allow.in_vain(self.order.words, sight)
        try:
            if not self.order.skip_preview or self.order.only_preview:
                self._preview(sight)
                if self.order.only_preview or not self._wanted():
                    return self._worst()
            self._apply()
        except (Interrupted, KeyboardInterrupt) as stopped:
            if isinstance(stopped, Interrupted):
                self._take(stopped.ended)
            self.notes += [f"{gain.not_plugged}: interrupted" for gain in self.waiting]
            self._show("interrupted; what was done until then")
            return table.INTERRUPTED
        self._show(f"{self.order.verb} of all stacks")
        return self._worst()

    def _refuse_one_host_twice(self, sight: Sight) -> None:
        """Two spellings of one URI; and a note of two hosts that give one UUID."""
        for stack, owner in owners(self.plans, sight).items():
            if owner != stack:
                raise UsageError(
                    f"the libvirt:uri of {stack}, {self.fleet.uris.get(stack)}, leads to the host of {owner}, and each "
                    f"is a hypervisor of its own; say where it is: ./trop config {stack} set {live.URI} "
                    f"qemu+ssh://root@{stack}/system"
                )
        self.notes += [f"{each.what}: {each.mend}" for each in twins(sight)]

    def _note_who_is_not_run(self, sight: Sight) -> None:
        for stack, why in self.fleet.left_out.items():
            self.outcomes[stack] = Outcome(f"left out: {why}")
        for stack in self.fleet.files:
            seen = sight[stack]
            if isinstance(seen, OperatorError):
                self.outcomes[stack] = Outcome(f"not reached: {seen}", 1)

    @property
    def _ready(self) -> list[str]:
        """The stacks that are run: those that are there, and of which nothing has failed yet."""
        return [s for s in self.fleet.files if s not in self.outcomes or self.outcomes[s].code == 0]

    def _preview(self, sight: Sight) -> None:
        verb = ["refresh", "--preview-only"] if self.order.verb == "refresh" else ["preview"]
        self._take(self._run({stack: [*verb, stack] for stack in self._ready}))
        if self.order.verb != "refresh":
            self.notes += [f"{gain}; {gain.waits_for}" for gain in moves.gains(self.plans, sight)]
        self._show(f"what {'a refresh' if self.order.verb == 'refresh' else 'an up'} of all stacks would do")
        self.notes.clear()

    def _wanted(self) -> bool:
        """Asked once, for all; those whose preview failed are not among them."""
        if self.order.sure or not self._ready:
            return bool(self._ready)
        question = f"Do you want to perform this {self.order.verb} of {', '.join(self._ready)}? [yes/no] "
        try:
            answer = self.ask(question).strip().lower()
        except EOFError:
            answer = ""
        if answer not in ("y", "yes"):
            self.console.print(f"confirmation declined, not proceeding with the {self.order.verb}")
        return answer in ("y", "yes")

    def _apply(self) -> None:
        """All stacks, without the floats that have to wait; then the stacks of those, once nobody else has them."""
        ready = self._ready
        if self.order.verb == "up":
            gains = moves.gains(self.plans, self.look(self.fleet))
            self.waiting = [gain for gain in gains if gain.stack in ready]
        self._take(self._run({stack: self._words(stack, self.waiting) for stack in ready}))
        if self.waiting:
            self._plug_in()

    def _plug_in(self) -> None:
        """The floats that waited, where another look shows that nothing speaks against it."""
        failed = [stack for stack, outcome in self.outcomes.items() if outcome.code]
        sight = self.look(self.fleet)
        refused = {gain: why for gain in self.waiting if (why := moves.why_not(gain, sight, failed))}
        again = sorted({gain.stack for gain in self.waiting if gain not in refused})
        self.waiting.clear()
        self.notes += refused.values()
        self.first = {stack: self.outcomes[stack] for stack in again}
        self._take(self._run({stack: self._words(stack, refused) for stack in again}))
        for gain in refused:
            outcome = self.outcomes[gain.stack]
            result = outcome.result if outcome.code else f"done, without {gain.held.label}"
            # A run that went well but for a float is no success.
            self.outcomes[gain.stack] = replace(outcome, result=result, code=outcome.code or 1)

    def _words(self, stack: str, waiting: Collection[Gain]) -> list[str]:
        """One stack's run, asking nothing, without the floats of its own that wait."""
        words = [self.order.verb, stack, "--yes", "--skip-preview"]
        labels = [gain.held.label for gain in waiting if gain.stack == stack]
        if labels:
            folder = self.folder / stack / "-".join(sorted(labels))
            file = stacks.without_floats(self.fleet.files[stack], ROOT, labels, folder)
            words += ["--config-file", str(file)]
        return words

    def _run(self, jobs: Mapping[str, Sequence[str]]) -> Mapping[str, Ended]:
        more = [*self.order.words, "--color", "never", *(["--lab"] if self.order.lab else [])]
        whole = {stack: [*words, *more] for stack, words in jobs.items()}
        if self.children is not None:
            return self.children(whole)
        return children.run(whole, self.console, verbose=self.order.verbose)

    def _take(self, ended: Mapping[str, Ended]) -> None:
        """Notes what came of the runs; of one that failed, all that it said is shown."""
        for stack, one in ended.items():
            outcome = table.outcome(one)
            self.outcomes[stack] = (
                table.joined(self.first[stack], outcome) if stack in self.first else outcome
            )
            if one.code not in (0, table.INTERRUPTED) and not self.order.verbose:
                self.console.rule(stack, align="left")
                self.console.print(one.output.strip(), markup=False, highlight=False, soft_wrap=True)

    def _show(self, title: str) -> None:
        by_name = {stack: self.outcomes[stack] for stack in sorted(self.outcomes)}
        self.console.print(table.table(title, by_name))
        for note in self.notes:
            self.console.print(note, markup=False, highlight=False, soft_wrap=True)

    def _worst(self) -> int:
        return max((one.code for one in self.outcomes.values() if one.code is not None), default=0)
