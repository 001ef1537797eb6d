"""`stack` and its verbs: made, listed, shown, selected, removed; outputs; text and exit codes as recorded."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.engine.conftest import RECORDINGS
from tests.engine.harness import Case, Project
from tests.engine.verbs.recorded import check

OUTPUT_CASES = [
    Case(f.parent.name, f.name.removesuffix(".cmd"))
    for f in sorted(RECORDINGS.glob("26-stack-output/*.cmd"))
    if "empty-stack" not in f.name
]


@pytest.mark.parametrize("case", OUTPUT_CASES, ids=lambda c: c.step)
def test_stack_output_is_as_recorded(case: Case, project: Project) -> None:
    check(case.play(project), case)


@pytest.mark.parametrize("step", ["14-empty-stack", "15-empty-stack-json"])
def test_an_empty_stack_has_no_outputs(step: str, project: Project) -> None:
    project.put_state(RECORDINGS / "00-stack-init" / "01-init.state.disk.json")
    case = Case("26-stack-output", step)
    check(case.play(project), case)


def test_outputs_are_listed_without_a_passphrase(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    case = Case("26-stack-output", "01-output")
    check(case.play(project), case)


@pytest.mark.parametrize("step", ["03-stack", "04-stack-show-urns"])
def test_a_stack_shows_what_it_holds(step: str, project: Project) -> None:
    case = Case("31-backend-folder", step)
    check(case.play(project), case)


def test_an_empty_stack_says_so(project: Project) -> None:
    project.put_state(RECORDINGS / "00-stack-init" / "01-init.state.disk.json")
    case = Case("00-stack-init", "05-stack-empty")
    check(case.play(project), case)


def test_stacks_are_listed_with_the_selected_one_marked(project: Project) -> None:
    for step in ("05-stack-ls", "06-stack-ls-json"):
        case = Case("31-backend-folder", step)
        check(case.play(project), case)


def test_a_stack_that_is_not_there_is_exit_6(project: Project) -> None:
    case = Case("31-backend-folder", "09-no-such-stack")
    check(case.play(project), case)


def test_a_stack_begins_as_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path, monkeypatch)
    project.make()
    project.state_file.unlink()
    (project.root / "Pulumi.trop02.yaml").unlink()
    for step in ("01-init", "02-config-secret", "03-config-plain", "04-init-again"):
        case = Case("00-stack-init", step)
        check(case.play(project), case)
    own = json.loads(project.state_file.read_text())["checkpoint"]
    recorded = json.loads(RECORDINGS.joinpath("00-stack-init/01-init.state.disk.json").read_text())[
        "checkpoint"
    ]
    assert list(own["latest"]) == list(recorded["latest"])
    text = (project.root / "Pulumi.trop02.yaml").read_text()
    assert re.sub(r"v1:\S+", "v1", text) == re.sub(
        r"v1:\S+", "v1", (RECORDINGS / "00-stack-init" / "Pulumi.trop02.yaml").read_text()
    )
    salt = own["latest"]["secrets_providers"]["state"]["salt"]
    assert f"encryptionsalt: {salt}\n" in text
    assert project.run("config", "get", "token").out == "s3cr3t\n"


def test_a_stack_that_is_made_is_selected(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_STACK")
    assert project.run("config").err == (
        "error: no stack selected; please use `pulumi stack select` or pass --stack\n"
    )
    assert project.run("stack", "init", "another").code == 0
    assert project.run("stack", "--show-name").out == "another\n"
    assert project.run("stack", "select", "trop02").code == 0
    assert project.run("stack", "--show-name").out == "trop02\n"
    assert project.run("stack", "select", "nowhere").code == 6


def test_a_stack_with_resources_is_not_removed(project: Project) -> None:
    case = Case("16-protect", "15-stack-rm-with-resources")
    check(case.play(project), case)
    assert project.state_file.exists()


def test_a_removed_stack_leaves_the_file_that_declares_it(project: Project) -> None:
    project.put_state(RECORDINGS / "16-protect" / "11-destroy.state.json")
    case = Case("16-protect", "13-stack-rm")
    check(case.play(project), case)
    assert not project.state_file.exists()
    assert (project.root / "Pulumi.trop02.yaml").exists()
    assert project.run("stack", "rm", "--yes", "trop02").code == 6
