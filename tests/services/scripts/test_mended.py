"""Containers and services that somebody has changed: read as they are, and mended by `apply`."""

from __future__ import annotations

from typing import Any

import pytest

from components.services import files
from tests.services.machine import Machine
from tests.services.scripts.declared import changing, done, proxy, stack, state


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
