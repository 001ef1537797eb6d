"""Every recorded run of the CLI that this engine can do, done again: same calls, same counts, same state."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from engine.state import urns
from engine.state.records import Resource, Snapshot
from engine.state.values import without_secrets
from tests.engine.fake import in_order
from tests.engine.recordings.cases import (
    ALWAYS_REFRESH,
    BEGINS,
    CONFIGS,
    CREATED_AFTER_ALL,
    EMPTY,
    RACING,
    UNPROTECTED,
)
from tests.engine.recordings.reading import Call, Step
from tests.engine.recordings.replay import Replayed, Stack, replay, short


@cache
def after(name: str) -> Stack:
    """What a run leaves; each is done once."""
    if name == EMPTY:
        return Stack()
    if name.startswith("recorded:"):
        return recorded(Step(name.removeprefix("recorded:")))
    with TemporaryDirectory() as folder:
        return again(name, Path(folder)).stack


def again(name: str, folder: Path) -> Replayed:
    stack = after(BEGINS[name])
    if name in UNPROTECTED:
        stack = Stack(_unprotected(stack.snapshot), stack.world)
    return replay(Step(name), stack, folder, CONFIGS.get(name), refresh=name in ALWAYS_REFRESH)


def recorded(step: Step) -> Stack:
    """The state that the CLI left, and a world in which all that it names is there."""
    snapshot = step.snapshot()
    assert snapshot is not None
    made = [r for r in snapshot.resources if r.custom and not urns.is_provider(r.type)]
    keys = [f"{r.type.split(':')[-1]}:{urns.name_of(r.urn)}" for r in made]
    objects = {r.id: without_secrets(r.outputs) for r in made}
    return Stack(snapshot, json.dumps({"gen": dict.fromkeys(keys, 1), "objects": objects}))


def _unprotected(snapshot: Snapshot) -> Snapshot:
    return Snapshot(resources=[r.copy(protect=False) for r in snapshot.resources])


@pytest.mark.parametrize("name", BEGINS)
def test_a_recorded_run_goes_as_it_went_with_the_cli(name: str, tmp_path: Path) -> None:
    step = Step(name)
    run = again(name, tmp_path)
    compare_outcome(step, run)
    compare_calls(name, step, run)
    compare_state(name, step, run)
    compare_order(run, after(BEGINS[name]).snapshot)
    for saved in run.saves:
        in_order(saved)


def compare_outcome(step: Step, run: Replayed) -> None:
    failed = step.exit_code == 1
    assert run.results[-1].failed == failed, run.diagnostics()
    if step.name in RACING:
        return
    for result, expected in zip(run.results, step.counts(), strict=False):
        counts = {k: n for k, n in result.changes.items() if k != "read"}
        assert counts == {k: n for k, n in expected.items() if k != "errored"}
    assert len(run.results) >= len(step.counts())


def compare_calls(name: str, step: Step, run: Replayed) -> None:
    expected = step.calls()
    if expected is None:
        return
    if name not in RACING:
        count = Counter(c.method for c in expected if not c.urn)
        assert Counter(c.method for c in run.calls if not c.urn) == count
    theirs, ours = by_urn(expected), by_urn(run.calls)
    if name not in RACING:
        assert set(ours) == set(theirs)
    for urn in set(ours) & set(theirs):
        assert_same_calls(ours[urn], theirs[urn], loose=name in RACING)


def compare_order(run: Replayed, before: Snapshot) -> None:
    """Of what depends on each other: what is needed is made before it is needed, and goes after what needs it."""
    last = {(call.method, call.urn): place for place, call in enumerate(run.calls) if not call.preview}
    first = {(call.method, call.urn): place for place, call in reversed(list(enumerate(run.calls)))}
    for record in run.stack.snapshot.resources:
        for needed in record.dependencies:
            made, wanted = last.get(("Create", needed)), last.get(("Create", record.urn))
            if made is not None and wanted is not None:
                assert made < wanted, f"{short(needed)} is made before {short(record.urn)}"
    for record in before.resources:
        for needed in record.dependencies:
            gone, freed = last.get(("Delete", needed)), first.get(("Delete", record.urn))
            if gone is not None and freed is not None:
                assert freed < gone, f"{short(record.urn)} goes before {short(needed)}"


def by_urn(calls: list[Call]) -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = {}
    for call in calls:
        if call.urn:
            found.setdefault(call.urn, []).append(call)
    return found


def assert_same_calls(ours: list[Call], theirs: list[Call], loose: bool) -> None:
    for mine, recorded in zip(ours, theirs, strict=not loose):
        assert_same_call(mine, recorded)


def assert_same_call(mine: Call, recorded: Call) -> None:
    where = f"{recorded.method} {short(recorded.urn)}"
    assert (mine.method, mine.preview) == (recorded.method, recorded.preview), where
    if not urns.is_provider(urns.type_of(mine.urn)):
        assert mine.id == recorded.id, where
    for key, value in recorded.args.items():
        if key in ("olds", "news", "old_inputs", "inputs", "properties", "ignoreChanges", "args", "tok"):
            if mine.method == "Configure":
                continue
            assert mine.args.get(key, {}) == value, f"{where}: {key}"


def compare_state(name: str, step: Step, run: Replayed) -> None:
    theirs = step.snapshot()
    ours = run.stack.snapshot
    if theirs is not None and name not in RACING:
        assert {key(r): plain(r) for r in ours.resources} == {key(r): plain(r) for r in theirs.resources}
        pending = [] if name in CREATED_AFTER_ALL else theirs.pending_operations
        assert [o.type for o in ours.pending_operations] == [o.type for o in pending]
    rows = step.summary()
    if rows is not None and name not in RACING:
        assert {row(r) for r in ours.resources} == {without_provider_id(r) for r in rows}


def key(r: Resource) -> tuple[str, bool]:
    return r.urn, r.delete


def plain(r: Resource) -> dict[str, Any]:
    """What must be equal: not times, places in the program, or the random ids of providers."""
    left_out = {"created", "modified", "source_position", "stack_trace"}
    record = {k: v for k, v in vars(r).items() if k not in left_out}
    record["provider"] = urns.provider_of(r.provider)
    record["id"] = "" if urns.is_provider(r.type) else r.id
    record["dependencies"] = sorted(r.dependencies)
    record["property_dependencies"] = {k: sorted(v) for k, v in r.property_dependencies.items()}
    record["dated"] = (bool(r.created), bool(r.modified))
    return record


def row(r: Resource) -> tuple[str, str, frozenset[str]]:
    flags = {
        "protect": r.protect,
        "delete": r.delete,
        "retainOnDelete": r.retain_on_delete,
        "importID": r.import_id,
    }
    return without_provider_id((r.urn, r.id, frozenset(k for k, v in flags.items() if v)))


def without_provider_id(row: tuple[str, str, frozenset[str]]) -> tuple[str, str, frozenset[str]]:
    return (row[0], "" if urns.is_provider(urns.type_of(row[0])) else row[1], row[2])
