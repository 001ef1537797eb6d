"""`stack export`, `stack import` and `state`: what would break the state is refused."""

from __future__ import annotations

import json
import re

import pytest

from tests.engine.conftest import CREATED
from tests.engine.harness import Case, Project
from tests.engine.verbs.recorded import check


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


def test_a_protected_resource_is_freed_in_the_state(project: Project) -> None:
    case = Case("16-protect", "08-state-unprotect")
    check(case.play(project), case)
    assert '"protect"' not in project.state_file.read_text()
    outcome = project.run("state", "unprotect", "urn:nothing")
    assert (outcome.code, outcome.err) == (
        1, 'error: No such resource "urn:nothing" exists in the current state\n'
    )  # fmt: skip


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


def urns_of(project: Project) -> list[str]:
    return [r["urn"] for r in json.loads(project.state_file.read_text())["checkpoint"]["latest"]["resources"]]


def test_a_record_is_forgotten_and_what_it_stands_for_is_left(project: Project) -> None:
    world = (project.folder / "world.json").read_text()
    urn = next(urn for urn in urns_of(project) if urn.endswith("Domain::vm0"))
    before = urns_of(project)
    done = project.run("state", "delete", urn, "--yes")
    assert (done.code, done.out) == (0, "Resource deleted\n"), done.err
    assert urns_of(project) == [each for each in before if each != urn]
    assert (project.folder / "world.json").read_text() == world


def test_what_others_depend_on_is_not_forgotten_without_them(project: Project) -> None:
    before = urns_of(project)
    nets = f"{NETS}::nets"
    done = project.run("state", "delete", nets, "--yes")
    head, *named = done.err.strip().split("\n  ")
    assert (done.code, urns_of(project)) == (1, before)
    assert head.startswith(f'error: "{nets}" can\'t be deleted from the state: these depend on it; ')
    assert BRIDGED in named
    done = project.run("state", "delete", nets, "--yes", "--target-dependents")
    assert (done.code, done.out) == (0, f"{len(named) + 1} resources deleted\n")
    assert urns_of(project) == [urn for urn in before if urn not in (nets, *named)]


def test_a_list_that_the_cli_writes_as_null_is_none(project: Project) -> None:
    document = json.loads(project.state_file.read_text())
    for record in document["checkpoint"]["latest"]["resources"]:
        record |= {"dependencies": record.get("dependencies"), "propertyDependencies": {"name": None}}
    project.state_file.write_text(json.dumps(document))
    urn = next(urn for urn in urns_of(project) if urn.endswith("Domain::vm0"))
    assert project.run("state", "delete", urn, "--yes").code == 0


def test_what_is_protected_is_forgotten_by_force_alone(project: Project) -> None:
    urn = next(urn for urn in urns_of(project) if urn.endswith("Domain::vm0"))
    done = project.run("state", "protect", urn, "--yes")
    assert (done.code, done.out) == (0, "1 resources protected\n")
    done = project.run("state", "delete", urn, "--yes")
    assert done.err == f"error: {urn}: protected; nothing was deleted from the state; --force does it\n"
    assert project.run("state", "delete", urn, "--yes", "--force").code == 0
    assert urn not in urns_of(project)


def test_an_old_copy_goes_after_the_record_that_is_in_force(project: Project) -> None:
    document = json.loads(project.state_file.read_text())
    records = document["checkpoint"]["latest"]["resources"]
    vm = next(r for r in records if r["urn"].endswith("Domain::vm0"))
    records.append({**vm, "id": "old", "delete": True})
    project.state_file.write_text(json.dumps(document))
    for left in (["old"], []):
        assert project.run("state", "delete", vm["urn"], "--yes").code == 0
        latest = json.loads(project.state_file.read_text())["checkpoint"]["latest"]["resources"]
        assert [r["id"] for r in latest if r["urn"] == vm["urn"]] == left


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["delete", "urn:nothing", "--yes"], 1, 'No such resource "urn:nothing" exists in the current state'),
        (["delete", BRIDGED], 2, "--yes must be passed in to proceed"),
        (["protect", "--yes"], 1, "state protect: must pass the URN of a resource, or --all"),
    ],
)
def test_what_can_not_be_forgotten_or_protected_is_said(
    project: Project, words: list[str], code: int, error: str
) -> None:
    before = project.state_file.read_bytes()
    done = project.run("state", *words)
    assert (done.code, project.state_file.read_bytes()) == (code, before)
    assert done.err.startswith(f"error: {error}")
