"""From a declaration to a fake Docker in a guest: component, provider, scripts, with a real shell and no libvirt."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from components.docker_services import DockerServices, DockerServicesArgs
from components.services import files
from config.plan_services import PlannedServices
from provider.errors import OperatorError
from provider.guest import agent as guest_agent
from provider.guest import store as guest_store
from tests.components.engine_mock import run
from tests.provider.guest.place import Brought, Place
from tests.services.machine import DOCKER, NOTHING, Machine, planned
from tests.services.test_recipe import vm

PASSWORD = "correct horse battery"


def declared(version: str = "1", proxy: str = "proxy:1") -> PlannedServices:
    members = {
        "gillian": {"image": "firethorn"},
        "carolina": {"image": "postgres:1", "secrets": ["password"]},
    }
    stack = {"name": "ft", "services": members}
    containers = {"apache": {"image": proxy, "ports": ["80->80"]}}
    return planned(
        {"wait": 60, "version": version, "containers": containers, "stack": stack}, {"password": True}
    )


class Docker(Place):
    """A guest with the fake Docker in it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.machine = Machine(folder, ("dash",))
        self.guests.environment = self.machine.environment()

    def services(self, services: PlannedServices, password: str = PASSWORD) -> dict[str, Any]:
        """What the component declares of them."""
        machine = vm().model_copy(update={"recipe": NOTHING})
        args = DockerServicesArgs(machine, services, self.vm.id, {"password": password})
        inputs = run(lambda: DockerServices("Acilamwen", args)).one("GuestFiles").inputs
        return {**inputs, "wait": int(inputs["wait"]), "timeout": int(inputs["timeout"])}

    def deployed(self, services: PlannedServices) -> Brought:
        made = Brought(self, self.services(services))
        made.id, made.outputs = self.handler.create(made.call, made.inputs, False)
        made.notes()
        return made


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    monkeypatch.setenv("TROP_ENGINE", "embedded")
    monkeypatch.setattr(guest_store, "RUN", str(tmp_path / "run"))
    monkeypatch.setattr(
        guest_agent, "_PATH", f"PATH={shlex.quote(str(DOCKER.parent))}:/usr/bin:/bin; export PATH\n"
    )
    monkeypatch.setattr(files, "FOLDER", str(tmp_path / "here"))
    monkeypatch.setattr(files, "APPLY", str(tmp_path / "here/apply"))
    return Docker(tmp_path)


def test_services_are_deployed_seen_when_they_drift_and_mended(place: Docker) -> None:
    made = place.deployed(declared())
    assert made.drift().changes == {}
    assert made.notes() == []

    place.machine.docker("stop", "apache")
    place.machine.docker("service", "update", "--image", "other:7", "ft_gillian")
    place.machine.docker("run", "-d", "--name", "stranger", "busybox:9")
    assert made.drift().changes == {"state": "update"}
    made.notes()
    made.up(preview=True)
    assert set(made.notes()) >= {
        "service restart: container apache of Acilamwen: status exited -> running",
        "Acilamwen: container stranger is not declared (image busybox:9, settings changed by hand, status running); "
        "it is left alone",
    }

    made.up()
    assert made.drift().changes == {}
    assert place.machine.docker("ps", "-aq").split() == ["apache", "stranger"]


def test_another_version_restarts_its_services_alone(place: Docker) -> None:
    made = place.deployed(declared())
    place.machine.log()
    made.up(**place.services(declared("2")))
    (deployed,) = [line for line in place.machine.log() if line.startswith("stack deploy")]

    restarts = [note for note in made.notes() if note.startswith("service restart")]
    assert len(restarts) == 1
    assert "service ft_gillian of Acilamwen: image firethorn:1 -> firethorn:2, settings c" in restarts[0]
    assert "carolina" not in deployed


def test_another_password_restarts_what_uses_it_and_is_nowhere(place: Docker, tmp_path: Path) -> None:
    made = place.deployed(declared())
    made.up(**place.services(declared(), "another battery"))

    assert made.notes() == ["service restart: service ft_carolina of Acilamwen: password is another one"]
    stored = [p.read_text() for p in (tmp_path / "fake/secrets").iterdir()]
    assert stored == ["another battery"]
    others = [p for p in tmp_path.rglob("*") if p.is_file() and p.parent.name != "secrets"]
    for secret in (PASSWORD, "another battery"):
        assert not [p for p in others if secret.encode() in p.read_bytes()]
        assert not [word for word in place.guests.argv if secret in word]


def test_a_failing_deployment_is_one_line_and_leaves_the_former_one(place: Docker) -> None:
    made = place.deployed(declared())
    with pytest.raises(OperatorError) as caught:
        made.up(**place.services(declared(proxy="broken:2")))

    assert str(caught.value).startswith(
        "guest Acilamwen: exit code 1: container apache does not come up: it says why"
    )
    assert str(caught.value).endswith("the former one was put back")
    assert place.machine.read()["state"] == files.state(declared())
    assert made.drift().changes == {"files": "update"}
    made.up()
    assert made.drift().changes == {}


def test_what_is_not_declared_any_more_is_taken_away(place: Docker) -> None:
    made = place.deployed(declared())
    made.delete()

    assert place.machine.read()["state"] == {}
    assert not (place.folder / "here").exists()
