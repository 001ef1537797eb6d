"""`config`: settings listed, read, set and removed, in the stack's own file or another."""

from __future__ import annotations

import json
import re
from pathlib import Path

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
