"""What an operator can get wrong: one clear line, the exit code of the recordings, and nothing changed.

These run on libvirt's in-process test driver, which needs no root; its host is a file, given to each run anew.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli import ROOT
from cli.lab.host import plan_of
from cli.lab.rehearsal import host_xml
from tests.lab.stage import ENGINES

STACK = "trop02"
Facts = dict[str, Any]


@dataclass
class Desk:
    """A backend, a stack's file and a host in a folder; `./trop` with these."""

    folder: Path
    engine: str

    def __post_init__(self) -> None:
        plan = plan_of(STACK)
        self.host = self.folder / "host.xml"
        self.host.write_text(host_xml(plan), encoding="utf-8")
        self.file = self.folder / f"project/Pulumi.{STACK}.yaml"

    def make(self) -> None:
        """A new stack with the repository's settings."""
        self.file.parent.mkdir()
        (self.folder / "state").mkdir()
        shutil.copy(ROOT / "Pulumi.yaml", self.file.parent)
        shutil.copy(ROOT / self.file.name, self.file.parent)
        done = self.run("stack", "init", STACK, "--cwd", str(self.file.parent))
        assert done.returncode == 0, done.stdout + done.stderr

    def declare(self, **settings: object) -> None:
        content = yaml.safe_load(self.file.read_text(encoding="utf-8"))
        content["config"] |= {key.replace("__", ":"): value for key, value in settings.items()}
        self.file.write_text(yaml.safe_dump(content), encoding="utf-8")

    def edit_fleet(self, edit: Callable[[Facts], object]) -> None:
        facts = yaml.safe_load((ROOT / "config/fleet.yaml").read_text(encoding="utf-8"))
        edit(facts)
        (self.folder / "fleet.yaml").write_text(yaml.safe_dump(facts), encoding="utf-8")
        self.declare(trop__fleet=str(self.folder / "fleet.yaml"))

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "LIBVIRT_"))
        }
        settings = {
            "PYTHONPATH": str(ROOT),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "x",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        return subprocess.run(
            [sys.executable, "-P", "-m", "cli", *words, "--engine", self.engine],
            cwd=ROOT, env=kept | settings | environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip

    def verb(self, verb: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run(
            verb, STACK, "--config-file", str(self.file), "--color", "never", *words, **environment
        )

    def files(self) -> dict[str, bytes]:
        """The state and the settings, byte for byte; a run that failed may leave a line in the history."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        mine = (path for path in found if not {"history", "backups", "home"} & set(path.parts))
        return {str(path): path.read_bytes() for path in mine}

    def refused(self, *expected: str, code: int = 1, **environment: str) -> str:
        """An `up` that is refused with one line that has all of these words; the whole text it printed."""
        before = self.resources()
        done = self.verb("up", "--yes", **environment)
        text = done.stdout + done.stderr
        assert done.returncode == code, text
        assert "Traceback" not in text
        assert ".py" not in text
        said = {line.strip() for line in text.splitlines() if all(word in line for word in expected)}
        assert said, f"no line with {expected} in:\n{text}"
        assert self.resources() == before
        return text

    def resources(self) -> list[str]:
        """The real objects in the state."""
        path = self.folder / f"state/.pulumi/stacks/trop/{STACK}.json"
        state = yaml.safe_load(path.read_text(encoding="utf-8")).get("checkpoint", {}).get("latest") or {}
        return [
            r["urn"] for r in state.get("resources", []) if r.get("custom") and "providers" not in r["type"]
        ]


@pytest.fixture(scope="module", params=ENGINES)
def first(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk to copy: to make a stack costs a second of processor time for its passphrase."""
    made = Desk(tmp_path_factory.mktemp("first"), request.param)
    made.make()
    return made


@pytest.fixture
def desk(first: Desk, tmp_path: Path) -> Desk:
    shutil.copytree(first.folder, tmp_path, dirs_exist_ok=True)
    copied = Desk(tmp_path, first.engine)
    copied.declare(libvirt__uri=f"test://{copied.host}")
    return copied


def test_the_same_desk_accepts_what_the_repository_declares(desk: Desk) -> None:
    done = desk.verb("preview")
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_unknown_key_is_refused(desk: Desk) -> None:
    desk.declare(trop__vms={"Ulov": {"memorry": 512}})
    desk.refused("Pulumi.trop02.yaml: trop:vms.Ulov.memorry: unknown key; allowed: ", "memory")


def test_a_wrong_type_is_refused(desk: Desk) -> None:
    desk.declare(trop__vms={"Ulov": {"memory": "much"}})
    desk.refused("Pulumi.trop02.yaml: trop:vms.Ulov.memory: 'much' is not accepted; allowed: ")


def test_slot_256_is_refused(desk: Desk) -> None:
    desk.edit_fleet(lambda facts: facts["hypervisors"][STACK]["slots"].update(Ulov=256))
    desk.refused("fleet.yaml: hypervisors.trop02.slots.Ulov: 256 is not accepted; allowed: ")


def test_a_doubled_mac_is_refused(desk: Desk) -> None:
    """Two VMs on one slot would have one MAC."""
    desk.edit_fleet(lambda facts: facts["hypervisors"][STACK]["slots"].update(Ulov=15))
    desk.refused("fleet.yaml: hypervisors.trop02.slots.", "slot 15 is the slot of ")


def test_a_float_with_an_unknown_holder_is_refused(desk: Desk) -> None:
    desk.edit_fleet(lambda facts: facts["floats"]["members"]["float1"].update(holder="Nobody"))
    desk.refused("fleet.yaml: floats.members.float1.holder: no hypervisor has a slot for Nobody")


def test_all_faults_are_told_at_once(desk: Desk) -> None:
    desk.declare(trop__vms={"Ulov": {"memorry": 512}, "Acilamwen": {"vcpu": "two"}})
    text = desk.refused("trop:vms.Ulov.memorry")
    assert "trop:vms.Acilamwen.vcpu" in text


@pytest.mark.parametrize(
    "uri", ["qemu+unix:///system?socket=/nowhere/sock", "test:///nowhere.xml", "nonsense:///system"]
)
def test_an_unreachable_uri_is_refused(desk: Desk, uri: str) -> None:
    desk.declare(libvirt__uri=uri)
    desk.refused(uri)


def test_a_missing_base_image_is_refused_before_anything_is_made(desk: Desk) -> None:
    desk.host.write_text(desk.host.read_text().replace("fedora-28", "debian-12"), encoding="utf-8")
    desk.refused("fedora-28-32G-docker-base-20181016.qcow")


def test_a_missing_bridge_is_refused_before_anything_is_made(desk: Desk) -> None:
    desk.host.write_text(desk.host.read_text().replace('"br0"', '"br7"'), encoding="utf-8")
    desk.refused("br0")


def test_a_wrong_passphrase_is_refused(desk: Desk) -> None:
    before = desk.files()
    done = desk.verb("up", "--yes", PULUMI_CONFIG_PASSPHRASE="wrong")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("incorrect passphrase")
    assert desk.files() == before


def test_a_state_file_cut_in_half_is_refused(desk: Desk) -> None:
    path = desk.folder / f"state/.pulumi/stacks/trop/{STACK}.json"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    before = desk.files()
    done = desk.verb("up", "--yes")
    text = done.stdout + done.stderr
    assert done.returncode == 1, text
    assert "Traceback" not in text
    assert len([line for line in text.splitlines() if line.startswith("error:")]) == 1, text
    assert desk.files() == before


def test_a_stack_that_is_not_there_is_refused(desk: Desk) -> None:
    before = desk.files()
    done = desk.run("preview", "trop01")
    assert done.returncode == 6
    way_out = "; to make it: ./trop stack init trop01 --engine embedded" if desk.engine == "embedded" else ""
    assert done.stderr.strip() == f"error: no stack named 'trop01' found{way_out}"
    assert desk.files() == before
