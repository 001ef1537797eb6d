"""The verbs that run nothing: stack, config, cancel, state; text, files and exit codes as recorded."""

from __future__ import annotations

import json
import os
import re
import socket
from pathlib import Path

import pytest

from tests.engine.conftest import CREATED, RECORDINGS, SALT
from tests.engine.harness import Case, Outcome, Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose stack is that of 04/01."""
    made = Project(tmp_path, monkeypatch)
    made.make()
    made.put_state(CREATED)
    return made


def normal(text: str) -> str:
    """A text without the time of day, the host and the engine's version."""
    text = text.replace(socket.gethostname(), "<host>")
    text = re.sub(r"\d+ \w+ ago( +)?|LAST UPDATE +", "<ago> ", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d+(Z?)", r"<time>\1", text)
    return re.sub(r"v3\.260\.0\S*", "<version>", text)


def check(outcome: Outcome, case: Case) -> None:
    assert outcome.code == case.code, outcome.err
    assert normal(outcome.out) == normal(case.text("stdout.txt"))
    assert outcome.err == case.text("stderr.txt")


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


def test_settings_are_listed_and_read_as_recorded(project: Project) -> None:
    for folder, step in [
        ("31-backend-folder", "07-config"),
        ("31-backend-folder", "08-config-json-show-secrets"),
        ("29-secrets", "01-config-set-secret"),
        ("29-secrets", "02-config-get-secret"),
        ("29-secrets", "03-config"),
        ("29-secrets", "04-config-show-secrets"),
    ]:
        case = Case(folder, step)
        check(case.play(project), case)
    text = (project.root / "Pulumi.trop02.yaml").read_text()
    recorded = (RECORDINGS / "29-secrets" / "Pulumi.trop02.yaml").read_text()
    sealed = re.compile(r"(password:\n +secure: )\S+")
    assert sealed.sub(r"\1<sealed>", text) == sealed.sub(r"\1<sealed>", recorded)
    assert "p4ss" not in text


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


def test_an_export_is_the_state_and_comes_back(project: Project) -> None:
    before = json.loads(project.state_file.read_text())["checkpoint"]["latest"]
    exported = project.run("stack", "export")
    assert json.loads(exported.out) == {"version": 3, "deployment": before}
    (project.root / "exported.json").write_text(exported.out)
    case = Case("22-export-import", "03-import")
    check(case.play(project), case)
    after = json.loads(project.state_file.read_text())["checkpoint"]["latest"]
    assert after["resources"] == before["resources"]


def test_plain_secrets_of_an_export_are_encrypted_again(project: Project) -> None:
    case = Case("22-export-import", "02-export-show-secrets")
    check(case.play(project), case)
    plain = json.loads((project.root / "plain.json").read_text())
    recorded = json.loads(case.file("parts.json").read_text())
    assert plain["deployment"]["resources"][0]["outputs"]["token"] == recorded["Stack.outputs.token"]
    check(
        Case("22-export-import", "05-import-plaintext").play(project),
        Case("22-export-import", "05-import-plaintext"),
    )
    assert "s3cr3t" not in project.state_file.read_text()
    assert project.run("stack", "output", "token", "--show-secrets").out == "s3cr3t\n"


def test_an_import_that_would_break_the_state_is_refused(project: Project) -> None:
    deployment = json.loads(project.run("stack", "export").out)
    broken = json.loads(json.dumps(deployment))
    records = broken["deployment"]["resources"]
    broken["deployment"]["resources"] = [r for r in records if not r["urn"].endswith("Volume::base")]
    (project.root / "broken.json").write_text(json.dumps(broken))
    other = json.dumps(deployment).replace("urn:pulumi:trop02::", "urn:pulumi:other::")
    (project.root / "other.json").write_text(other)
    before = project.state_file.read_bytes()
    for step in ("06-import-broken", "07-import-other-stack"):
        case = Case("22-export-import", step)
        check(case.play(project), case)
    for text in ("", "{", '{"version": 3}'):
        (project.root / "other.json").write_text(text)
        outcome = project.run("stack", "import", "--file", "other.json")
        assert outcome.code == 1
        assert outcome.err.startswith("error: could not read the deployment: ")
        assert outcome.err.count("\n") == 1
    assert project.state_file.read_bytes() == before


def test_cancel_takes_the_lock_away_and_never_minds(project: Project) -> None:
    folder = project.state / ".pulumi" / "locks" / "organization" / "trop" / "trop02"
    folder.mkdir(parents=True)
    (folder / "x.json").write_text(json.dumps({"pid": os.getppid(), "hostname": socket.gethostname()}))
    for step in ("04-cancel", "12-cancel-without-lock", "13-cancel-without-yes"):
        check(Case("17-killed", step).play(project), Case("17-killed", step))
        assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "step",
    [
        "01-second-up",
        "04-second-destroy",
        "04a-second-refresh",
        "04b-second-import",
        "04c-second-state-unprotect",
    ],
)
def test_a_locked_stack_is_refused_as_recorded(step: str, project: Project) -> None:
    folder = project.state / ".pulumi" / "locks" / "organization" / "trop" / "trop02"
    folder.mkdir(parents=True)
    owner = {"pid": 1, "username": "<user>", "hostname": "<host>", "timestamp": "2026-11-23T04:22:58.75Z"}
    (folder / "851080a3-800a-4579-b53d-182d86575bfe.json").write_text(json.dumps(owner))
    case = Case("18-concurrent", step)
    outcome = case.play(project)
    recorded = case.text("stderr.txt").replace("<state>", str(project.state)).replace("pid 32084", "pid 1")
    assert (outcome.code, outcome.out, outcome.err) == (1, "", recorded)


