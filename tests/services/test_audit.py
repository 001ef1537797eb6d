"""What an audit says of services: each fault is a finding, and what is only worth knowing is a note."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cli.audit.rules import audit
from components.services import files
from provider.guest.store import State, Told
from tests.cli.audit.picture import PLAN, STACK, clean, world

ACILAMWEN = PLAN.vms[0]
APACHE = files.state(ACILAMWEN.services)["container apache"]


def findings(state: State, *notes: str, **said: Any) -> list[tuple[str, str, str]]:
    quiet = world(clean())
    told = replace(quiet.asked[STACK], told={"Acilamwen": Told(state, notes, **said)})
    seen = replace(quiet, asked={**quiet.asked, STACK: told})
    kinds = ("service-wrong", "service-undeclared", "service-kept", "recipe-missing")
    mine = [f for f in audit(seen) if f.kind in kinds]
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


@pytest.mark.reports("V1", "V2", "V5")
def test_what_somebody_else_has_made_is_a_note_with_what_its_next_change_would_lose() -> None:
    said = findings(
        {"container apache": APACHE},
        remarks=("the log of container apache has no end",),
        fixed={"container apache": "it is no service", "container other": "nobody asks"},
        keeps={"container apache": {"volumes": "pages:/pages", "networks": "bridge"}},
    )
    assert [(kind, level) for kind, level, _ in said] == [("service-kept", "note")] * 3
    assert [what for *_, what in said] == [
        "the log of container apache has no end",
        "container apache can't be changed: it is no service",
        "container apache would lose at its next change: volumes pages:/pages (declared: none); "
        "declare what is to stay",
    ]
