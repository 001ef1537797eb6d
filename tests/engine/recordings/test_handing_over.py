"""A stack goes from the CLI to this engine in the middle of its life: without a ripple, and to the same end."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.options import Options
from engine.state import urns
from engine.state.records import Snapshot
from tests.engine.fake import in_order
from tests.engine.recordings.cases import CONFIGS
from tests.engine.recordings.reading import Step
from tests.engine.recordings.replay import CONFIG, Replayed, Stack, play
from tests.engine.recordings.test_recordings import recorded

# States that the CLI left after a run that went well, all of which this program made.
SETTLED = [
    "04/01-up-yes",
    "05/04-up",
    "06/04-up",
    "07/04-up",
    "08/03-up-dependent-updated",
    "08/07-up-dependent-replaced",
    "09/04-up-one",
    "11/04-init-failed-up",
    "12/01-no-drift",
    "15/03-option-up",
    "15/08b-mismatch-updatable-up",
    "17/06-up-after-cancel",
    "23/05-rename-with-alias-up",
    "27/05-set-deleted-with-up",
    "28/02-up",
    "32/02-explicit-up",
    "32/07-default-config-changed-up",
    "33/02-get-up",
    "34/01-up",
]


def run(name: str, stack: Stack, folder: Path, kind: str, **variables: str) -> Replayed:
    step = Step(name)
    own, faults = step.variant()
    kept = {"existing": faults["existing"]} if "existing" in faults else {}
    config = CONFIGS.get(name, CONFIG)
    options = Options(preview=kind == "preview")
    return play(stack, folder, [(kind, options)], own | variables, kept, config)  # type: ignore[list-item]


def unprotected(snapshot: Snapshot) -> Snapshot:
    return Snapshot(resources=[r.copy(protect=False) for r in snapshot.resources])


@pytest.mark.parametrize("name", SETTLED)
def test_what_the_cli_left_is_no_change_for_this_engine(name: str, tmp_path: Path) -> None:
    found = run(name, recorded(Step(name)), tmp_path, "preview")
    assert not found.results[-1].failed, found.diagnostics()
    assert {op: n for op, n in found.results[-1].changes.items() if op not in ("same", "read")} == {}


@pytest.mark.parametrize("name", SETTLED)
def test_what_the_cli_left_is_changed_then_destroyed_by_this_engine(name: str, tmp_path: Path) -> None:
    changed = run(name, recorded(Step(name)), tmp_path, "update", TROP_VCPU="4")
    assert not changed.results[-1].failed, changed.diagnostics()
    (domain,) = [r for r in changed.stack.snapshot.resources if r.type.endswith("Domain")]
    assert domain.inputs["vcpu"] == 4
    for saved in changed.saves:
        in_order(saved)
    stack = Stack(unprotected(changed.stack.snapshot), changed.stack.world)
    gone = run(name, stack, tmp_path, "destroy")
    assert not gone.results[-1].failed, gone.diagnostics()
    left = [r.urn for r in gone.stack.snapshot.resources if r.custom and not urns.is_provider(r.type)]
    assert left == []
