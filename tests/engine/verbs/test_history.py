"""`stack history` and `stack export --version`: what a stack was, and how to go back to it."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import RECORDINGS
from tests.engine.harness import Case, Project


def folder(project: Project) -> Path:
    return project.state / ".pulumi" / "history" / "trop" / "trop02"


def put_recorded(project: Project) -> None:
    """The two runs that 31/02 lists, as files: the newest is the one that was kept, the other is made like it."""
    kept = json.loads((RECORDINGS / "31-backend-folder" / "last.history.json").read_text())
    told = json.loads(Case("31-backend-folder", "02-history-json").text("stdout.txt"))
    folder(project).mkdir(parents=True)
    for number, run in enumerate(reversed(told)):
        times = {k: int(datetime.fromisoformat(run[k]).timestamp()) for k in ("startTime", "endTime")}
        record = kept | {k: run[k] for k in ("environment", "resourceChanges", "result")} | times
        (folder(project) / f"trop02-{number + 9}.history.json").write_text(json.dumps(record))


def test_the_history_is_told_as_the_cli_tells_it_with_versions_that_count(project: Project) -> None:
    put_recorded(project)
    case = Case("31-backend-folder", "01-history")
    outcome = case.play(project)
    assert outcome.code == 0, outcome.err

    def normal(text: str) -> str:
        text = re.sub(r"^Version: \d+", "Version: N", text, flags=re.M)
        return re.sub(r"Updated .* ago", "Updated T ago", text)

    assert normal(outcome.out) == normal(case.text("stdout.txt"))
    assert re.findall(r"^Version: (\d+)", outcome.out, flags=re.M) == ["2", "1"]


def test_the_history_as_json_is_the_recorded_one_with_versions_that_count(project: Project) -> None:
    put_recorded(project)
    case = Case("31-backend-folder", "02-history-json")
    own, recorded = json.loads(case.play(project).out), json.loads(case.text("stdout.txt"))
    assert [run.pop("version") for run in own] == [2, 1]
    for run in recorded:
        assert run.pop("version") == 0
    assert own == recorded
    assert [list(run) for run in own] == [list(run) for run in recorded]


def test_secrets_of_the_settings_are_shown_only_when_asked_for(project: Project) -> None:
    project.run("up", "--yes", "--skip-preview")
    assert "s3cr3t" not in project.run("stack", "history", "--json").out
    shown = project.run("stack", "history", "--json", "--show-secrets")
    assert json.loads(shown.out)[0]["config"]["trop:token"] == {"value": "s3cr3t", "secret": True}


def test_a_stack_without_history_says_so(project: Project) -> None:
    assert project.run("stack", "history").out == "Stack has never been updated\n"
    assert project.run("stack", "history", "--json").out == "[]\n"


def test_pages_go_back_in_time(project: Project) -> None:
    put_recorded(project)
    outcome = project.run("stack", "history", "--json", "--page-size", "1", "--page", "2")
    assert [run["version"] for run in json.loads(outcome.out)] == [1]
    assert project.run("stack", "history", "--page", "0").err.startswith(
        "error: --page-size and --page: expected"
    )


def memory(deployment: dict[str, Any]) -> int:
    (domain,) = [r for r in deployment["resources"] if r["type"].endswith("Domain")]
    return int(domain["inputs"]["memory"])


def test_an_earlier_state_can_be_exported_and_gone_back_to(project: Project) -> None:
    for size in ("2048", "4096"):
        assert project.run("up", "--yes", "--skip-preview", variables={"TROP_MEMORY": size}).code == 0
    assert project.run("stack", "export", "--version", "1", "--file", "then.json").code == 0
    then = json.loads((project.root / "then.json").read_text())
    now = json.loads(project.run("stack", "export").out)
    assert (memory(then["deployment"]), memory(now["deployment"])) == (2048, 4096)
    assert project.run("stack", "import", "--file", "then.json").code == 0
    assert memory(json.loads(project.state_file.read_text())["checkpoint"]["latest"]) == 2048


def test_a_version_that_is_not_there_is_told_with_those_that_are(project: Project) -> None:
    outcome = project.run("stack", "export", "--version", "1")
    assert (outcome.code, outcome.err) == (
        1,
        "error: stack 'trop02' has no version 1: nothing was ever kept (`pulumi stack history`)\n",
    )
    project.run("up", "--yes", "--skip-preview")
    outcome = project.run("stack", "export", "--version", "7")
    said = re.search(r"has no version 7: there is 1 to 1 \(`pulumi (.*)`\)", outcome.err)
    assert said
    assert "Version: 1" in project.run(*said[1].split()).out


def test_damaged_files_of_the_history_are_told_by_name(project: Project) -> None:
    project.run("up", "--yes", "--skip-preview")
    (state,) = folder(project).glob("*.checkpoint.json")
    state.write_text("{")
    outcome = project.run("stack", "export", "--version", "1")
    assert (outcome.code, f"{state} is damaged" in outcome.err) == (1, True)
    (record,) = folder(project).glob("*.history.json")
    record.write_text('{"kind": 3}')
    outcome = project.run("stack", "history")
    assert (outcome.code, outcome.err.startswith(f"error: {record}: not a record of a run")) == (1, True)


ODD = {
    "no object": ([], "it is no object"),
    "a kind that is a number": ({"kind": 3}, "kind is no text"),
    "a start that is text": ({"startTime": "now"}, "startTime is no time in seconds since 1970"),
    "a start that is true": ({"startTime": True}, "startTime is no time in seconds since 1970"),
    "a start before 1970": ({"startTime": -1}, "startTime is no time in seconds since 1970"),
    "an end after all days": ({"endTime": 10**30}, "endTime is no time in seconds since 1970"),
    "settings that are a list": ({"config": ["x"]}, "config is no object"),
    "changes that are text": ({"resourceChanges": "x"}, "resourceChanges is no object"),
    "an environment that is text": ({"environment": "x"}, "environment is no object"),
    "a message that is a list": ({"message": []}, "message is no text"),
}


@pytest.mark.parametrize(("odd", "why"), ODD.values(), ids=ODD)
@pytest.mark.parametrize("words", [(), ("--json",), ("--full-dates",)], ids=str)
def test_a_record_with_an_odd_field_is_told_by_its_file(
    project: Project, odd: Any, why: str, words: tuple[str, ...]
) -> None:
    put_recorded(project)
    file = folder(project) / "trop02-9.history.json"
    record = json.loads(file.read_text())
    file.write_text(json.dumps(record | odd if isinstance(odd, dict) else odd))
    outcome = project.run("stack", "history", *words)
    assert (outcome.code, outcome.err) == (1, f"error: {file}: not a record of a run: {why}\n")
