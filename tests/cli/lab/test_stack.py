"""The stack's file as a lab needs it."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.lab import host as labhost
from cli.lab import stack as labstack
from cli.words.command_line import UsageError
from config import ConfigError
from engine.state import locks
from engine.state.backend import Backend
from lab.facts import HostFacts
from lab.hypervisor import IMAGES, Lab
from lab.processes import Begun

URI = "qemu+unix:///system?socket=/somewhere"
DECLARED = """\
config:
  libvirt:uri: qemu:///system
  trop:vms:
    Acilamwen: {memory: 4096}
  trop:token:
    secure: v1:abc
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one stack."""
    monkeypatch.setattr(labstack, "ROOT", tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: trop\n")
    (tmp_path / "Pulumi.trop02.yaml").write_text(DECLARED)
    return tmp_path


@pytest.fixture
def labs() -> Iterator[Path]:
    """Where labs are: a short path, for each lab's socket is below it."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def made(root: Path) -> labstack.Settings:
    return labstack._read(labstack.write_project("trop02", root / "lab", URI) / "Pulumi.trop02.yaml")


def test_a_lab_changes_only_the_uri_and_what_emulation_forces(root: Path) -> None:
    assert made(root) == {
        "config": {
            "libvirt:uri": URI,
            "trop:vms": {"Acilamwen": {"memory": 4096}},
            "trop:emulation": {"domainType": "qemu", "memory": 96, "services": False, "packages": False},
        }
    }
    assert (root / "lab/Pulumi.yaml").read_text() == "name: trop\n"


def test_what_is_set_in_the_lab_stays_there(root: Path) -> None:
    file = root / "lab/Pulumi.trop02.yaml"
    made(root)
    file.write_text(file.read_text() + "  trop:fleet: other.yaml\nencryptionsalt: v1:salt\n")
    (root / "Pulumi.trop02.yaml").write_text(DECLARED.replace("4096", "2048"))
    again = made(root)
    assert again["encryptionsalt"] == "v1:salt"
    assert again["config"]["trop:fleet"] == "other.yaml"
    assert again["config"]["trop:vms"] == {"Acilamwen": {"memory": 2048}}
    assert made(root) == again


def test_an_edit_of_the_repositorys_file_beside_what_is_set_in_the_lab_comes_through(root: Path) -> None:
    made(root)
    file = root / "lab/Pulumi.trop02.yaml"
    file.write_text(file.read_text().replace("memory: 4096", "memory: 4096\n      vcpu: 2"))
    (root / "Pulumi.trop02.yaml").write_text(
        DECLARED.replace("{memory: 4096}", "{memory: 2048, title: Twice edited}\n    Ulov: {}")
    )
    vms = {"Acilamwen": {"memory": 2048, "title": "Twice edited", "vcpu": 2}, "Ulov": {}}
    assert made(root)["config"]["trop:vms"] == vms
    assert made(root)["config"]["trop:vms"] == vms
    file.write_text(file.read_text().replace("memory: 2048", "memory: 512"))
    (root / "Pulumi.trop02.yaml").write_text(DECLARED.replace("4096", "1024"))
    assert made(root)["config"]["trop:vms"] == {"Acilamwen": {"memory": 512, "vcpu": 2}}


def test_what_is_removed_in_the_lab_stays_away_but_the_uri_is_always_the_labs(root: Path) -> None:
    made(root)
    file = root / "lab/Pulumi.trop02.yaml"
    file.write_text("config:\n  libvirt:uri: elsewhere\n")
    assert made(root) == {"config": {"libvirt:uri": URI}}


def test_a_guest_gets_the_memory_that_its_kind_needs_and_services_where_it_has_docker(tmp_path: Path) -> None:
    lab = Lab("trop02", HostFacts(bridges=()), root=tmp_path)
    assert labstack.emulation_of(lab) == labstack.EMULATION
    lab.state.mkdir()
    others = [(kind, labstack.OTHERS, False) for kind in IMAGES if kind not in labstack.MEMORY]
    for kind, memory, services in (("tiny", 96, False), ("debian", 1024, True), *others):
        (lab.state / "lab.json").write_text(json.dumps({"guest": kind}))
        assert labstack.emulation_of(lab) == {
            "domainType": "qemu", "memory": memory, "services": services, "packages": False
        }  # fmt: skip
    assert set(labstack.MEMORY) < set(IMAGES)


def test_an_unknown_stack_is_told(root: Path) -> None:
    with pytest.raises(UsageError, match=r"no Pulumi\.trop09\.yaml"):
        labstack.write_project("trop09", root / "lab", URI)