def test_a_locked_stack_can_be_looked_at(project: Project) -> None:
    project.put_state(RECORDINGS / "17-killed" / "01-up-killed.state.json")
    folder = project.state / ".pulumi" / "locks" / "organization" / "trop" / "trop02"
    folder.mkdir(parents=True)
    (folder / "x.json").write_text(json.dumps({"pid": 1, "hostname": "elsewhere"}))
    case = Case("18-concurrent", "03-stack-output")
    check(case.play(project), case)
    exported = Case("18-concurrent", "06-stack-export").play(project)
    assert exported.code == 0
    assert [p["type"] for p in json.loads(exported.out)["deployment"]["pending_operations"]] == ["creating"]


def test_a_protected_resource_is_freed_in_the_state(project: Project) -> None:
    case = Case("16-protect", "08-state-unprotect")
    check(case.play(project), case)
    assert '"protect"' not in project.state_file.read_text()
    outcome = project.run("state", "unprotect", "urn:nothing")
    assert (outcome.code, outcome.err) == (
        1, 'error: No such resource "urn:nothing" exists in the current state\n'
    )  # fmt: skip


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
        (["state", "delete", "x"], "`pulumi state delete` is not supported by the embedded engine"),
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


def test_settings_of_the_stack_are_set_and_removed(project: Project) -> None:
    assert project.run("config", "set", "--path", "vms.Acilamwen.memory", "2048").code == 0
    assert project.run("config", "get", "vms").out == '{"Acilamwen":{"memory":2048}}\n'
    assert json.loads(project.run("config", "get", "--json", "--path", "vms.Acilamwen").out) == {
        "value": '{"memory":2048}',
        "objectValue": {"memory": 2048},
        "secret": False,
    }
    assert project.run("config", "rm", "vms").code == 0
    assert project.run("config", "get", "vms").code == 1


def test_another_stack_file_is_used_in_full(project: Project, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(f"encryptionsalt: {SALT}\nconfig:\n  trop:only: here\n")
    assert project.run("config", "--config-file", str(other)).out == "KEY   VALUE\nonly  here\n"
    assert project.run("config", "set", "more", "x", "--config-file", str(other)).code == 0
    assert "trop:more: x" in other.read_text()


def test_a_damaged_state_stops_every_verb_in_one_line(project: Project) -> None:
    project.state_file.write_bytes(CREATED.read_bytes()[:5000])
    before = sorted(p for p in project.state.rglob("*") if p.is_file())
    for words in (["preview"], ["up", "--yes"], ["destroy", "--yes"], ["stack", "output"], ["stack", "ls"]):
        outcome = project.run(*words)
        assert outcome.code == 1
        assert outcome.out == ""
        assert outcome.err.startswith(f"error: the state file {project.state_file} is damaged (")
        assert outcome.err.count("\n") == 1
    assert before == sorted(p for p in project.state.rglob("*") if p.is_file())


NETS = "urn:pulumi:trop02::trop::trop:index:HypervisorNetworks"
BRIDGED = f"{NETS}$libvirt:index/network:Network::bridged"


def test_a_resource_is_renamed_in_the_state_as_recorded(project: Project) -> None:
    case = Case("23-aliases", "08-state-rename")
    check(case.play(project), case)
    recorded = re.findall(r"^…::(\S+)  id=(\S+)", case.text("state-summary.txt"), flags=re.M)
    records = json.loads(project.state_file.read_text())["checkpoint"]["latest"]["resources"]
    own = [(r["urn"].split("::", 2)[2], r.get("id", "-")) for r in records]
    assert [u for u, _ in own] == [u for u, _ in recorded]
    assert not [r for r in own if r[1] not in {i for _, i in recorded} and "providers" not in r[0]]


def test_a_renamed_provider_is_renamed_in_its_resources_too(project: Project) -> None:
    provider = "urn:pulumi:trop02::trop::pulumi:providers:libvirt::default_0_5_4"
    assert project.run("state", "rename", provider, "hv", "--yes").code == 0
    text = project.state_file.read_text()
    assert "default_0_5_4" not in text
    assert "pulumi:providers:libvirt::hv::" in text


@pytest.mark.parametrize(
    ("urn", "name", "code", "error"),
    [
        (BRIDGED, "lan", 2, "--yes must be passed in to proceed"),
        (BRIDGED + "x", "lan", 1, f'No such resource "{BRIDGED}x" exists in the current state'),
        (BRIDGED, "default", 1, "a resource named"),
        (BRIDGED, "a::b", 1, "state rename: invalid name 'a::b'"),
    ],
)
def test_a_rename_that_can_not_be_is_refused(
    urn: str, name: str, code: int, error: str, project: Project
) -> None:
    before = project.state_file.read_bytes()
    outcome = project.run("state", "rename", urn, name, *(["--yes"] if code == 1 else []))
    assert (outcome.code, outcome.err.startswith(f"error: {error}")) == (code, True), outcome.err
    assert project.state_file.read_bytes() == before
