"""What an audit says of services: each fault is a finding, and what is only worth knowing is a note."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cli.audit.rules import audit
from components.services import files
from provider.guest.store import State, Told
from tests.cli.audit.picture import PLAN, STACK, clean, world

ACILAMWEN = PLAN.vms[0]
APACHE = files.state(ACILAMWEN.services)["container apache"]


def findings(state: State, *notes: str) -> list[tuple[str, str, str]]:
    quiet = world(clean())
    told = replace(quiet.asked[STACK], told={"Acilamwen": Told(state, notes)})
    seen = replace(quiet, asked={**quiet.asked, STACK: told})
    mine = [f for f in audit(seen) if f.kind in ("service-wrong", "service-undeclared", "recipe-missing")]
    assert {f.where for f in mine} <= {"Acilamwen"}
    return [(f.kind, f.level, f.what) for f in mine]


def test_what_runs_as_declared_is_no_finding() -> None:
    assert findings({"container apache": APACHE}) == []


@pytest.mark.parametrize(
    ("state", "what"),
    [
        ({}, "container apache is not there"),
        (
            {"container apache": {**APACHE, "status": "exited"}},
            "container apache status exited -> running",
        ),
        (
            {"container apache": {**APACHE, "image": "other:1"}},
            "container apache image other:1 -> firethorn/apache:latest",
        ),
    ],
)
def test_what_does_not_run_as_declared_is_a_fault(state: State, what: str) -> None:
    assert findings(state) == [("service-wrong", "fault", what)]


def test_what_nobody_declares_is_a_note() -> None:
    state = {"container apache": APACHE, "container test": {"image": "busybox:1", "status": "running"}}

    assert findings(state) == [
        (
            "service-undeclared",
            "note",
            "container test is not declared (image busybox:1, status running)",
        )
    ]


def test_what_is_missing_of_the_recipe_is_one_note() -> None:
    said = ("package tcpdump is missing", "the time zone is not Europe/London")

    assert findings({"container apache": APACHE}, *said) == [
        ("recipe-missing", "note", "package tcpdump is missing; the time zone is not Europe/London")
    ]
