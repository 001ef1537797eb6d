"""`config`: settings listed, read, set and removed, in the stack's own file or another."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.engine.conftest import RECORDINGS, SALT
from tests.engine.harness import Case, Project
from tests.engine.verbs.recorded import check


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


@pytest.mark.reports("S4")
@pytest.mark.parametrize(
    ("value", "kind", "written"),
    [
        ("16", "string", '"16"'),
        ("true", "string", '"true"'),
        ("null", "string", '"null"'),
        ("16", "int", "16"),
        ("true", "bool", "true"),
        ("1.5", "float", "1.5"),
    ],
)
@pytest.mark.parametrize("key", ["whole", "some.list[0].version"])
def test_a_value_is_of_the_type_that_is_said(
    project: Project, value: str, kind: str, written: str, key: str
) -> None:
    path = ["--path"] if "." in key else []
    done = project.run("config", "set", *path, key, value, "--type", kind)
    assert done.code == 0, done.err
    line = (project.root / "Pulumi.trop02.yaml").read_text().rstrip().splitlines()[-1]
    assert line.rpartition(": ")[2].replace("'", '"') == written
    assert project.run("config", "get", *path, key).out == f"{value}\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (
            ["1.5", "--type", "int"],
            "--type int: 1.5 is not accepted; allowed: a whole number of up to 18 digits",
        ),
        (["yes", "--type", "bool"], "--type bool: yes is not accepted; allowed: true or false"),
        (["nan", "--type", "float"], "--type float: nan is not accepted; allowed: a number, as 1.5"),
        (["x", "--type", "text"], "--type text is unknown; allowed: string, bool, int, float"),
        (["x", "--type", "int", "--secret"], "--type can't be given together with --secret or --plaintext"),
    ],
)
def test_a_value_that_is_not_of_the_type_is_refused(project: Project, words: list[str], why: str) -> None:
    file = project.root / "Pulumi.trop02.yaml"
    before = file.read_text()
    done = project.run("config", "set", "key", *words)
    assert (done.code, done.err) == (1, f"error: {why}\n")
    assert file.read_text() == before
