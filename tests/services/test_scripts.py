"""What `apply`, `read` and `remove` do to a fake Docker: run by the shells that guests have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.services import files
from config.plan_services import PlannedRecipe
from config.recipe import FamilyRecipe, HostUser
from tests import needs
from tests.services.machine import Machine, planned

SHELLS = (("dash",), ("busybox", "sh"), ("bash",))
BASICS = (
    *("awk", "busybox", "cat", "cut", "grep", "ln", "mkdir", "readlink"),
    *("rm", "sed", "sleep", "sort", "tail", "tr"),
)
PROXY = {"wait": 60, "containers": {"apache": {"image": "proxy:1", "ports": ["0.0.0.0:80->80/tcp"]}}}


def proxy(image: str = "proxy:1", **more: Any) -> Any:
    return planned({"wait": 60, "containers": {"apache": {"image": image, **more}}})


def stack(version: str = "1", secret: bool = False, wait: int = 60, **images: str) -> Any:
    """Two services; ``images`` by name in the place of one of them."""
    members: dict[str, Any] = {
        "carolina": {"image": "postgres", "volumes": ["data:/data"]},
        "gillian": {"image": "firethorn"},
    }
    for name, image in images.items():
        members[name]["image"] = image
    if secret:
        members["carolina"]["secrets"] = ["password"]
    services = {"wait": wait, "version": version, "stack": {"name": "ft", "services": members}}
    return planned(services, {"password": True})


@pytest.fixture(params=SHELLS, ids=lambda shell: shell[0])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    needs.tool(request.param[0])
    return Machine(tmp_path, request.param)


@pytest.fixture
def one(tmp_path: Path) -> Machine:
    """With the shell of the lab's guests."""
    needs.tool("busybox")
    return Machine(tmp_path, ("busybox", "sh"))


def done(machine: Machine, services: Any) -> None:
    ran = machine.apply(services)
    assert (ran.returncode, ran.stderr) == (0, "")


def refused(machine: Machine, services: Any) -> str:
    ran = machine.apply(services)
    assert ran.returncode == 1
    return ran.stderr.strip()


def state(machine: Machine) -> Any:
    return machine.read()["state"]


def test_what_was_applied_reads_as_it_is_declared(machine: Machine) -> None:
    both = planned({**PROXY, "stack": stack_of("ft", {"gillian": {"image": "firethorn:1", "replicas": 2}})})
    done(machine, both)

    assert state(machine) == files.state(both)
    assert machine.read()["notes"] == []


def stack_of(name: str, services: Any) -> Any:
    return {"name": name, "services": services}


def test_to_apply_again_changes_nothing(machine: Machine) -> None:
    for services in (proxy(), stack()):
        done(machine, services)
        machine.log()
        done(machine, services)

        assert changing(machine) == []


def changing(machine: Machine) -> list[str]:
    """Of the command lines since the last time, those that change anything."""
    harmless = ("info", "image inspect", "inspect", "service inspect", "service ls", "node ls", "secret ls")
    return [line for line in machine.log() if not line.startswith((*harmless, "secret inspect"))]


def test_docker_is_asked_as_often_about_many_services_as_about_one(one: Machine) -> None:
    """Each question takes a second or two on a busy machine."""
    asked = []
    for names in (["gillian"], ["bethany", "carolina", "firethorn-py", "gillian", "jarmila"]):
        declared = stack_of("ft", {name: {"image": "firethorn:1"} for name in names})
        services = planned({"wait": 60, "stack": declared})
        done(one, services)
        one.log()
        done(one, services)
        asked.append(len(one.log()))

    assert asked[0] == asked[1]


def test_only_the_service_that_changed_is_deployed(one: Machine) -> None:
    done(one, stack())
    one.log()
    done(one, stack(gillian="firethorn:2"))
    deployed = [line for line in changing(one) if line.startswith("stack deploy")]

    assert len(deployed) == 1
    assert "gillian.yaml" in deployed[0]
    assert "carolina.yaml" not in deployed[0]


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        ("stop apache", {"status": "exited"}),
        ("rm -f apache", None),
    ],
)
def test_what_was_done_to_a_container_by_hand_is_read_and_mended(one: Machine, words: str, seen: Any) -> None:
    done(one, proxy())
    one.docker(*words.split())
    read = state(one).get("container apache")
    assert read == (seen and {**files.state(proxy())["container apache"], **seen})

    done(one, proxy())
    assert state(one) == files.state(proxy())


