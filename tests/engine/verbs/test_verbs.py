"""What is wrong with a command, what needs a yes, what is not there; and the help."""

from __future__ import annotations

import pytest

from tests.engine.harness import Case, Project
from tests.engine.verbs.recorded import check


@pytest.mark.parametrize("step", ["13-wrong-passphrase", "14-no-passphrase", "15-unknown-flag"])
def test_what_is_wrong_with_the_command_is_one_recorded_line(
    step: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case("21-program-errors", step)
    if step == "14-no-passphrase":
        monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    check(case.play(project), case)


@pytest.mark.parametrize(
    "step",
    ["04-up-create/05-up-without-yes", "12-refresh/11-without-yes", "16-protect/14-destroy-without-yes"],
)
def test_nothing_is_done_without_yes_where_nobody_can_be_asked(step: str, project: Project) -> None:
    case = Case(*step.split("/"))
    before = project.state_file.read_bytes()
    check(case.play(project), case)
    assert project.state_file.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["up", "--plan", "x"], "--plan is not supported by the embedded engine; use the Pulumi CLI"),
        (["up", "-c", "x"], "-c is not supported by the embedded engine; use the Pulumi CLI"),
        (
            ["up", "--target", "x", "--exclude", "y", "--yes"],
            "--target can't be given together with --exclude",
        ),
        (["preview", "--policy-pack", "x"], "--policy-pack is not supported by the embedded engine"),
        (["import", "a", "b", "c", "--out", "x"], "--out is not supported by the embedded engine"),
        (["login"], "`pulumi login` is not supported by the embedded engine; use the Pulumi CLI"),
        (["state", "move", "x"], "`pulumi state move` is not supported by the embedded engine"),
        (["frobnicate"], 'unknown command "frobnicate" for "pulumi"'),
        (["up", "-Z"], "unknown shorthand flag: 'Z' in -Z"),
        (["up", "--parallel", "many"], 'invalid argument "many" for "--parallel" flag: expected a number'),
        (["up", "--stack"], "flag needs an argument: --stack"),
        (["up", "--yes=perhaps"], 'invalid argument "perhaps" for "--yes" flag: expected true or false'),
        (["config", "get"], "pulumi config get: accepts 1 arg(s), received 0"),
        (["preview", "--color", "pink"], 'unsupported color option: "pink"'),
        (["--cwd", "/nowhere/at/all", "preview"], "--cwd: /nowhere/at/all is not a folder"),
        (["config", "get", "nothing"], "configuration key 'nothing' not found for stack 'trop02'"),
        (["preview", "--config-file", "no.yaml"], "--config-file: "),
    ],
)
def test_what_is_not_there_is_refused_by_name(words: list[str], message: str, project: Project) -> None:
    outcome = project.run(*words)
    assert outcome.code == 1
    assert outcome.err.startswith(f"error: {message}")
    assert outcome.err.count("\n") == 1
    assert outcome.out == ""


def test_help_is_there_for_all_and_for_each(project: Project) -> None:
    assert "preview" in project.run("--help").out
    assert "--skip-preview" in project.run("up", "-h").out
    assert project.run("stack", "rm", "--help").out.startswith(
        "Forget a stack\n\nUsage:\n  pulumi stack rm [name]"
    )
