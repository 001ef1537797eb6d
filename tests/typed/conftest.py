"""A clone whose stack is there, copied for each test: to make a stack costs half a second for its passphrase."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli.lab.host import plan_of
from config.plan import Plan
from tests.typed.clone import DEBIANS, Clone


@pytest.fixture(scope="session")
def plan() -> Plan:
    return plan_of("trop02")


@pytest.fixture(scope="session")
def first(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """As it is after `git clone`, on a host with Debian's own network."""
    made = Clone(tmp_path_factory.mktemp("clone"))
    made.make(plan, DEBIANS)
    return made


@pytest.fixture(scope="session")
def begun(first: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Its stack is made, and empty."""
    made = copied(first, tmp_path_factory.mktemp("begun"))
    made.well("./trop stack init trop02")
    return made


@pytest.fixture
def new(first: Clone, tmp_path: Path) -> Clone:
    return copied(first, tmp_path / "desk")


@pytest.fixture
def clone(begun: Clone, tmp_path: Path) -> Clone:
    return copied(begun, tmp_path / "desk")


def copied(other: Clone, folder: Path) -> Clone:
    """With a host of its own; what is in its state was taken over from none."""
    shutil.copytree(other.folder, folder, dirs_exist_ok=True)
    made = Clone(folder)
    made.lead_to_own_host()
    return made
