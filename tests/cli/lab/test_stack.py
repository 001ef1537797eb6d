"""The stack's file as a lab needs it."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.lab import host as labhost
from cli.lab import stack as labstack
from cli.words.command_line import UsageError
from config import ConfigError
from lab.facts import HostFacts
from lab.hypervisor import IMAGES, Lab

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
