"""The stack's file is read as Pulumi reads it, and an edit leaves everything else as a person wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import CommandError
from engine.settings import project
from engine.settings.stackfile import StackFile, full_key, split_path
from engine.state.secrets import Crypter
from tests.engine.conftest import PASSPHRASE, RECORDINGS, SALT

TEXT = """\
# who runs where
config:
  libvirt:uri: qemu:///system # the rack's own
  trop:count: 3
  trop:on: true
  trop:mac: 52:54:00:02:02:08
  trop:vms:
    zeta: {memory: 1024}
    alpha:
      # the one with the float
      password:
        secure: v1:s9e1J12AL/DwvMJP:7GTvDMG42vvHYnEVB0FpuMrvZDQYkg==
    list:
      - "one"
"""


@pytest.fixture
def file(tmp_path: Path) -> StackFile:
    path = tmp_path / "Pulumi.trop02.yaml"
    path.write_text(TEXT)
    return StackFile.read(path, "trop")


def test_values_reach_the_program_as_texts_and_structures_as_json(file: StackFile) -> None:
    assert file.texts(Crypter(SALT, PASSPHRASE).decrypt) == {
        "libvirt:uri": "qemu:///system",
        "trop:count": "3",
        "trop:on": "true",
        "trop:mac": "52:54:00:02:02:08",
        "trop:vms": '{"alpha":{"password":"s3cr3t"},"list":["one"],"zeta":{"memory":1024}}',
    }
    assert file.secret_keys == {"trop:vms"}


def test_an_edit_keeps_comments_order_and_quotes(file: StackFile) -> None:
    file.salt = "v1:a:b"
    file.set("libvirt:uri", [], "test:///default")
    file.set("trop:vms", ["list", 1], "two")
    file.set("trop:new", ["deep", "er"], {"secure": "v1:x:y"})
    file.save()
    expected = TEXT.replace("qemu:///system #", "test:///default #").replace('"one"', '"one"\n      - two')
    expected += "  trop:new:\n    deep:\n      er:\n        secure: v1:x:y\n"
    text = file.path.read_text()
    assert "encryptionsalt: v1:a:b\n" in text
    assert text.replace("encryptionsalt: v1:a:b\n", "") == expected


def test_a_file_without_a_change_is_written_as_it_was(file: StackFile) -> None:
    file.save()
    assert file.path.read_text() == TEXT


def test_the_recorded_files_are_read_and_written_as_they_are(tmp_path: Path) -> None:
    for recorded in (RECORDINGS / "00-stack-init", RECORDINGS / "29-secrets"):
        path = tmp_path / "Pulumi.trop02.yaml"
        path.write_bytes((recorded / "Pulumi.trop02.yaml").read_bytes())
        stack = StackFile.read(path, "trop")
        assert stack.salt == SALT
        assert "trop:token" in stack.secret_keys
        stack.save()
        assert path.read_bytes() == (recorded / "Pulumi.trop02.yaml").read_bytes()


def test_values_are_found_and_removed_by_path(file: StackFile) -> None:
    assert file.get(*split_path("vms.list[0]", "trop")) == "one"
    assert file.get(*split_path('trop:vms["zeta"].memory', "trop")) == 1024
    for missing in ("nothing", "vms.nothing", "vms.list[4]", "vms.list.x", "mac.deeper"):
        with pytest.raises(KeyError):
            file.get(*split_path(missing, "trop"))
        assert file.remove(*split_path(missing, "trop")) is False
    assert file.remove(*split_path("vms.zeta", "trop")) is True
    with pytest.raises(KeyError):
        file.get("trop:vms", ["zeta"])


def test_keys_have_the_projects_namespace_unless_they_name_another() -> None:
    assert full_key("token", "trop") == "trop:token"
    assert full_key("libvirt:uri", "trop") == "libvirt:uri"
    assert full_key("libvirt:config:uri", "trop") == "libvirt:uri"
    for bad in ("a:b:c", ":x", "x:", "a:b:c:d"):
        with pytest.raises(CommandError, match="configuration key"):
            full_key(bad, "trop")
    for bad in ("a..b", "[0]", "a[x]", ""):
        with pytest.raises(CommandError, match="invalid configuration path"):
            split_path(bad, "trop")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("config: [1]", "config: expected a mapping"),
        ("- a", "expected a mapping, got"),
        ("config:\n  a: b: c", "not valid YAML: line 2: mapping values are not allowed"),
        ("secretsprovider: awskms://x", "secretsprovider is not supported by the embedded engine"),
        ("environment: [e]", "environment is not supported by the embedded engine"),
    ],
)
def test_a_faulty_file_is_one_line_that_names_it(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.s.yaml"
    path.write_text(text)
    with pytest.raises(CommandError) as error:
        StackFile.read(path, "trop")
    assert message in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_bare_key_in_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.s.yaml"
    path.write_text("config:\n  token: x\n")
    with pytest.raises(CommandError, match="could not parse token as a configuration key"):
        list(StackFile.read(path, "trop").values())


def test_the_project_is_found_from_below_and_read(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text(
        "name: trop\nruntime: {name: python, options: {virtualenv: v}}\nmain: src\n"
        "options: {refresh: always}\nbackend: {url: file://./state}\n"
    )
    (tmp_path / "a" / "b").mkdir(parents=True)
    found = project.find(tmp_path / "a" / "b")
    assert (found.name, found.refresh, found.root) == ("trop", True, tmp_path)
    assert (found.program, found.backend_url) == (tmp_path / "src", "file://./state")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("runtime: python", "missing a 'name'"),
        ("name: trop", "missing a 'runtime'"),
        ("name: trop\nruntime: go", "runtime go is not supported by the embedded engine"),
        ("name: trop\nruntime: python\nconfig: {a: 1}", "config is not supported by the embedded engine"),
        ("name: trop\nruntime: python\noptions: 1", "options: expected a mapping"),
    ],
)
def test_a_project_that_cannot_be_run_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text(text)
    with pytest.raises(CommandError, match=message):
        project.find(tmp_path)


def test_without_a_project_the_line_says_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"no Pulumi.yaml project file found"):
        project.find(tmp_path)


def test_the_selected_stack_is_kept_where_the_cli_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: trop\nruntime: python\n")
    found, environment = project.find(tmp_path), {"PULUMI_HOME": str(tmp_path / "home")}
    assert project.selected(found, environment) == ""
    project.select(found, "trop02", environment)
    (file,) = (tmp_path / "home" / "workspaces").glob("trop-*-workspace.json")
    assert file.read_text() == '{\n    "stack": "organization/trop/trop02"\n}'
    assert project.selected(found, environment) == "trop02"
    assert project.selected(found, environment | {"PULUMI_STACK": "trop03"}) == "trop03"
    project.select(found, "", environment)
    assert project.selected(found, environment) == ""


@pytest.mark.parametrize("name", ["a b", "x/y/z/w", "other/trop/s", "organization/other/s", "", "a/"])
def test_a_stack_name_of_another_project_or_form_is_refused(name: str) -> None:
    with pytest.raises(CommandError):
        project.stack_name(name, "trop")
    assert project.stack_name("organization/trop/s.1", "trop") == "s.1"
