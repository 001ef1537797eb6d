"""Containers and services that do not come up: the former one runs on, and it is told."""

from __future__ import annotations

import pytest

from components.services import files
from tests.services.machine import Machine
from tests.services.scripts.declared import changing, done, proxy, refused, stack, state


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
