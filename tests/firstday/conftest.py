"""The machine, the clone and the order: each test goes on from where the one before it left off."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import packages
from lab.machine.machine import MARK
from lab.packages import missing
from tests.firstday.desk import Desk
from tests.firstday.host import PACKAGES, Host

_WENT_WRONG = pytest.StashKey[str]()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if not MARK.exists():  # never on a machine whose libvirt is somebody's
        pytest.skip("this machine was not made for it: ./trop test --on debian13 -m firstday")
    if _WENT_WRONG in item.session.stash:
        pytest.skip(f"the day ended in {item.session.stash[_WENT_WRONG]}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Any:
    report = yield
    if report.failed:
        item.session.stash.setdefault(_WENT_WRONG, item.name)
    return report


@pytest.fixture(scope="package")
def host() -> Iterator[Host]:
    if lacking := missing(PACKAGES):
        packages.install(lacking, print)
    made = Host()
    made.make(Path(os.environ.get("TROP_LAB_CACHE", "/var/cache/trop-lab")))
    yield made
    made.end()


@pytest.fixture(scope="package")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """At which nothing of this program was ever typed."""
    folder = tmp_path_factory.mktemp("first day")
    home = folder / "home"
    home.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TERM") if name in os.environ}
    made = Desk(folder / "trop", kept | {"HOME": str(home), "NO_COLOR": "1"})
    made.clone()
    return made
