"""Services of two running guests: deployed through their agents, seen when they drift, mended; Docker is a stand-in.

The guests are the lab's, which have no Docker: tests/services/docker is put into them, and keeps all of it as files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from provider.guest.agent import Agent
from provider.host.clock import SystemClock
from tests.lab.stage import Stage, stage
from tests.lab.test_audit import audit, told
from tests.lab.typed import well

pytestmark = [pytest.mark.lab, pytest.mark.services, pytest.mark.other_turn]

DOCKER = Path(__file__).resolve().parents[1] / "services/docker"
PASSWORD = "correct horse battery staple"
EMULATION = {"domainType": "qemu", "memory": 96, "packages": False}


def vms(version: str = "2.1.36") -> dict[str, Any]:
    postgres = {"image": "firethorn/postgres", "secrets": ["carolina-password"], "version": "2.1.36"}
    gillian = {"image": "firethorn/firethorn", "ports": ["8080->8080"]}
    stack = {"name": "ft", "services": {"gillian": gillian, "carolina": postgres}}
    apache = {"image": "firethorn/apache:latest", "ports": ["0.0.0.0:80->80/tcp"]}
    return {
        "Acilamwen": {"services": {"after": ["Eterathiel"], "wait": 60, "containers": {"apache": apache}}},
        "Eterathiel": {"services": {"version": version, "wait": 60, "stack": stack}},
    }


class Rack:
    """The stage, and a way into its guests."""

    def __init__(self, played: Stage) -> None:
        self.stage = played

    def inside(self, vm: str, script: str, stdin: str = "") -> str:
        conn = libvirt.open(self.stage.lab.uri)
        try:
            return Agent(conn.lookupByName(vm), SystemClock()).run(script, stdin=stdin)
        finally:
            conn.close()

    def preview(self) -> str:
        return self.stage.must("preview").text


@pytest.fixture(scope="module")
def rack() -> Iterator[Rack]:
    """Two guests that have no Docker yet; what `up` said of that is in ``first``."""
    bare = {name: {} for name in vms()}
    with stage("trop02", "embedded", vms=bare, emulation=EMULATION) as played:
        played.must("config", "set", "--secret", "--path", "trop:secrets.carolina-password", PASSWORD)
        played.settings["secrets"] = {"carolina-password": True}
        played.declare(vms=vms())
        made = Rack(played)
        made.first = played.on_stack("up", "--yes", "--skip-preview")
        for vm in vms():
            made.inside(vm, "cat > /bin/docker && chmod 755 /bin/docker", DOCKER.read_text(encoding="utf-8"))
        made.second = played.bring_up()
        yield made


def test_a_guest_without_docker_is_one_line_and_its_vm_stays(rack: Rack) -> None:
    assert rack.first.code != 0
    assert "guest Eterathiel: exit code 1: docker is not installed; nothing was done" in rack.first.text
    assert "Traceback" not in rack.first.text


def test_what_is_declared_runs_and_the_proxy_came_last(rack: Rack) -> None:
    assert rack.inside("Eterathiel", "docker service ls --format '{{.Name}} {{.Replicas}}'").split("\n") == [
        "ft_carolina 1/1",
        "ft_gillian 1/1",
    ]
    assert rack.inside("Acilamwen", "docker ps -aq") == "apache"
    order = [line for line in rack.second.out.splitlines() if "GuestFiles" in line and "created" in line]
    assert ["Eterathiel" in line for line in order] == [True, False]
    rack.stage.unchanged()


def test_the_password_is_in_dockers_secrets_and_nowhere_else(rack: Rack) -> None:
    assert rack.inside("Eterathiel", "cat /var/lib/fake-docker/secrets/*") == PASSWORD
    look = f"find /etc /run /tmp /var -type f -exec grep -lF '{PASSWORD}' {{}} + 2> /dev/null"
    found = rack.inside("Eterathiel", f"{look} | grep -v fake-docker/secrets/; exit 0")
    assert found == ""
    disks = (".qcow", ".qcow2", ".iso")
    files = [p for p in rack.stage.folder.rglob("*") if p.is_file() and p.suffix not in disks]
    assert files
    assert not [p for p in files if PASSWORD.encode() in p.read_bytes()]
    assert PASSWORD not in rack.first.text + rack.second.text


def test_what_was_done_by_hand_is_in_a_plain_preview_and_mended(rack: Rack) -> None:
    rack.inside("Acilamwen", "docker stop apache && docker run -d --name stranger busybox:9")
    rack.inside("Eterathiel", "docker service update --image firethorn/firethorn:0 ft_gillian")
    seen = rack.preview()

    assert "container apache of Acilamwen: status exited -> running" in seen
    assert (
        "service ft_gillian of Eterathiel: image firethorn/firethorn:0 -> firethorn/firethorn:2.1.36" in seen
    )
    assert "Acilamwen: container stranger is not declared (image busybox:9" in seen
    assert "service ft_carolina of" not in seen
    found = [f for f in audit(rack.stage)[1] if f["kind"].startswith("service-")]
    assert told(found) == [("service-wrong", "Acilamwen"), ("service-wrong", "Eterathiel")]
    assert told(found, "note") == [("service-undeclared", "Acilamwen")]

    (line,) = {f["mend"] for f in found if f["level"] == "fault"}
    well(rack.stage, line)
    rack.stage.unchanged()
    assert rack.inside("Acilamwen", "docker ps -aq").split() == ["apache", "stranger"]


def test_a_container_that_was_removed_or_replaced_is_seen_and_mended(rack: Rack) -> None:
    rack.inside(
        "Acilamwen",
        "docker rm -f apache && docker rm -f stranger && docker run -d --name apache firethorn/apache:latest",
    )
    seen = rack.preview()
    assert "container apache of Acilamwen: settings changed by hand -> " in seen
    assert "container stranger" not in seen
    rack.inside("Acilamwen", "docker rm -f apache")
    assert "container apache of Acilamwen is brought up" in rack.preview()

    rack.stage.bring_up()
    rack.stage.unchanged()


def test_another_version_restarts_its_service_alone(rack: Rack) -> None:
    rack.inside("Eterathiel", "rm /var/lib/fake-docker/log")
    rack.stage.declare(vms=vms("2.1.37"))
    seen = rack.preview()
    assert (
        "service ft_gillian of Eterathiel: image firethorn/firethorn:2.1.36 -> firethorn/firethorn:2.1.37"
        in seen
    )
    assert "1 service restart: Eterathiel" in seen
    assert "service ft_carolina of" not in seen

    rack.stage.bring_up()
    deployed = [
        line
        for line in rack.inside("Eterathiel", "cat /var/lib/fake-docker/log").splitlines()
        if line.startswith("stack deploy")
    ]
    assert ["gillian.yaml" in line and "carolina.yaml" not in line for line in deployed] == [True]


def test_a_version_that_is_nowhere_leaves_the_former_one_running(rack: Rack) -> None:
    rack.stage.declare(vms=vms("0.alien"))
    done = rack.stage.on_stack("up", "--yes", "--skip-preview")

    assert done.code != 0
    assert "image firethorn/firethorn:0.alien is not there and can't be pulled" in done.text
    rack.stage.declare(vms=vms("2.1.37"))
    rack.stage.bring_up()
    rack.stage.unchanged()


def test_services_that_are_not_declared_any_more_go(rack: Rack) -> None:
    without = vms("2.1.37")
    del without["Acilamwen"]["services"]
    rack.stage.declare(vms=without)
    rack.stage.bring_up()

    assert rack.inside("Acilamwen", "docker ps -aq") == ""
    assert rack.inside("Acilamwen", "ls /etc/trop 2> /dev/null; exit 0") == ""
