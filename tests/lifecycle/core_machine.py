"""The engine's core over the fake provider, at random: one stack from its first run to its last.

It is longer than 300 lines because the machine is one class.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from engine.events import Event, StepDone
from engine.options import Kind
from engine.scope import Scope
from engine.state import checkpoint, urns
from engine.state.records import Snapshot
from tests.engine.fake import Ran, go
from tests.lifecycle import programs
from tests.lifecycle.flaky import Flaky, FlakyProvider
from tests.lifecycle.integrity import in_turn, verify
from tests.lifecycle.other_engine import as_the_cli_writes
from tests.lifecycle.programs import CANARY, NAMES, Part, urn_of

FAULTS = ["fail", "fail", "kill", "kill", "half", "interrupt", "terminate"]
TROUBLES = ["call", "call", "call", "save", "program", "none"]
faults = st.dictionaries(
    st.tuples(
        st.sampled_from(["change", "change", "change", "look"]), st.sampled_from([0, 0, 0, 1, 1, 2, 3])
    ),
    st.tuples(st.sampled_from(FAULTS), st.booleans()),
    min_size=1,
    max_size=2,
)
kinds = st.sampled_from(["update"] * 6 + ["refresh", "destroy"])
numbers = st.integers(0, 99)  # of something that there may be few of; so that what is drawn hangs on nothing


@st.composite
def scopes(draw: st.DrawFn) -> Callable[[list[str]], Scope]:
    """A scope, once it is known what there is to be named."""
    some, others = draw(st.lists(numbers, max_size=2)), draw(st.lists(numbers, max_size=2))
    kind = draw(st.sampled_from(["all"] * 6 + ["targets", "excludes", "protected"]))
    more = draw(st.booleans())

    def made(known: list[str]) -> Scope:
        named, replaced = (tuple(known[n % len(known)] for n in chosen) for chosen in (some, others))
        if kind == "targets":
            return Scope(targets=named, target_dependents=more, replaces=replaced)
        if kind == "excludes":
            return Scope(excludes=named, exclude_dependents=more)
        return Scope(exclude_protected=kind == "protected")

    return made


runs = st.fixed_dictionaries(
    {
        "refresh": st.booleans(),
        "parallel": st.sampled_from([1, 16]),
        "continue_on_error": st.booleans(),
        "scope": scopes(),
    }
)


def codec() -> checkpoint.Codec:
    """Ciphertexts that a test can read, and that have nothing of the text in them."""
    return checkpoint.Codec(
        "organization/proj/dev", lambda text: text.encode().hex(), lambda text: bytes.fromhex(text).decode()
    )


def loaded(disk: bytes, using: checkpoint.Codec | None = None) -> Snapshot:
    return (using or codec()).load(checkpoint.parse(disk))


class Core(RuleBasedStateMachine):
    """``disk`` is the state file; a run begins with what is in it, and all that it leaves is there."""

    count: ClassVar[Counter[str]] = Counter()  # what has happened, in how many

    def __init__(self) -> None:
        super().__init__()
        self.world = Flaky(replace_on=frozenset({"size"}))
        self.world.objects = {f"foreign-{name}": {"size": 1, "weight": 1} for name in NAMES}
        self.disk = codec().dump(Snapshot())
        self.program: programs.Parts = ()
        self.let_go = set(self.world.objects)  # what may be there though no record knows it
        self.ended = False  # the last run, before its time
        self.fatal_save = -1  # the number of the write before (even) or after (odd) which the process ends
        self.writes = 0
        self.late: list[str] = []  # what was told as done before the state had it

    @initialize(program=programs.programs())
    def begin(self, program: programs.Parts) -> None:
        self.program = program

    @rule(data=st.data(), what=st.sampled_from(["disturbed"] * 4 + ["foretold", "settled"]))
    def step(self, data: Any, what: str) -> None:
        """Something else is wanted or has come about, and then a run.

        One rule, since Hypothesis leaves some of several out for whole lives.
        """
        self._before(data)
        if what == "disturbed":
            self._disturb(*(data.draw(each) for each in (st.sampled_from(TROUBLES), kinds, runs)), data)
        elif what == "foretold":
            self._foretell(data.draw(kinds), data.draw(st.booleans()))
        else:
            self._settle(data.draw(numbers))

    def _disturb(self, trouble: str, kind: Kind, run: dict[str, Any], data: Any) -> None:
        """It goes wrong in any way."""
        self.world.begin(data.draw(faults) if trouble == "call" else {})
        self.fatal_save = data.draw(st.sampled_from(range(16))) if trouble == "save" else -1
        breaks = data.draw(st.sampled_from(range(5))) if trouble == "program" else -1
        self._run(kind, breaks=breaks, **{**run, "scope": run["scope"](self._known())})

    def _foretell(self, kind: Kind, refresh: bool) -> None:
        """A run that nothing disturbs does what its preview has said."""
        self.world.begin({})
        said = self._run(kind, refresh=refresh, preview=True)
        did = self._run(kind, refresh=refresh)
        if not said.result.failed and not did.result.failed:
            assert said.result.changes == did.result.changes

    def _before(self, data: Any) -> None:
        """What happens between two runs: edits, somebody's hands, the other engine."""
        edits, drifts, carries = (
            data.draw(st.sampled_from(each)) for each in ([1, 2, 1, 0], [0, 1, 2, 0], [0, 1])
        )
        for _ in range(edits):
            self.program = data.draw(programs.edits(self.program))
        for _ in range(drifts):
            self._drift(data.draw(numbers), data.draw(st.sampled_from(["gone", "weight", "size"])))
        if carries:
            self._carry(data.draw(numbers))
        self.count.update({"edits": edits, "changes by hand": drifts})

    def _drift(self, which: int, what: str) -> None:
        """Somebody changes or removes an object by hand."""
        there = sorted(self.world.objects)
        changed = there[which % len(there)] if there else ""
        if what == "gone":
            self.world.objects.pop(changed, None)
        elif there:
            self.world.objects[changed] = {**self.world.objects[changed], what: 7}

    def _carry(self, number: int) -> None:
        """The other engine has had the stack: it has written the state as it does."""
        self.count["changes of the engine"] += 1
        self.disk = as_the_cli_writes(self.disk, Random(number))
        verify(loaded(self.disk))

    def teardown(self) -> None:
        self._settle(0)
        gone = self._run("destroy")
        assert not gone.result.failed, gone.messages()
        assert gone.snapshot.resources == []
        self.count["lives"] += 1

    def _known(self) -> list[str]:
        """All that a command line can name, and the pattern of everything."""
        declared = {urn_of(self.program, p) for p in self.program}
        return [*sorted(declared | {r.urn for r in loaded(self.disk).resources}), "**"]

    def _settle(self, number: int) -> None:
        """What an operator can do alone, and an `up` that nothing disturbs: the stack is as declared.

        Whether the other engine has had it in between doesn't matter.
        """
        self._unprotect()
        before = loaded(self.disk)
        self.program = tuple(replace(p, protect=None, imports=self._import(p, before)) for p in self.program)
        self.world.begin({})
        done = self._run("update", refresh=True)
        assert not done.result.failed, done.messages()
        assert not any(r.delete or r.pending_replacement for r in done.snapshot.resources)
        if number % 2:
            self._carry(number)
        again = self._run("preview", refresh=True)
        assert not again.result.failed, again.messages()
        assert set(again.result.changes) <= {"same"}, again.result.changes
        self._is_as_declared(done.snapshot)

    def _unprotect(self) -> None:
        document = json.loads(self.disk)
        for record in document["checkpoint"]["latest"].get("resources", []):
            record.pop("protect", None)
        self.disk = checkpoint.one_line(document)

    def _import(self, part: Part, state: Snapshot) -> str:
        """An import is taken out of the program when it was done, or can't be."""
        names = {part.name, *map(urns.name_of, part.formers)}
        had = any(urns.name_of(r.urn) in names or r.id == part.imports for r in state.resources)
        there = self.world.objects.get(part.imports, {})
        fits = all(there.get(key) == getattr(part, key) for key in ("size", *part.replaces))
        return part.imports if fits and not had else ""

    def _is_as_declared(self, snapshot: Snapshot) -> None:
        records = {r.urn: r for r in snapshot.resources if not urns.is_default_provider(r.urn)}
        wanted = {urn_of(self.program, p): p for p in self.program}
        assert {urn for urn, r in records.items() if r.type != urns.STACK_TYPE} == set(wanted)
        ids = {p.name: records[urn].id for urn, p in wanted.items()}
        for urn, part in wanted.items():
            if part.kind == "thing":
                there = self.world.objects[records[urn].id]
                assert there["size"] == part.size
                assert there.get("x") == (ids[part.uses] if part.uses else None)
                assert part.ignores or there["weight"] == part.weight

    def _run(self, kind: Kind, breaks: int = -1, **options: Any) -> Ran:
        self.codec = codec()
        before, known, disk = loaded(self.disk, self.codec), self._ids(), self.disk
        self.writes = 0
        preview = kind == "preview" or bool(options.get("preview"))
        made = go(
            programs.run(self.program, breaks), self.world, before, kind, on_save=self._save,
            on_event=lambda event: None if preview else self._is_written(event),
            provider=FlakyProvider, cancellation=self.world.cancellation, **options,
        )  # fmt: skip
        self.fatal_save = -1
        self.ended = self.world.dead or made.result.terminated
        self.count.update({"runs": 1, "cut off": self.ended, "faults": self.world.hit})
        assert not self.late, self.late
        assert not (preview and (self.writes or self._ids() != known)), "a preview has changed something"
        if disk is not self.disk:
            own = codec()
            assert without_manifest(own.dump(loaded(self.disk, own))) == without_manifest(self.disk)
        broken = kind == "update" and 0 <= breaks < len(self.program)
        self._judge(made, before, preview, broken)
        return made

    def _save(self, snapshot: Snapshot) -> None:
        if self.world.dead:
            return
        verify(snapshot)
        number = self.writes
        self.writes += 1
        if number == self.fatal_save // 2 and self.fatal_save >= 0:
            self.world.dead = True
            if not self.fatal_save % 2:
                return
        self.disk = self.codec.dump(snapshot)

    def _is_written(self, event: Event) -> None:
        """What is told as done is on disk."""
        if not isinstance(event, StepDone) or self.world.dead:
            return
        step, made = event.step, event.step.op.startswith("create")
        r = step.new if made else step.old if step.op == "delete" else None
        asked = r is not None and r.id in (self.world.made if made else self.world.deleted)
        if asked and made != any(
            (s.urn, s.id) == (r.urn, r.id) for s in loaded(self.disk, self.codec).resources
        ):
            self.late.append(f"{step.op} of {r.id}")

    def _ids(self) -> set[str]:
        return set(self.world.objects)

    def _judge(self, made: Ran, before: Snapshot, preview: bool, broken: bool) -> None:
        after = loaded(self.disk)
        verify(after)
        assert CANARY.encode() not in self.disk
        assert loaded(codec().dump(after)) == after
        pending = {(o.type, o.resource.urn) for o in after.pending_operations}
        interrupted = {("creating", o.resource.urn) for o in before.pending_operations}
        assert self.ended or preview or pending <= interrupted, pending
        steps = [e.step for e in made.events if isinstance(e, StepDone) and e.step.op.startswith("delete")]
        gone = [s.old for s in steps if s.old is not None]
        assert not broken or not any(s.op == "delete" for s in steps), (
            "a program that has failed deletes nothing"
        )
        protected = {r.id for r in before.resources if r.protect and not r.delete and r.id}
        assert not protected & set(self.world.deleted)
        last = [s.old for s in steps if s.op == "delete" and s.old is not None]
        # What goes with another is not asked of its provider.
        asked = [r for r in last if r.deleted_with not in {other.urn for other in last}]
        in_turn([r for r in asked if r.id in self.world.deleted], self.world.deleted)
        if not preview:
            self.let_go |= {r.id for r in gone if r.retain_on_delete or r.deleted_with}
        self._has_no_orphan(after, {urn for _, urn in pending})

    def _has_no_orphan(self, after: Snapshot, pending: set[str]) -> None:
        """What is there is known, or will be found by the create that made it."""
        recorded = {r.id for r in after.resources if not r.pending_replacement}
        if self.ended:
            self.world.lose(recorded)
        self.let_go -= recorded
        for urn, id_ in self.world.cut.items():
            assert urn in pending or id_ not in self._ids() - recorded, (
                f"{id_} was made, and {urn} is not pending"
            )
        unknown = self._ids() - recorded - self.let_go - set(self.world.loose.values())
        assert not unknown, f"nobody knows {unknown}"


def without_manifest(disk: bytes) -> Any:
    document = json.loads(disk)
    document["checkpoint"]["latest"].pop("manifest")
    return document
