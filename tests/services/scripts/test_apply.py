"""What `apply`, `read` and `remove` do to a fake Docker: run by the shells that guests have."""

from __future__ import annotations

import pytest

from components.services import files
from config.plan_services import PlannedRecipe
from config.recipe import FamilyRecipe, HostUser
from tests import needs
from tests.services.machine import Machine, planned
from tests.services.scripts.declared import PROXY, changing, done, proxy, refused, stack, stack_of, state

BASICS = (
    *("awk", "busybox", "cat", "cut", "grep", "ln", "mkdir", "readlink"),
    *("rm", "sed", "sleep", "sort", "tail", "tr"),
)


def test_what_was_applied_reads_as_it_is_declared(machine: Machine) -> None:
    both = planned({**PROXY, "stack": stack_of("ft", {"gillian": {"image": "firethorn:1", "replicas": 2}})})
    done(machine, both)

    assert state(machine) == files.state(both)
    assert machine.read()["notes"] == []


def test_to_apply_again_changes_nothing(machine: Machine) -> None:
    for services in (proxy(), stack()):
        done(machine, services)
        machine.log()
        done(machine, services)

        assert changing(machine) == []


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
    nothing = {"state": {}, "remarks": [], "fixed": {}, "keeps": {}}
    assert one.read() == {**nothing, "notes": ["docker is not installed"]}


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
