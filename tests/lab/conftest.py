"""Where no lab can be had, its tests are skipped with the reason."""

import functools
from collections.abc import Iterator

import pytest

import config
from cli import ROOT
from cli.lab.host import host_facts
from config.read import stack_file
from lab import packages
from lab.facts import HostFacts, LabError
from lab.hypervisor import Lab
from lab.possible import why_not
from tests.lab.stage import short_folder


@functools.cache
def reason() -> str:
    try:
        missing = packages.missing_for_lab()
    except LabError as error:
        return str(error)
    return why_not() or (f"missing: {' '.join(missing)}" if missing else "")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("lab") and reason():
        pytest.skip(f"no lab can be had here: {reason()}")


@pytest.fixture(scope="session")
def facts() -> HostFacts:
    """What the repository declares of trop02's own bridges and files."""
    name = "Pulumi.trop02.yaml"
    return host_facts(config.load("trop02", stack_file(ROOT / name), ROOT, name))


@pytest.fixture(scope="session")
def lab(facts: HostFacts) -> Iterator[Lab]:
    """A lab that is up, in a folder of its own; what a test defines in it, it removes."""
    with short_folder() as folder:
        made = Lab("trop02", facts, root=folder)
        try:
            made.up()
            yield made
        finally:
            made.down(purge=True)
