"""What somebody else has made under a declared name: what of it a change would lose, and what can't be changed."""

from __future__ import annotations

from typing import Any

import pytest

from components.services import files
from tests.services.machine import NOTHING, Machine, planned
from tests.services.scripts.declared import changing, done, proxy, refused, stack

HAS = """\
has|service ft_carolina|volumes|pgdata:/var/lib/postgresql/data
has|service ft_carolina|environment|"POSTGRES_PASSWORD=s p|e=c"
has|service ft_carolina|ports|5432->5432/tcp
has|service ft_carolina|networks|back
"""
APACHE = """\
has|container /apache|volumes|pages:/pages
has|container /apache|environment|"PATH=/bin"
has|container /apache|ports|:80->80/tcp
has|container /apache|ports|invalid IP:443->443/tcp
has|container /apache|networks|web
made|container /apache|sha256:1
"""


def database(version: str = "16", external: bool = False, **more: Any) -> Any:
    member = {"image": "postgres", "volumes": ["pgdata:/var/lib/postgresql/data"], **more}
    declared = {
        "name": "ft",
        "services": {"carolina": member},
        **({"external": ["pgdata"]} if external else {}),
    }
    return planned({"wait": 60, "version": version, "stack": declared})


def by_hand(machine: Machine, stack_label: str = "ft") -> None:
    """ft_carolina, as somebody has made it."""
    machine.docker("swarm", "init", "--advertise-addr", "192.168.202.13")
    machine.docker("service", "create", "--name", "ft_carolina", "postgres:16")
    there = machine.root / "fake/services/ft_carolina"
    (there / "has").write_text(HAS)
    if stack_label:
        (there / "stack").write_text(f"{stack_label}\n")


@pytest.mark.reports("V1")
def test_what_a_service_that_was_made_by_hand_has_is_read_by_docker_s_own_names(machine: Machine) -> None:
    by_hand(machine)
    assert machine.read(NOTHING, database())["keeps"] == {
        "service ft_carolina": {
            "volumes": "pgdata:/var/lib/postgresql/data",
            "environment": "POSTGRES_PASSWORD",
            "ports": "5432->5432/tcp",
            "networks": "back",
        }
    }
    assert machine.read(NOTHING, proxy())["keeps"] == {}  # it is not declared: it is left alone


@pytest.mark.reports("V1")
def test_what_a_container_that_was_made_by_hand_has_is_read_but_for_what_its_image_gives_it(
    one: Machine,
) -> None:
    one.docker("run", "-d", "--name", "apache", "proxy:1")
    (one.root / "fake/containers/apache/has").write_text(APACHE)
    assert one.read(NOTHING, proxy())["keeps"] == {
        "container apache": {
            "volumes": "pages:/pages",
            "environment": "PATH",  # the stand-in tells nothing of images
            "ports": "0.0.0.0:80->80/tcp 0.0.0.0:443->443/tcp",
            "networks": "web",
        }
    }


@pytest.mark.reports("V1")
def test_what_is_declared_is_said_in_the_same_words() -> None:
    assert files.keeps(database())["service ft_carolina"] == {
        "volumes": "ft_pgdata:/var/lib/postgresql/data", "networks": "ft_default", "environment": "", "ports": "",
    }  # fmt: skip
    own = database(external=True, environment={"B": "1", "A": "2"}, ports=["5432->5432"])
    assert files.keeps(own)["service ft_carolina"] == {
        "volumes": "pgdata:/var/lib/postgresql/data", "networks": "ft_default", "environment": "A B",
        "ports": "5432->5432/tcp",
    }  # fmt: skip
    apache = proxy(volumes=["pages:/pages:ro", "/srv:/srv"], ports=["80->80"])
    assert files.keeps(apache)["container apache"] == {
        "volumes": "pages:/pages /srv:/srv", "networks": "bridge", "environment": "", "ports": "0.0.0.0:80->80/tcp",
    }  # fmt: skip


@pytest.mark.reports("V1")
def test_what_this_program_has_made_loses_what_is_not_declared_any_more(one: Machine) -> None:
    done(one, stack())
    (one.root / "fake/services/ft_carolina/has").write_text(HAS)
    assert one.read(NOTHING, stack())["keeps"] == {}


@pytest.mark.reports("V2")
def test_a_service_of_no_stack_is_read_as_one_and_not_changed(machine: Machine) -> None:
    by_hand(machine, "")
    label = "com.docker.stack.namespace=ft"
    read = machine.read(NOTHING, database())
    assert read["state"]["service ft_carolina"] == {"image": "postgres:16", "settings": "", "replicas": "1/1"}
    assert label in read["fixed"]["service ft_carolina"]
    done(machine, database())  # nothing is to be changed
    machine.log()
    said = refused(machine, database("17"))
    assert (
        f"it has no label {label}; to make it one: docker service update --label-add {label} ft_carolina"
        in said
    )
    assert said.endswith("nothing was stopped")
    assert changing(machine) == []
    machine.docker(*said.partition("to make it one: docker ")[2].partition(";")[0].split())
    assert machine.read(NOTHING, database())["fixed"] == {}
    done(machine, database("17"))
    assert machine.read(NOTHING, database("17"))["state"] == files.state(database("17"))


@pytest.mark.reports("V2")
def test_a_service_of_another_stack_is_not_taken_for_ones_own(one: Machine) -> None:
    by_hand(one, "other")
    assert one.read(NOTHING, database())["fixed"].keys() == {"service ft_carolina"}
    assert "is no service of stack ft" in refused(one, stack())


@pytest.mark.reports("V3")
def test_another_client_s_words_for_a_service_are_no_change(machine: Machine) -> None:
    done(machine, stack())
    (machine.root / "fake/more").write_text(', "NoNewPrivileges": false')
    assert machine.read()["state"] == files.state(stack())
    machine.log()
    done(machine, stack())
    assert changing(machine) == []


@pytest.mark.reports("V3")
def test_what_is_done_to_what_nobody_declares_is_no_change_and_what_is_declared_is(one: Machine) -> None:
    done(one, stack())
    one.docker("service", "update", "--limit-memory", "1g", "ft_gillian")
    assert one.read()["state"] == files.state(stack())
    one.docker("service", "update", "--env-add", "A=b", "ft_gillian")
    assert one.read()["state"]["service ft_gillian"]["settings"] == "changed by hand"


@pytest.mark.reports("V3")
def test_what_a_former_release_has_noted_is_known(one: Machine) -> None:
    done(one, stack())
    known, wanted = one.root / "kept/known", files.state(stack())
    lines = [
        f"service {name} {one.formerly(name)} {wanted[f'service {name}']['settings']}\n"
        for name in ("ft_carolina", "ft_gillian")
    ]
    known.write_text("".join(lines))
    assert one.read()["state"] == wanted
    one.log()
    done(one, stack())
    assert changing(one) == []
    assert all(len(line.split()) == 5 for line in known.read_text().splitlines())
    assert one.read()["state"] == wanted


@pytest.mark.reports("V5")
def test_a_log_without_an_end_is_told_and_left_until_the_next_change(machine: Machine) -> None:
    machine.docker("run", "-d", "--name", "apache", "proxy:1")
    machine.docker("run", "-d", "--name", "other", "proxy:1")
    told = "the log of container apache has no end: whatever is done to it next gives it one"
    assert machine.read(NOTHING, proxy())["remarks"] == [told]
    done(machine, proxy())
    assert machine.read(NOTHING, proxy())["remarks"] == [told]
    done(machine, proxy(image="proxy:2"))
    assert machine.read(NOTHING, proxy())["remarks"] == []
