"""What is put into a guest for its services, with a real Docker engine: a fake one knows only what we thought of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import ROOT
from components.services import files
from lab.possible import why_not
from tests.services import page
from tests.services.engine import Engine, engine
from tests.services.machine import NOTHING, planned
from tests.services.stand_ins import NEW, OLD

pytestmark = [pytest.mark.services, pytest.mark.soak]

PASSWORDS = {secret: f"of-{name}" for name, secret in page.SECRETS.items()}
SERVICES = "docker service ls --format '{{.Name}} {{.Image}} {{.Replicas}}' | sort"


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine on which nothing runs."""
    reason = why_not()
    if reason or not shutil.which("apt-get"):
        pytest.skip(f"no engine can be had here: {reason or 'no apt-get'}")
    with engine(tmp_path_factory.mktemp("engine"), Path("/var/cache/trop-lab")) as made:
        made.secrets = dict(PASSWORDS)
        yield made


def services(version: str) -> Any:
    declared = {**page.stack(version), "wait": 240, "containers": {"apache": page.PROXY}}
    return planned(declared, dict.fromkeys(PASSWORDS, True))


def differs(docker: Engine, version: str) -> dict[str, tuple[Any, Any]]:
    """What is otherwise than declared, and what nobody declared: as it is, and as it is to be."""
    there, wanted = docker.read()["state"], files.state(services(version))
    return {
        name: (there.get(name), wanted.get(name))
        for name in {*there, *wanted}
        if there.get(name) != wanted.get(name)
    }


def apply(docker: Engine, version: str) -> subprocess.CompletedProcess[str]:
    done = docker.apply(services(version))
    assert done.returncode == 0, done.stderr
    return done


def running(version: str) -> list[str]:
    return sorted(f"ft_{name} firethorn/{image}:{version} 1/1" for name, image in page.SERVED.items())


def identities(docker: Engine) -> str:
    """By which it is seen whether anything was made anew, or changed."""
    return docker.shell_line(
        "docker inspect -f '{{.ID}} {{.State.StartedAt}}' apache;"
        "docker service inspect -f '{{.ID}} {{.Version.Index}}' $(docker service ls -q)"
    )


def test_all_that_is_declared_runs_with_its_secrets_and_reads_as_declared(docker: Engine) -> None:
    assert apply(docker, OLD).stdout == ""
    assert docker.shell_line(SERVICES).splitlines() == running(OLD)
    assert differs(docker, OLD) == {}
    for name, secret in page.SECRETS.items():
        container = docker.docker("ps", "-q", "-f", f"name=ft_{name}")
        assert docker.docker("exec", container, "cat", f"/run/secrets/{secret}") == PASSWORDS[secret]
        asked = f"echo {PASSWORDS[secret]} | docker exec -i {container} nc 127.0.0.1 5432"
        assert docker.shell_line(asked) == f"postgres {OLD}"


def test_applied_again_it_changes_nothing(docker: Engine) -> None:
    before = identities(docker)
    apply(docker, OLD)
    assert identities(docker) == before


def test_what_was_done_by_hand_is_read_and_mended_and_what_was_added_is_left(docker: Engine) -> None:
    docker.docker("kill", "apache")
    docker.docker("run", "-d", "--name", "stray", f"firethorn/firethorn-py:{OLD}")
    docker.docker("service", "scale", "-d", "ft_jarmila=0")
    docker.docker("service", "rm", "ft_bethany")
    other = ["--no-resolve-image", "--image", f"firethorn/ogsadai:{NEW}"]
    docker.docker("service", "update", "-d", *other, "ft_gillian")
    seen = differs(docker, OLD)
    assert seen.keys() == {
        "container apache",
        "container stray",
        "service ft_bethany",
        "service ft_gillian",
        "service ft_jarmila",
    }
    assert seen["container apache"][0]["status"] == "exited"
    assert seen["service ft_bethany"][0] is None
    assert seen["service ft_gillian"][0]["image"] == f"firethorn/ogsadai:{NEW}"
    apply(docker, OLD)
    assert differs(docker, OLD).keys() == {"container stray"}
    assert docker.docker("inspect", "-f", "{{.State.Status}}", "stray") == "running"
    docker.docker("rm", "-f", "apache", "stray")
    docker.docker("run", "-d", "--name", "apache", f"firethorn/firethorn-py:{OLD}")
    assert differs(docker, OLD)["container apache"][0]["image"] == f"firethorn/firethorn-py:{OLD}"
    apply(docker, OLD)
    assert differs(docker, OLD) == {}


def test_another_version_replaces_the_services_and_touches_nothing_else(docker: Engine) -> None:
    proxy = docker.docker("inspect", "-f", "{{.ID}}", "apache")
    assert len(differs(docker, NEW)) == len(page.SERVED)
    apply(docker, NEW)
    assert docker.shell_line(SERVICES).splitlines() == running(NEW)
    assert differs(docker, NEW) == {}
    assert docker.docker("inspect", "-f", "{{.ID}}", "apache") == proxy


DATA = "/data"
# What a service of the stack is given by its compose file: all else a client prints unasked.
GIVEN = ("Image", "Labels", "Mounts", "Secrets", "Env", "Args", "Command", "Healthcheck", "TTY")


def database(version: str, **more: Any) -> Any:
    member = {"image": "firethorn/firethorn-py", "volumes": [f"pgdata:{DATA}"]}
    declared = {
        "wait": 240,
        "version": version,
        "stack": {"name": "db", "services": {"carolina": member}, **more},
    }
    return planned(declared)