def test_the_operators_passphrase_goes_before_the_labs(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    backend = f"file://{root / 'state'}"
    assert labstack.lab_environment(root) == {
        "PULUMI_BACKEND_URL": backend, "PULUMI_CONFIG_PASSPHRASE": labstack.PASSPHRASE,
    }  # fmt: skip
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    assert labstack.lab_environment(root) == {"PULUMI_BACKEND_URL": backend}


def own_lab(labs: Path) -> Lab:
    lab = Lab("trop02", HostFacts(bridges=()), root=labs)
    lab.state.mkdir(exist_ok=True)
    return lab


@pytest.mark.reports("S5")
def test_while_a_run_has_the_stack_its_declarations_are_not_changed_under_it(root: Path, labs: Path) -> None:
    lab = own_lab(labs)
    file = labstack.stack_file_of(lab)
    before = file.read_bytes()
    (root / "Pulumi.trop02.yaml").write_text(DECLARED.replace("4096", "2048"))
    folder = Backend(labs / "trop02/state", "trop").locks("trop02")
    folder.mkdir(parents=True)
    with locks.held(folder):
        assert labstack.stack_file_of(lab) == file
        assert file.read_bytes() == before
    labstack.stack_file_of(lab)
    assert labstack._read(file)["config"]["trop:vms"] == {"Acilamwen": {"memory": 2048}}


@pytest.mark.reports("S5")
def test_a_lab_that_another_clone_has_started_is_left_to_that_one(
    root: Path, labs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, theirs = own_lab(labs), tmp_path / "other"
    theirs.mkdir()
    before = labstack.stack_file_of(lab).read_bytes()
    (root / "Pulumi.trop02.yaml").write_text(DECLARED.replace("4096", "2048"))
    monkeypatch.setattr(Lab, "begun", Begun(0.0, theirs))
    with pytest.raises(UsageError) as refused:
        labstack.stack_file_of(lab)
    assert (lab.state / "project/Pulumi.trop02.yaml").read_bytes() == before
    assert f"started from {theirs}, at 19" in str(refused.value)
    assert f"export TROP_LAB_ROOT={lab.root}-of-{root.name}; ./trop lab up trop02" in str(refused.value)
    for mine in (root, tmp_path / "moved away since"):
        monkeypatch.setattr(Lab, "begun", Begun(0.0, mine))
        labstack.stack_file_of(lab)


@pytest.mark.reports("S5")
def test_a_lab_that_is_down_is_left_to_the_clone_that_it_follows(
    root: Path, labs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, theirs = own_lab(labs), tmp_path / "other"
    labstack.stack_file_of(lab)
    theirs.mkdir()
    (theirs / "Pulumi.yaml").write_text("name: trop\n")
    (theirs / "Pulumi.trop02.yaml").write_text(DECLARED.replace("4096", "2048"))
    monkeypatch.setattr(labstack, "ROOT", theirs)
    with pytest.raises(UsageError, match=f"the lab trop02 was started from {root}, and follows"):
        labstack.stack_file_of(lab)
    monkeypatch.setattr(Lab, "begun", Begun(0.0, theirs))  # as ./trop lab up, typed there, makes it
    labstack.stack_file_of(lab)
    monkeypatch.setattr(Lab, "begun", None)
    labstack.stack_file_of(lab)
    monkeypatch.setattr(labstack, "ROOT", root)
    with pytest.raises(UsageError, match=f"was started from {theirs}, and follows"):
        labstack.stack_file_of(lab)


@pytest.mark.reports("S6")
def test_what_is_the_labs_own_is_told_with_the_line_that_drops_it(
    root: Path, labs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = own_lab(labs)
    file = labstack.stack_file_of(lab)
    labstack.tell_own_settings(file)
    assert capsys.readouterr().err == ""
    file.write_text(
        file.read_text().replace("memory: 4096", "memory: 4096\n      vcpu: 2") + "  trop:fleet: own.yaml\n"
    )
    file = labstack.stack_file_of(lab)
    labstack.tell_own_settings(file)
    told = capsys.readouterr().err
    assert told == (
        "note: the lab's own settings, which go before the repository's: trop:vms.Acilamwen.vcpu, trop:fleet; to drop "
        f"them: rm {file}\n"
    )
    subprocess.run(told.rpartition(": ")[2], shell=True, check=True)
    file = labstack.stack_file_of(lab)
    labstack.tell_own_settings(file)
    assert capsys.readouterr().err == ""
    (vm,) = labstack._read(file)["config"]["trop:vms"].values()
    assert vm == {"memory": 4096}


def test_a_setting_that_the_lab_has_taken_out_or_both_have_changed_is_its_own() -> None:
    made = {"a": 1, "b": {"c": 1, "d": 2}, "e": [1]}
    assert labstack.own_settings(made, made) == []
    assert labstack.own_settings(made, {"a": 1, "b": {"c": 2}, "e": [1, 2], "f": 0}) == [
        "b.c", "b.d (taken out)", "e", "f",
    ]  # fmt: skip


@pytest.mark.reports("S7")
def test_who_only_looks_sees_the_file_as_the_next_run_makes_it_and_writes_nothing(
    root: Path, labs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labhost, "ROOT", root)
    monkeypatch.setenv("TROP_LAB_ROOT", str(labs))
    folder = labs / "trop02/project"
    folder.parent.mkdir(parents=True)
    labstack.write_project("trop02", folder, URI)
    file = folder / "Pulumi.trop02.yaml"
    file.write_text(file.read_text().replace("memory: 4096", "memory: 4096\n      vcpu: 2"))
    (root / "Pulumi.trop02.yaml").write_text(DECLARED.replace("4096", "2048"))
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert labhost._settings_of("trop02")["vms"] == {"Acilamwen": {"memory": 2048, "vcpu": 2}}
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    (root / "Pulumi.trop02.yaml").write_text("config: {trop:vms: [")
    with pytest.raises(ConfigError, match=r"Pulumi.trop02.yaml"):
        labhost._settings_of("trop02")