def test_a_stopped_container_is_started_and_not_made_anew(one: Machine) -> None:
    done(one, proxy())
    one.docker("stop", "apache")
    one.log()
    done(one, proxy())

    assert changing(one) == ["start apache"]


@pytest.mark.parametrize("image", ["proxy:1", "other:7"])
def test_a_container_replaced_by_hand_is_read_and_mended(one: Machine, image: str) -> None:
    done(one, proxy())
    one.docker("rm", "-f", "apache")
    one.docker("run", "-d", "--name", "apache", image)
    assert state(one)["container apache"] == {
        "image": image,
        "settings": "changed by hand",
        "status": "running",
    }

    done(one, proxy())
    assert state(one) == files.state(proxy())


@pytest.mark.parametrize(
    ("words", "field", "seen"),
    [
        ("service update --image other:3 ft_gillian", "image", "other:3"),
        ("service scale ft_gillian=0", "replicas", "0/0"),
        ("service rm ft_gillian", None, None),
    ],
)
def test_what_was_done_to_a_service_by_hand_is_read_and_mended(
    one: Machine, words: str, field: str | None, seen: Any
) -> None:
    done(one, stack())
    one.docker(*words.split())
    read = state(one).get("service ft_gillian")
    assert (read[field] if field else read) == seen

    done(one, stack())
    assert state(one) == files.state(stack())


def test_what_nobody_declared_is_read_and_left_alone(one: Machine) -> None:
    done(one, proxy())
    one.docker("run", "-d", "--name", "stranger", "busybox:9")
    done(one, proxy())

    assert state(one)["container stranger"]["image"] == "busybox:9"


def test_what_ran_before_the_first_time_is_taken_as_it_is(one: Machine) -> None:
    one.docker("run", "-d", "--name", "apache", "proxy:1")
    assert state(one)["container apache"]["settings"] == ""
    one.log()
    done(one, proxy())

    assert changing(one) == []
    assert state(one) == files.state(proxy())


def test_another_definition_replaces_what_ran_before_the_first_time(one: Machine) -> None:
    one.docker("run", "-d", "--name", "apache", "proxy:1")
    done(one, proxy())
    done(one, proxy(environment={"A": "b"}))

    assert state(one) == files.state(proxy(environment={"A": "b"}))


def test_an_image_that_is_nowhere_stops_nothing(one: Machine) -> None:
    done(one, proxy())
    one.log()
    said = refused(one, proxy("alien:2"))

    assert said.startswith("image alien:2 is not there and can't be pulled: ")
    assert said.endswith("nothing was stopped")
    assert changing(one) == ["pull alien:2"]


@pytest.mark.parametrize("image", ["broken:2", "sick:2"])
def test_a_container_that_does_not_come_up_leaves_the_former_one_running(one: Machine, image: str) -> None:
    done(one, proxy())
    before = one.docker("inspect", "--type", "container", "--format", "{{.ID}}", "apache")
    said = refused(one, proxy(image))

    assert "container apache does not come up: it says why" in said
    assert said.endswith("the former one was put back")
    assert one.docker("inspect", "--type", "container", "--format", "{{.ID}}", "apache") == before
    assert state(one) == files.state(proxy())


def test_a_service_that_does_not_come_up_goes_back_to_the_former_one(one: Machine) -> None:
    done(one, stack())
    said = refused(one, stack(gillian="broken:2"))

    assert said.startswith("service ft_gillian does not come up: ")
    assert said.endswith("it went back to the former one")
    assert state(one) == files.state(stack())
    done(one, stack())


def test_a_service_that_is_still_starting_is_waited_for(one: Machine) -> None:
    done(one, stack())
    (one.root / "fake/services/ft_gillian/running").write_text("0\n")

    assert "service ft_gillian is not healthy in 2 s: " in refused(one, stack(wait=2))


def test_a_new_service_that_is_not_healthy_in_time_is_told(one: Machine) -> None:
    assert "service ft_gillian is not healthy in 2 s: " in refused(one, stack(gillian="broken:2", wait=2))


