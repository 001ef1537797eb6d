"""`up` and previews of services: engine, program and provider as they are, a hypervisor in memory, a real shell."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.services import files
from provider.guest import agent as guest_agent
from provider.guest import store as guest_store
from provider.guest.resource import GuestFiles
from provider.guest.tools import Tools
from tests.crash import stand, world
from tests.crash.operations import one
from tests.lab.catalogue_stage import STACK
from tests.provider.fakes.basics import Clock
from tests.provider.fakes.shell_guest import ShellGuests
from tests.services.machine import DOCKER, Machine

pytestmark = pytest.mark.services

PASSWORD = "correct horse battery"
UP = ("up", "--yes", "--skip-preview")


def services(version: str) -> dict[str, Any]:
    members = {
        "gillian": {"image": "firethorn"},
        "carolina": {"image": "postgres:1", "secrets": ["password"]},
    }
    stack = {"name": "ft", "services": members}
    return {"version": version, "wait": 60, "containers": {"apache": {"image": "proxy:1"}}, "stack": stack}


class Hypervisor:
    """With Acilamwen, in which there is a fake Docker."""

    def __init__(self, folder: Path) -> None:
        self.start = stand.Start(folder / "run", b"")
        self.start.state.mkdir(parents=True)
        self.conn = world.World()
        self.machine = Machine(folder, ("dash",))
        self.declare("1")
        assert self.run("stack", "init", STACK).code == 0
        set_secret = ("config", "set", "--secret", "--path", "trop:secrets.password", PASSWORD)
        assert self.run(*set_secret).code == 0

    @property
    def file(self) -> Path:
        return self.start.project / f"Pulumi.{STACK}.yaml"

    def declare(self, version: str) -> None:
        """Acilamwen with these services; what else is in the file stays there."""
        kept = yaml.safe_load(self.file.read_text())["config"] if self.file.exists() else {}
        declared = one()
        declared.stack["vms"]["Acilamwen"]["services"] = services(version)
        declared.stack["emulation"]["packages"] = False
        self.start.write(declared)
        content = yaml.safe_load(self.file.read_text())
        content["config"] |= {k: v for k, v in kept.items() if k == "trop:secrets"}
        self.file.write_text(yaml.safe_dump(content))

    def run(self, *words: str) -> stand.Ended:
        return stand.engine_run(self.conn, self.start.project, self.start.state, words)

    def up(self) -> str:
        ended = self.run(*UP)
        assert ended.code == 0, ended.text
        return ended.text

    def preview(self, *words: str) -> str:
        ended = self.run("preview", *words)
        assert ended.code == 0, ended.text
        return ended.text


@pytest.fixture
def hypervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hypervisor:
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_HOME", "NO_COLOR", "TROP_DEBUG"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("TROP_ENGINE", "embedded")
    monkeypatch.setattr(
        guest_agent, "_PATH", f"PATH={shlex.quote(str(DOCKER.parent))}:/usr/bin:/bin; export PATH\n"
    )
    monkeypatch.setattr(guest_store, "RUN", str(tmp_path / "run-folder"))
    monkeypatch.setattr(files, "FOLDER", str(tmp_path / "here"))
    monkeypatch.setattr(files, "APPLY", str(tmp_path / "here/apply"))
    made = Hypervisor(tmp_path)
    guests = ShellGuests(environment=made.machine.environment())
    real = stand.servicer

    def servicer(conn: Any) -> Any:
        served = real(conn)
        handler = GuestFiles(Tools(Clock(), guests.send))
        served._handlers[handler.token] = handler
        return served

    monkeypatch.setattr(stand, "servicer", servicer)
    return made


def test_services_from_nothing_to_another_version(hypervisor: Hypervisor, tmp_path: Path) -> None:
    said = hypervisor.up()
    assert "libvirt:index:GuestFiles Acilamwen created" in said
    assert hypervisor.machine.docker("ps", "-aq") == "apache\n"
    hypervisor.preview("--expect-no-changes")

    hypervisor.machine.docker("stop", "apache")
    hypervisor.machine.docker("run", "-d", "--name", "stranger", "busybox:9")
    seen = hypervisor.preview()
    assert "service restart: state: container apache of Acilamwen: status exited -> running" in seen
    assert "Acilamwen: container stranger is not declared (image busybox:9" in seen
    hypervisor.up()
    assert hypervisor.machine.docker("ps", "-aq").split() == ["apache", "stranger"]

    hypervisor.declare("2")
    seen = hypervisor.preview()
    assert "service ft_gillian of Acilamwen: image firethorn:1 -> firethorn:2" in seen
    assert "1 service restart: Acilamwen" in seen
    assert "service ft_carolina of" not in seen
    hypervisor.up()
    hypervisor.preview("--expect-no-changes")

    stored = tmp_path / "fake/secrets"
    assert [p.read_text() for p in stored.iterdir()] == [PASSWORD]
    written = [p for p in tmp_path.rglob("*") if p.is_file() and p.parent != stored]
    assert not [p for p in written if PASSWORD.encode() in p.read_bytes()]
    assert PASSWORD not in said + seen
