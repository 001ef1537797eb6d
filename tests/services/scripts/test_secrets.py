"""Secrets that get into Docker and nowhere else, and restart nothing but what has them."""

from __future__ import annotations

from pathlib import Path

from tests.services.machine import Machine
from tests.services.scripts.declared import changing, done, refused, stack


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
