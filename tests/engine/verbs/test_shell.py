"""Runs as a whole: JSON, history, secrets that must not leak, and where this engine is safer than the CLI."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from engine.display import console
from engine.state import place
from tests.engine.conftest import CREATED, RECORDINGS
from tests.engine.harness import Case, Project, locks_of

CANARY = "canary-that-must-not-sing"


@pytest.fixture
def project(empty: Project) -> Project:
    return empty


@pytest.fixture
def created(project: Project) -> Project:
    """The same with the stack of 04/01."""
    project.put_state(CREATED)
    return project


JSON_CASES = [
    (Case("03-preview-json-empty-stack"), ""),
    (Case("05-no-changes", "03-preview-json"), "04-up-create/01-up-yes.state.disk.json"),
    (Case("06-update-one-property", "03-preview-json"), "04-up-create/01-up-yes.state.disk.json"),
    (
        Case("06-update-one-property", "06-preview-json-no-detailed-diff"),
        "04-up-create/01-up-yes.state.disk.json",
    ),
    (Case("07-replace-create-first", "03-preview-json"), "04-up-create/01-up-yes.state.disk.json"),
    (
        Case("08-replace-delete-first", "06-preview-json-dependent-replaced"),
        "04-up-create/01-up-yes.state.disk.json",
    ),
    (
        Case("23-aliases", "04-rename-with-alias-preview-json"),
        "04-up-create/01-up-yes.state.disk.json",
    ),
    (Case("09-remove-from-program", "03-preview-json-one"), "04-up-create/01-up-yes.state.disk.json"),
    (Case("12-refresh", "04-drift-preview-only-json"), "04-up-create/01-up-yes.state.disk.json"),
]


def steps_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps by URN, without places in files, new times and the ids of providers."""
    text = re.sub(r"default_0_5_4::[-0-9a-f]{36}", "<provider>", json.dumps(document["steps"]))
    steps: list[dict[str, Any]] = json.loads(text)
    for step in steps:
        for state in (step.get("oldState"), step.get("newState")):
            for key in ("stackTrace", "sourcePosition", "created", "modified"):
                (state or {}).pop(key, None)
            (state or {}).get("dependencies", []).sort()
    return sorted(steps, key=lambda step: str(step["urn"]))


@pytest.mark.parametrize(("case", "start"), JSON_CASES, ids=lambda c: str(getattr(c, "folder", "")) or None)
def test_a_preview_in_json_has_the_recorded_steps_and_nothing_else_on_stdout(
    case: Case, start: str, project: Project
) -> None:
    if start:
        project.put_state(RECORDINGS / start)
    outcome = case.play(project)
    assert outcome.code == case.code
    own, recorded = json.loads(outcome.out), json.loads(case.text("preview.json"))
    assert list(own) == list(recorded)
    assert own["config"] == recorded["config"]
    assert own["changeSummary"] == recorded["changeSummary"]
    assert steps_of(own) == steps_of(recorded)


@pytest.mark.parametrize("step", ["20-check-failure/04-preview-json", "21-program-errors/08-exception-json"])
def test_a_failed_preview_in_json_has_its_messages(step: str, created: Project) -> None:
    case = Case(*step.split("/"))
    outcome = case.play(created)
    recorded = json.loads(case.text("preview.json"))["diagnostics"][0]
    own = json.loads(outcome.out.replace(str(created.root), "<project>"))["diagnostics"]
    assert outcome.code == 1
    assert recorded["message"].strip() in [d["message"].strip() for d in own]
    assert "error" in {d["severity"] for d in own}


def test_events_of_an_update_are_lines_of_json(project: Project) -> None:
    case = Case("04-up-create", "03-up-json")
    outcome = case.play(project)
    own = [json.loads(line) for line in outcome.out.splitlines()]
    recorded = [json.loads(line) for line in case.text("stdout.txt").splitlines()]

    def shape(event: dict[str, Any]) -> tuple[str, str, tuple[str, ...]]:
        kind = next(k for k in event if k not in ("sequence", "timestamp"))
        body = event[kind].get("metadata", event[kind])
        return kind, str(body.get("urn", "")), tuple(body)

    assert sorted(map(shape, own)) == sorted(map(shape, recorded))
    assert [e["sequence"] for e in own] == list(range(len(own)))


