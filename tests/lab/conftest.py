"""Where no lab can be had, its tests are skipped with the reason."""

import functools

import pytest

from cli import packages
from cli.namespaces import why_not


@functools.cache
def reason() -> str:
    try:
        missing = packages.missing(packages.LAB)
    except packages.PackagesError as error:
        return str(error)
    return why_not() or (f"missing: {' '.join(missing)}" if missing else "")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("lab") and reason():
        pytest.skip(f"no lab can be had here: {reason()}")