def test_a_run_that_was_cut_off_between_two_containers_is_mended(one: Machine) -> None:
    done(one, proxy())
    one.docker("rename", "apache", "apache.former")
    one.docker("stop", "apache.former")
    done(one, proxy())

    assert state(one) == files.state(proxy())


def test_what_is_not_declared_any_more_goes(one: Machine) -> None:
    both = {"apache": {"image": "proxy:1"}, "second": {"image": "proxy:1"}}
    done(one, planned({"wait": 60, "containers": both}))
    done(one, proxy())

    assert list(state(one)) == ["container apache"]


def test_remove_takes_away_what_was_brought_up_and_nothing_else(one: Machine) -> None:
    done(one, planned({**PROXY, "stack": stack_of("ft", {"gillian": {"image": "firethorn:1"}})}))
    one.docker("run", "-d", "--name", "stranger", "busybox:9")
    one.remove()

    assert list(state(one)) == ["container stranger"]


def test_a_secret_gets_into_docker_and_nowhere_else(one: Machine) -> None:
    one.secrets = {"password": "correct horse"}
    done(one, stack(secret=True))
    (stored,) = (one.root / "fake/secrets").iterdir()

    assert stored.read_text() == "correct horse"
    assert stored.name.startswith("password.")
    left = [p for p in one.root.rglob("*") if p.is_file() and p.parent.name not in ("given", "secrets")]
    assert left
    assert all(b"correct horse" not in p.read_bytes() for p in left)


def test_another_value_of_a_secret_is_another_secret_and_restarts_its_service_alone(one: Machine) -> None:
    one.secrets = {"password": "correct horse"}
    done(one, stack(secret=True))
    one.log()
    one.secrets = {"password": "battery staple"}
    done(one, stack(secret=True))
    deployed = [line for line in changing(one) if line.startswith("stack deploy")]

    assert ["carolina.yaml" in line and "gillian.yaml" not in line for line in deployed] == [True]
    assert [p.read_text() for p in (one.root / "fake/secrets").iterdir()] == ["battery staple"]


def test_two_machines_call_the_same_secret_differently(tmp_path: Path) -> None:
    names = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        machine = Machine(tmp_path / name)
        machine.secrets = {"password": "correct horse"}
        done(machine, stack(secret=True))
        names |= {p.name for p in (machine.root / "fake/secrets").iterdir()}

    assert len(names) == 2


def test_a_secret_that_is_not_given_stops_nothing(one: Machine) -> None:
    assert refused(one, stack(secret=True)) == "secret password is not given; nothing was stopped"


def without(monkeypatch: pytest.MonkeyPatch, machine: Machine, command: str) -> None:
    """A PATH on which there is all that the scripts use but this."""
    folder = machine.root / "bin"
    folder.mkdir()
    monkeypatch.setattr("tests.services.machine.DOCKER", folder / "docker")
    for name in BASICS:
        (folder / name).symlink_to(needs.tool(name))
    monkeypatch.setenv("PATH", str(folder))


def test_a_machine_without_docker_is_told(one: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, one, "docker")

    assert refused(one, proxy()) == "docker is not installed; nothing was done"
    assert one.read() == {"state": {}, "notes": ["docker is not installed"]}


@pytest.mark.parametrize(
    ("holder", "wait", "said"),
    [("2147483647", 60, ""), ("1", 1, "another run of this has not ended in 1 s")],
)
def test_one_run_at_a_time_but_for_one_that_was_killed(
    one: Machine, holder: str, wait: int, said: str
) -> None:
    (one.root / "lock").write_text(holder)
    ran = one.apply(planned({"wait": wait, "containers": {"apache": {"image": "proxy:1"}}}))

    assert said in ran.stderr
    assert bool(ran.returncode) == bool(said)
    assert (one.root / "lock").exists() == bool(said)


def test_what_is_missing_of_the_recipe_is_a_note(one: Machine) -> None:
    users = {"root": HostUser(), "nobody-knows": HostUser()}
    recipe = PlannedRecipe(
        family="debian",
        timezone="Antarctica/Troll",
        users=users,
        software=FamilyRecipe(packages=("bash", "no-such-package")),
    )

    assert one.read(recipe)["notes"] == [
        "missing packages: no-such-package",
        "missing users: nobody-knows",
        "the time zone is not Antarctica/Troll",
    ]