def in_it(docker: Engine, line: str) -> str:
    container = docker.docker("ps", "-q", "-f", "name=db_carolina", "-f", "status=running").split()[0]
    return docker.docker("exec", container, "sh", "-c", line)


@pytest.mark.reports("V1", "V2", "V3")
def test_a_database_that_was_made_by_hand_keeps_its_data_through_its_next_version(docker: Engine) -> None:
    mount = f"type=volume,source=pgdata,target={DATA}"
    docker.docker("service", "create", "-d", "--name", "db_carolina", "--no-resolve-image", "--env", "OWN=1",
                  "--mount", mount, f"firethorn/firethorn-py:{OLD}")  # fmt: skip
    wait = "until docker ps -q -f name=db_carolina -f status=running | grep -q .; do sleep 1; done"
    docker.shell_line(f"timeout 60 sh -c '{wait}'")
    in_it(docker, f"echo kept > {DATA}/file")

    plain, own = database(NEW), database(NEW, external=["pgdata"])
    read = docker.read(NOTHING, plain)
    label = "com.docker.stack.namespace=db"
    assert label in read["fixed"]["service db_carolina"]
    assert read["keeps"]["service db_carolina"]["volumes"] == f"pgdata:{DATA}"
    assert read["keeps"]["service db_carolina"]["environment"] == "OWN"
    assert files.keeps(plain)["service db_carolina"]["volumes"] == f"db_pgdata:{DATA}"
    refused = docker.apply(own)
    assert refused.returncode == 1
    assert label in refused.stderr
    assert docker.shell_line("docker network ls -q -f name=db_default") == ""
    docker.shell_line(refused.stderr.partition("to make it one: ")[2].partition(";")[0])
    assert docker.read(NOTHING, own)["fixed"] == {}

    done = docker.apply(own)
    assert done.returncode == 0, done.stderr
    assert (
        docker.read(NOTHING, own)["state"]["service db_carolina"] == files.state(own)["service db_carolina"]
    )
    assert docker.read(NOTHING, own)["keeps"] == {}
    assert in_it(docker, f"cat {DATA}/file") == "kept"
    assert docker.docker("volume", "ls", "-q") == "pgdata"
    docker.docker("service", "update", "-d", "--limit-memory", "64M", "db_carolina")
    assert (
        docker.read(NOTHING, own)["state"]["service db_carolina"] == files.state(own)["service db_carolina"]
    )
    docker.docker("stack", "rm", "db")


@pytest.mark.reports("V1", "V5")
def test_of_a_container_that_was_made_by_hand_all_that_a_new_one_had_not_is_read(docker: Engine) -> None:
    image = f"firethorn/firethorn-py:{OLD}"
    docker.docker("network", "create", "web")
    docker.docker("run", "-d", "--name", "single", "--network", "web", "-v", "pages:/pages", "-e", "OWN=1",
                  "-p", "8099:80", image)  # fmt: skip
    declared = planned({"wait": 60, "containers": {"single": {"image": image}}})
    read = docker.read(NOTHING, declared)
    assert read["keeps"] == {
        "container single": {
            "volumes": "pages:/pages", "environment": "OWN", "ports": "0.0.0.0:8099->80/tcp", "networks": "web",
        }
    }  # fmt: skip
    assert read["remarks"] == [
        "the log of container single has no end: whatever is done to it next gives it one"
    ]
    docker.docker("rm", "-f", "single")
    docker.docker("network", "rm", "web")


def row(docker: Engine) -> str:
    """What this engine and its client say, as docs/versions.md has it: versions, names, what is printed unasked."""
    told = "{{.Server.Version}} | {{.Server.APIVersion}}, {{.Server.MinAPIVersion}}"
    server = docker.docker("version", "--format", told)
    printed = json.loads(
        docker.docker("service", "inspect", "--format", "{{json .Spec.TaskTemplate}}", "seen_one")
    )
    container = {key: value for key, value in printed["ContainerSpec"].items() if key not in GIVEN}
    volumes = docker.docker("volume", "ls", "--format", "{{.Name}}").split()
    networks = docker.docker("network", "ls", "--format", "{{.Name}}").split()
    names = [name for name in (*volumes, *networks) if "seen" in name or name in ("plain", "beside")]
    unasked = json.dumps(container, separators=(",", ":"), sort_keys=True)
    return f"| {server} | {' '.join(sorted(names))} | `{unasked}` |"


def test_what_this_docker_names_and_prints_is_what_the_page_says(docker: Engine) -> None:
    """One volume by the stack, one that is external, one of a single container."""
    member = {"image": "firethorn/firethorn-py", "volumes": ["own:/a", "beside:/b"]}
    stack = {"name": "seen", "external": ["beside"], "services": {"one": member}}
    declared = {"wait": 240, "version": OLD, "stack": stack}
    single = {"single": {"image": f"firethorn/firethorn-py:{OLD}", "volumes": ["plain:/a"]}}
    done = docker.apply(planned({**declared, "containers": single}))
    assert done.returncode == 0, done.stderr
    found = row(docker)
    docker.docker("stack", "rm", "seen")
    docker.docker("rm", "-f", "single")
    assert found in (ROOT / "docs/versions.md").read_text(encoding="utf-8").splitlines(), found


def test_what_was_taken_away_leaves_nothing_declared_behind(docker: Engine) -> None:
    docker.remove()
    assert docker.shell_line(SERVICES) == ""
    assert docker.docker("ps", "-q", "-f", "name=apache") == ""