def test_a_run_leaves_state_history_and_backup_and_no_lock(project: Project) -> None:
    assert project.run("up", "--yes", "--non-interactive", "--color", "never").code == 0
    root = project.state / ".pulumi"
    (record,) = (root / "history" / "trop" / "trop02").glob("*.history.json")
    assert json.loads(record.read_text())["resourceChanges"] == {"create": 8}
    (kept,) = (root / "history" / "trop" / "trop02").glob("*.checkpoint.json")
    assert kept.read_bytes() == project.state_file.read_bytes()
    (backup,) = (root / "backups" / "trop" / "trop02").glob("*.json")
    assert backup.read_bytes() == project.state_file.read_bytes()
    assert not list((root / "locks").rglob("*.json"))
    urns = [r["urn"] for r in json.loads(project.state_file.read_text())["checkpoint"]["latest"]["resources"]]
    recorded = json.loads(CREATED.read_text())["checkpoint"]["latest"]["resources"]
    assert sorted(urns) == sorted(r["urn"] for r in recorded)


def test_a_preview_writes_nothing(created: Project) -> None:
    before = {p: p.read_bytes() for p in created.state.rglob("*") if p.is_file()}
    assert created.run("preview").code == 0
    assert created.run("refresh", "--preview-only").code == 0
    assert {p: p.read_bytes() for p in created.state.rglob("*") if p.is_file()} == before


def test_a_second_update_changes_no_record(project: Project) -> None:
    assert project.run("up", "--yes", "--skip-preview").code == 0
    first = json.loads(project.state_file.read_text())["checkpoint"]["latest"]["resources"]
    assert project.run("up", "--yes", "--expect-no-changes").code == 0
    second = json.loads(project.state_file.read_text())["checkpoint"]["latest"]["resources"]
    assert sorted(first, key=lambda r: r["urn"]) == sorted(second, key=lambda r: r["urn"])


def test_a_secret_is_nowhere_in_plain(project: Project) -> None:
    assert project.run("config", "set", "--secret", "token", CANARY).code == 0
    texts = []
    for words in (
        ["preview", "--diff"],
        ["preview", "--json"],
        ["up", "--yes"],
        ["up", "--yes", "--skip-preview", "--json"],
        ["refresh", "--yes", "--diff"],
        ["stack"],
        ["stack", "output", "--json"],
        ["stack", "export"],
        ["config", "--json"],
    ):
        outcome = project.run(*words)
        assert outcome.code == 0
        texts.append(outcome.out + outcome.err)
    project.faults({"update_fail": {"Domain:vm0": "no"}})
    texts.append(project.run("up", "--yes", variables={"TROP_MEMORY": "2048"}).out)
    files = [p for top in (project.state, project.root, project.folder / "home") for p in top.rglob("*")]
    texts += [p.read_text(errors="replace") for p in files if p.is_file()]
    assert not [text for text in texts if CANARY in text]
    assert CANARY in project.run("preview", "--diff", "--show-secrets", variables={"TROP_VMS": "vm9"}).out


@pytest.mark.parametrize("command", [("up", "--yes"), ("preview",)])
def test_a_wrong_passphrase_is_told_first_also_where_nothing_is_secret(
    created: Project, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    document = json.loads(created.state_file.read_text())
    document["checkpoint"]["latest"].pop("resources")
    created.state_file.write_text(json.dumps(document))
    (created.root / "Pulumi.trop02.yaml").write_text("config: {libvirt:uri: x}\n")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "wrong")
    before = created.state_file.read_bytes()
    outcome = created.run(*command)
    assert (outcome.code, outcome.out) == (1, "")
    assert (
        outcome.err == "error: getting stack configuration: get stack secrets manager: incorrect passphrase\n"
    )
    assert created.state_file.read_bytes() == before


def test_nothing_is_deleted_while_something_protected_stands_in_the_way(created: Project) -> None:
    for words in (["destroy", "--preview-only"], ["destroy", "--yes", "--skip-preview"]):
        outcome = created.run(*words)
        assert outcome.code == 1
        assert '"urn:pulumi:trop02::trop::libvirt:index/volume:Volume::base" cannot be deleted' in outcome.out
        assert "Domain vm0" not in outcome.out
    records = json.loads(created.state_file.read_text())["checkpoint"]["latest"]["resources"]
    assert len(records) == 9
    assert (
        "remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`"
        in outcome.out
    )
    assert created.run("up", "--yes", "--skip-preview", variables={"TROP_UNPROTECT": "1"}).code == 0
    assert created.run("destroy", "--preview-only").code == 0


