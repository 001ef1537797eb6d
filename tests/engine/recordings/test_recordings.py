"""Every recorded run of the CLI that this engine can do, done again: same calls, same counts, same state."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from engine import urns
from engine.records import Resource, Snapshot
from tests.engine.core.fake import in_order
from tests.engine.recordings.reading import Call, Step
from tests.engine.recordings.replay import CONFIG, Replayed, Stack, replay, short

MOVED = CONFIG | {"libvirt:uri": "qemu+ssh://hv1/system"}
EMPTY, BASE = "empty", "04/01-up-yes"
# Where each run begins: with nothing, with the stack of 04/01, or with what another run left.
BEGINS: dict[str, str] = {
    "01": EMPTY,
    "02": EMPTY,
    "03": EMPTY,
    "04/01-up-yes": EMPTY,
    "04/02-up-skip-preview": EMPTY,
    "04/03-up-json": EMPTY,
    "04/04-up-diff": EMPTY,
    "04/06-up-parallel-1": EMPTY,
    "05/01-preview": BASE,
    "05/02-preview-diff": BASE,
    "05/04-up": BASE,
    "05/05-up-skip-preview": BASE,
    "06/01-preview": BASE,
    "06/02-preview-diff": BASE,
    "06/04-up": BASE,
    "06/05-preview-diff-no-detailed-diff": BASE,
    "06/07-update-fails": BASE,
    "06/08-stack-output-changes": BASE,
    "06/09-protect-changes": BASE,
    "07/01-preview": BASE,
    "07/02-preview-diff": BASE,
    "07/04-up": BASE,
    "07/05-preview-diff-with-dependent": BASE,
    "07/06-up-with-dependent": BASE,
    "07/07-preview-diff-dependent-updated": BASE,
    "07/08-up-dependent-updated": BASE,
    "07/09-old-cannot-be-deleted": BASE,
    "07/10-rerun-deletes-the-old": "07/09-old-cannot-be-deleted",
    "08/01-preview-dependent-updated": BASE,
    "08/02-preview-diff-dependent-updated": BASE,
    "08/03-up-dependent-updated": BASE,
    "08/04-preview-dependent-replaced": BASE,
    "08/05-preview-diff-dependent-replaced": BASE,
    "08/07-up-dependent-replaced": BASE,
    "08/08-up-by-resource-option": BASE,
    "08/09-create-fails-after-delete": BASE,
    "08/10-rerun": "08/09-create-fails-after-delete",
    "09/01-preview-one": BASE,
    "09/02-preview-diff-one": BASE,
    "09/04-up-one": BASE,
    "09/05-up-component": BASE,
    "09/06-up-component-delete-fails": BASE,
    "10/01-up": EMPTY,
    "10/02-others-in-flight": EMPTY,
    "10/03-continue-on-error": EMPTY,
    "10/04-created-but-init-failed": EMPTY,
    "10/05-with-preview": EMPTY,
    "11/03-init-failed-preview-diff": "10/04-created-but-init-failed",
    "11/04-init-failed-up": "10/04-created-but-init-failed",
    "12/01-no-drift": BASE,
    "12/02-drift-preview-only": BASE,
    "12/03-drift-preview-only-diff": BASE,
    "12/05-drift-applied": BASE,
    "12/06-preview-after-drift-applied": "12/05-drift-applied",
    "12/07-gone-preview-only": BASE,
    "12/08-gone-applied": BASE,
    "12/09-preview-after-gone": "12/08-gone-applied",
    "12/10-gone-with-dependents-applied": BASE,
    "12/12-expect-no-changes": BASE,
    "13/01-preview": BASE,
    "13/02-preview-diff": BASE,
    "13/03-up": BASE,
    "13/04-up-gone": BASE,
    "13/05-up-no-drift": BASE,
    "14/01-preview": BASE,
    "14/02-up": BASE,
    "14/03-preview-refresh-false": BASE,
    "15/01-option-preview": BASE,
    "15/02-option-preview-diff": BASE,
    "15/03-option-up": BASE,
    "15/04-option-kept-preview": "15/03-option-up",
    "15/05-option-removed-preview": "15/03-option-up",
    "15/08-mismatch-up": BASE,
    "15/08a-mismatch-updatable-preview-diff": BASE,
    "15/08b-mismatch-updatable-up": BASE,
    "15/09-no-such-object-up": BASE,
    "16/03-up-replace": BASE,
    "16/04-preview-replace": BASE,
    "20/01-preview": EMPTY,
    "20/02-up": EMPTY,
    "20/03-preview-diff": BASE,
    "20/05-failure-without-property": BASE,
    "20/06-two-failures": BASE,
    "20/07-provider-config": BASE,
    "21/01-exception-early-preview": EMPTY,
    "21/02-exception-early-up": EMPTY,
    "21/03-exception-late-up": EMPTY,
    "21/04-exception-on-existing-stack-up": BASE,
    "21/05-exception-in-apply-up": BASE,
    "21/06-config-missing": BASE,
    "21/07-exception-diff": BASE,
    "21/09-log-messages": BASE,
    "21/10-log-messages-up-diff": BASE,
    "25/01-preview-none": BASE,
    "25/02-preview-some": BASE,
    "25/03-up-some": BASE,
    "25/04-up-with-preview-some": BASE,
    "25/05-preview-only-outputs": BASE,
    "27/01-set-retain-up": BASE,
    "27/02-remove-retained-preview": "27/01-set-retain-up",
    "27/03-remove-retained-preview-diff": "27/01-set-retain-up",
    "27/04-remove-retained-up": "27/01-set-retain-up",
    "27/05-set-deleted-with-up": BASE,
    "27/06-destroy-deleted-with": "27/05-set-deleted-with-up",
    "27/07-remove-only-the-dependent-up": "27/05-set-deleted-with-up",
    "28/01-preview-diff": BASE,
    "28/02-up": BASE,
    "28/03-with-another-change-up": BASE,
    "28/04-first-create-up": EMPTY,
    "30/01-preview-create": EMPTY,
    "30/02-preview-create-diff-show-config": EMPTY,
    "30/03-preview-replace-diff": BASE,
    "30/05-preview-replace-show-sames-diff": BASE,
    "30/06-preview-suppress-outputs": BASE,
    "30/07-preview-show-replacement-steps": BASE,
    "30/08-preview-show-secrets": BASE,
    "30/09-preview-suppress-progress": BASE,
    "32/01-explicit-preview-diff": EMPTY,
    "32/02-explicit-up": EMPTY,
    "32/03-explicit-no-changes-up": "32/02-explicit-up",
    "32/04-explicit-uri-changed-preview-diff": "32/02-explicit-up",
    "32/05-explicit-uri-changed-up": "32/02-explicit-up",
    "32/06-default-config-changed-preview-diff": BASE,
    "32/07-default-config-changed-up": BASE,
    "33/01-get-preview-diff": BASE,
    "33/02-get-up": BASE,
    "33/03-get-again-up": "33/02-get-up",
    "33/04-get-removed-up": "33/02-get-up",
    "33/05-get-missing": BASE,
    "33/06-invoke-preview": BASE,
    "33/07-invoke-fails": BASE,
}
# Not here, and why.
LEFT_OUT: dict[str, str] = {
    "00": "the shell's: stack init and config",
    "03, */*-json": "what is printed is the shell's; the run is the same as the one without --json",
    "04/05, 12/11, 16/14": "the shell's: questions that --yes answers",
    "11/01, 11/02": "they begin with what a race left; 11/03 and 11/04 are reruns too",
    "12/13": "refresh --run-program is refused by the shell",
    "14/04, 16/01, 16/02, 16/05, 16/06": "safer here: nothing is deleted beside a protected resource (test_protect.py)",
    "15/06, 15/07": "safer here: a preview fails where the up would (test_options.py)",
    "15/10-15": "`pulumi import` is refused by the shell",
    "16/07-17": "`state`, `stack rm` and --exclude-protected are the shell's or refused; destroy is in test_protect.py",
    "17, 18, 19": "kills, locks and signals: test_cancel.py, and the shell's tests",
    "21/11-15": "variants that are not in the program: test_program.py, and the shell's tests",
    "22, 26, 29, 31, 35": "the shell's",
    "23, 24, 34": "aliases, --target, --replace, replace_on_changes: refused by name (test_options.py)",
}
# Runs that an error stops while other steps are on their way: which calls came before that is a matter of time.
RACING = {
    "08/09-create-fails-after-delete",
    "10/01-up",
    "10/02-others-in-flight",
    "15/08-mismatch-up",
    "15/09-no-such-object-up",
    "16/03-up-replace",
    "20/07-provider-config",
    "21/05-exception-in-apply-up",
    "33/05-get-missing",
    "33/07-invoke-fails",
}
BAD = CONFIG | {"libvirt:uri": "bad"}
CONFIGS = {
    "20/07-provider-config": BAD,
    "32/06-default-config-changed-preview-diff": MOVED,
    "32/07-default-config-changed-up": MOVED,
}
ALWAYS_REFRESH = {"14/01-preview", "14/02-up"}


@cache
def after(name: str) -> Stack:
    """What a run leaves; each is done once."""
    if name == EMPTY:
        return Stack()
    with TemporaryDirectory() as folder:
        return again(name, Path(folder)).stack


def again(name: str, folder: Path) -> Replayed:
    stack = after(BEGINS[name])
    if name.startswith("27/06"):
        stack = Stack(_unprotected(stack.snapshot), stack.world)
    return replay(Step(name), stack, folder, CONFIGS.get(name), refresh=name in ALWAYS_REFRESH)


def _unprotected(snapshot: Snapshot) -> Snapshot:
    return Snapshot(resources=[r.copy(protect=False) for r in snapshot.resources])


@pytest.mark.parametrize("name", BEGINS)
def test_a_recorded_run_goes_as_it_went_with_the_cli(name: str, tmp_path: Path) -> None:
    step = Step(name)
    run = again(name, tmp_path)
    compare_outcome(step, run)
    compare_calls(name, step, run)
    compare_state(name, step, run)
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
        assert [o.type for o in ours.pending_operations] == [o.type for o in theirs.pending_operations]
    rows = step.summary()
    if rows is not None and name not in RACING:
        assert {row(r) for r in ours.resources} == {without_provider_id(r) for r in rows}


def key(r: Resource) -> tuple[str, bool]:
    return r.urn, r.delete


def plain(r: Resource) -> dict[str, Any]:
    """What must be equal: not times, places in the program, or the random ids of providers."""
    left_out = {"created", "modified", "source_position", "stack_trace"}
    record = {k: v for k, v in vars(r).items() if k not in left_out}
    record["provider"] = urns.split_reference(r.provider)[0] if r.provider else ""
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
