"""`import` as a command line: one object, or a file of them; what is wrong is said before anything is done."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.verbs.imports import NO_CODE
from tests.engine.conftest import CREATED, RECORDINGS
from tests.engine.harness import Project

NETWORK = "libvirt:index/network:Network"
LEGACY = {"name": "legacy", "mode": "nat", "autostart": True}
URN = f"urn:pulumi:trop02::trop::{NETWORK}::legacy"
NETS = "urn:pulumi:trop02::trop::trop:index:HypervisorNetworks::nets"


@pytest.fixture
def project(project: Project) -> Project:
    """The same, and a network beside it."""
    project.faults({"existing": {"id-1": LEGACY}})
    return project


def resources(project: Project) -> list[dict[str, Any]]:
    return json.loads(project.state_file.read_text())["checkpoint"]["latest"].get("resources", [])


def write(project: Project, *entries: dict[str, Any]) -> str:
    (project.root / "take.json").write_text(json.dumps({"nameTable": {"nets": NETS}, "resources": entries}))
    return "take.json"


def test_one_object_is_imported_and_protected(project: Project) -> None:
    outcome = project.run("import", NETWORK, "legacy", "id-1", "--yes")
    assert outcome.code == 0, outcome.err
    assert outcome.out.endswith(NO_CODE + "\n")
    last = resources(project)[-1]
    assert (last["urn"], last["id"], last["protect"]) == (URN, "id-1", True)
    assert last["provider"].startswith("urn:pulumi:trop02::trop::pulumi:providers:libvirt::default_0_5_4::")


def test_one_object_may_have_a_parent_and_be_left_unprotected(project: Project) -> None:
    words = ["import", NETWORK, "legacy", "id-1", "--yes", "--protect=false", "--generate-code=false"]
    outcome = project.run(*words, "--parent", f"nets={NETS}", "--skip-preview")
    assert outcome.code == 0, outcome.err
    assert NO_CODE not in outcome.out
    last = resources(project)[-1]
    assert (last["parent"], "protect" in last) == (NETS, False)


def test_an_import_into_an_empty_stack_finds_the_version_of_the_sdk(project: Project) -> None:
    project.put_state(RECORDINGS / "00-stack-init" / "01-init.state.disk.json")
    outcome = project.run("import", NETWORK, "legacy", "id-1", "--yes")
    assert outcome.code == 0, outcome.err
    assert [r["urn"].split("::")[-1] for r in resources(project)] == [
        "trop-trop02",
        "default_0_5_4",
        "legacy",
    ]


def test_one_missing_object_keeps_the_others_out_and_the_state_as_it_was(project: Project) -> None:
    before = resources(project)
    file = write(
        project,
        {"type": NETWORK, "name": "legacy", "id": "id-1"},
        {"type": NETWORK, "name": "lost", "id": "id-2"},
        {"type": NETWORK, "name": "gone", "id": "id-3"},
    )
    outcome = project.run("import", "--file", file, "--yes", "--skip-preview", "--generate-code=false")
    assert outcome.code == 1
    assert resources(project) == before
    assert "error: resource 'id-2' does not exist" in outcome.out
    assert "error: resource 'id-3' does not exist" in outcome.out
    assert "2 of 3 resources can't be imported, so none was" in outcome.out
    assert "1 imported" not in outcome.out


def test_an_import_is_kept_in_the_history(project: Project) -> None:
    project.run("import", NETWORK, "legacy", "id-1", "--yes")
    (file,) = (project.state / ".pulumi" / "history" / "trop" / "trop02").glob("*.history.json")
    record = json.loads(file.read_text())
    assert (record["kind"], record["resourceChanges"]) == ("resource-import", {"import": 1, "same": 8})


def test_a_preview_of_an_import_writes_nothing(project: Project) -> None:
    before = project.state_file.read_bytes()
    assert project.run("import", NETWORK, "legacy", "id-1", "--preview-only").code == 0
    assert project.state_file.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (
            ["import", NETWORK, "legacy", "id-1"],
            2,
            "--yes or --skip-preview or --preview-only must be passed",
        ),
        (["import", NETWORK, "legacy", "--yes"], 1, "an inline resource must be specified"),
        (["import", "--yes"], 1, "an inline resource must be specified"),
        (["import", "Network", "legacy", "1", "--yes"], 1, "import: 1 error, nothing was imported:"),
        (
            ["import", "--file", "no.json", "--yes"],
            1,
            "could not read import file: open no.json: No such file",
        ),
        (["import", "a", "b", "c", "--file", "no.json"], 1, "an inline resource may not be specified"),
        (["import", "--file", "f", "--parent", "p"], 1, "--parent: belongs into the import file"),
        (["import", NETWORK, "a", "b", "--parent", "p"], 1, "--parent: expected name=urn, got 'p'"),
        (["import", NETWORK, "a", "b", "--out", "f"], 1, "--out is not supported by the embedded engine"),
        (["import", NETWORK, "a", "b", "--from", "f"], 1, "--from is not supported by the embedded engine"),
    ],
)
def test_a_command_line_that_can_not_be_done_is_refused(
    words: list[str], code: int, error: str, project: Project
) -> None:
    before = project.state_file.read_bytes()
    outcome = project.run(*words)
    assert (outcome.code, outcome.err.startswith(f"error: {error}")) == (code, True), outcome.err
    assert project.state_file.read_bytes() == before


def test_a_preview_writes_what_it_would_create_as_an_import_file(project: Project) -> None:
    project.put_state(RECORDINGS / "00-stack-init" / "01-init.state.disk.json")
    assert project.run("preview", "--import-file", "take.json").code == 0
    document = json.loads((project.root / "take.json").read_text())
    assert "nameTable" not in document
    entries = {e["name"]: e for e in document["resources"]}
    assert entries["nets"] == {"type": "trop:index:HypervisorNetworks", "name": "nets", "component": True}
    assert entries["default"] == {
        "type": NETWORK,
        "name": "default",
        "id": "<PLACEHOLDER>",
        "parent": "nets",
        "version": "0.5.4",
    }
    same_name = [e for e in document["resources"] if e.get("logicalName", e["name"]) == "vm0"]
    assert sorted(e["name"] for e in same_name) == ["vm0", "vm0Domain", "vm0Volume"]
    assert len(document["resources"]) == 7


def test_the_file_of_a_preview_can_be_imported_once_its_ids_are_filled_in(project: Project) -> None:
    project.put_state(RECORDINGS / "00-stack-init" / "01-init.state.disk.json")
    project.run("preview", "--import-file", "take.json")
    refused = project.run("import", "--file", "take.json", "--yes")
    assert refused.err.startswith("error: take.json: 5 errors, nothing was imported:")
    document = json.loads((project.root / "take.json").read_text())
    for entry in document["resources"]:
        if "id" in entry:
            entry["id"] = f"id of {entry['name']}"
    (project.root / "take.json").write_text(json.dumps(document))
    project.faults({"existing": {f"id of {e['name']}": {} for e in document["resources"]}})
    outcome = project.run("import", "--file", "take.json", "--yes")
    assert outcome.code == 0, outcome.out + outcome.err
    own = {r["urn"] for r in resources(project)}
    project.put_state(CREATED)
    assert own == {r["urn"] for r in resources(project)}


def test_names_that_the_state_has_stand_in_the_file_s_table(project: Project) -> None:
    project.run(
        "preview", "--import-file", "take.json", variables={"TROP_VMS": "vm0,vm1", "TROP_OPTIONS": ""}
    )
    document = json.loads((project.root / "take.json").read_text())
    assert [e["name"] for e in document["resources"]] == ["vm1", "vm1Volume", "vm1Domain"]
    project.run("preview", "--import-file", "take.json", variables={"TROP_RENAME": "yes"})
    document = json.loads((project.root / "take.json").read_text())
    assert document["nameTable"] == {"nets": NETS}
    assert [(e["name"], e["parent"]) for e in document["resources"]] == [("lan", "nets")]


def test_an_import_is_shown_with_its_properties(project: Project) -> None:
    outcome = project.run("import", NETWORK, "legacy", "id-1", "--yes", "--skip-preview", "--diff")
    assert outcome.code == 0, outcome.err
    assert f"    = {NETWORK}: (import) 🔒\n        [id=id-1]\n        [urn={URN}]\n" in outcome.out
    assert '        mode      : "nat"\n' in outcome.out