def test_interrupted_steps_of_an_earlier_run_are_told(project: Project) -> None:
    project.put_state(RECORDINGS / "17-killed" / "14-killed-during-update.state.json")
    outcome = project.run("up", "--yes", "--skip-preview", variables={"TROP_MEMORY": "2048"})
    assert outcome.code == 0
    assert "warning: Attempting to deploy or update resources with 1 pending operations" in outcome.out
    assert "Domain::vm0, interrupted while updating" in outcome.out
    assert "pending_operations" not in project.state_file.read_text()


@pytest.mark.parametrize(
    "words",
    [
        "up --yes --skip-preview",
        "refresh --yes --skip-preview",
        "state unprotect --all",
        "stack import --file exported.json",
        "stack rm --yes --force",
    ],
)
def test_a_lock_of_a_dead_process_is_taken_over_and_told(created: Project, words: str) -> None:
    exported = created.folder / "exported.json"
    assert created.run("stack", "export", "--file", str(exported)).code == 0
    folder = created.state / ".pulumi" / "locks" / "organization" / "trop" / "trop02"
    folder.mkdir(parents=True)
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    words_of_it = ("pid", "username", "hostname", "timestamp", "boot", "pidNamespace")
    here, when = place.here(), "2026-11-23T04:22:58Z"
    values = (child.pid, "op", os.uname().nodename, when, here.boot, here.space)
    owner = dict(zip(words_of_it, values, strict=True))
    (folder / "old.json").write_text(json.dumps(owner))
    outcome = created.run(*words.replace("exported.json", str(exported)).split())
    assert outcome.code == 0
    assert list(folder.iterdir()) == []
    assert outcome.err == (
        f"warning: the lock created by op@{os.uname().nodename} (pid {child.pid}) at 2026-11-23T04:22:58Z "
        "was left by a process that is gone; it was taken over\n"
    )


def test_an_operator_is_asked_and_can_see_the_details_first(
    created: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["details", "what?", "no"])
    asked: list[str] = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or next(answers))
    monkeypatch.setattr(console, "make", lambda *_: console.Console(interactive=True))
    before = created.state_file.read_bytes()
    outcome = created.run("up", variables={"TROP_MEMORY": "2048"})
    assert outcome.code == 1
    assert asked == ["Do you want to perform this update? [yes/no/details] "] * 3
    assert "~ memory: 1024 => 2048" in outcome.out
    assert created.state_file.read_bytes() == before


def test_on_a_terminal_the_changes_are_a_tree(created: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "make", lambda *_: console.Console(interactive=True))
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    outcome = created.run("up", variables={"TROP_MEMORY": "2048"})
    assert outcome.code == 0
    assert "pulumi:pulumi:Stack" in outcome.out
    assert "└─ libvirt:index:Domain" in outcome.out
    assert "[diff: ~memory]" in outcome.out
    assert outcome.out.endswith("Duration: 1s\n\n") or "Duration: " in outcome.out.splitlines()[-2]


def test_a_full_disk_is_one_line(created: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "/state")

    monkeypatch.setattr("engine.state.atomic.write", fail)
    outcome = created.run("up", "--yes", "--skip-preview")
    assert (outcome.code, outcome.err) == (1, "error: /state: No space left on device\n")


def test_a_program_that_cannot_be_found_is_told(created: Project) -> None:
    (created.root / "__main__.py").unlink()
    outcome = created.run("preview")
    assert outcome.code == 1
    assert "Traceback" not in outcome.err


def test_an_answer_that_never_comes_is_no(created: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", end)
    monkeypatch.setattr(console, "make", lambda *_: console.Console(interactive=True))
    outcome = created.run("up", variables={"TROP_MEMORY": "2048"})
    assert (outcome.code, outcome.err) == (1, "error: confirmation declined\n")
    assert locks_of(created) == []


def test_a_fault_of_the_engine_is_one_line_too(created: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("engine.verbs.runs.open_work", fail)
    monkeypatch.delenv("TROP_DEBUG", raising=False)
    outcome = created.run("preview")
    expected = "error: a fault of this engine: ZeroDivisionError: by nothing (TROP_DEBUG=1 shows where)\n"
    assert (outcome.code, outcome.out, outcome.err) == (255, "", expected)
