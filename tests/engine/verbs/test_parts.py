"""Parts of a stack, and interrupted creates, as command lines, where the recordings leave something open."""

from __future__ import annotations

import json

import pytest

from tests.engine.conftest import RECORDINGS
from tests.engine.harness import Case, Project

DOMAIN = "urn:pulumi:trop02::trop::trop:index:DockerHostVM$libvirt:index/domain:Domain::vm0"


def names(project: Project) -> list[str]:
    records = json.loads(project.state_file.read_text())["checkpoint"]["latest"].get("resources", [])
    return [r["urn"].split("::", 2)[2] for r in records]


def test_all_but_what_is_protected_is_destroyed_and_then_there_is_nothing_left_to_do(
    project: Project,
) -> None:
    first = project.run("destroy", "--yes", "--skip-preview", "--exclude-protected", "--remove")
    assert first.code == 0, first.out
    assert first.out.endswith(
        "All unprotected resources were destroyed. "
        "There are still 3 protected resources associated with this stack.\n"
    )
    case = Case("16-protect", "07-destroy-exclude-protected")
    assert names(project) == [
        "pulumi:pulumi:Stack::trop-trop02",
        "pulumi:providers:libvirt::default_0_5_4",
        "libvirt:index/volume:Volume::base",
    ]
    again = case.play(project)
    assert (again.code, again.out) == (0, case.text("stdout.txt"))


def test_a_flag_may_be_given_more_than_once_and_both_targets_and_replaces(project: Project) -> None:
    words = [
        "up",
        "--yes",
        "--skip-preview",
        "--target-replace",
        DOMAIN,
        "-t",
        "**::nets",
        "-t=**Volume::vm0",
    ]
    outcome = project.run(*words, variables={"TROP_NET_ADDR": "10.0.0.0/24"})
    assert outcome.code == 0, outcome.out
    assert "+-1 replaced\n    7 unchanged" in outcome.out


def test_a_stack_is_not_removed_while_a_target_was_all_that_was_destroyed(project: Project) -> None:
    outcome = project.run("destroy", "--yes", "--skip-preview", "--target", DOMAIN, "--remove")
    assert outcome.code == 0, outcome.out
    assert "libvirt:index/volume:Volume::base" in names(project)
    assert "have been deleted" not in outcome.out


PENDING = "--import-pending-creates"


@pytest.fixture
def killed(project: Project) -> Project:
    """The stack that 17/01 left: the create of its domain was interrupted."""
    project.put_state(RECORDINGS / "17-killed" / "01-up-killed.state.json")
    return project


def pending(project: Project) -> list[str]:
    latest = json.loads(project.state_file.read_text())["checkpoint"]["latest"]
    return [p["resource"]["urn"] for p in latest.get("pending_operations", [])]


def test_an_object_whose_create_was_interrupted_is_taken_over_by_its_id(killed: Project) -> None:
    case = Case("17-killed", "10-refresh-import-pending-creates")
    assert pending(killed) == [DOMAIN]
    outcome = case.play(killed)
    assert outcome.code == 0, outcome.err
    assert pending(killed) == []
    (record,) = [
        r
        for r in json.loads(killed.state_file.read_text())["checkpoint"]["latest"]["resources"]
        if r["urn"] == DOMAIN
    ]
    assert (record["id"], record["outputs"]["memory"]) == ("real-id-of-vm0", 1024)


def test_an_id_that_nobody_has_only_forgets_the_interrupted_create(killed: Project) -> None:
    outcome = killed.run("refresh", "--yes", "--skip-preview", PENDING, DOMAIN, PENDING, "nobody")
    assert outcome.code == 0, outcome.err
    assert pending(killed) == []
    assert DOMAIN.split("::", 2)[2] not in names(killed)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ([PENDING, DOMAIN], "--import-pending-creates: each URN must be followed by an ID"),
        (
            [PENDING, "urn:x", PENDING, "i"],
            "no create of 'urn:x' was interrupted (those that were: 'urn:pulumi",
        ),
    ],
)
def test_pending_creates_that_are_named_wrongly_are_refused(
    words: list[str], error: str, killed: Project
) -> None:
    before = killed.state_file.read_bytes()
    outcome = killed.run("refresh", "--yes", "--skip-preview", *words)
    assert (outcome.code, outcome.err.startswith(f"error: {error}")) == (1, True), outcome.err
    assert killed.state_file.read_bytes() == before
