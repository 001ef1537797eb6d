"""Property tests: the same cases in every ordinary run, so that only a change can break one; new ones in the soak."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from hypothesis import settings

from tests import field_reports

settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.register_profile("soak", deadline=None, print_blob=True)


def pytest_configure(config: pytest.Config) -> None:
    # `./trop test` leaves the soak out by its marker
    ordinary = "not soak" in config.getoption("markexpr")
    settings.load_profile("same" if ordinary else "soak")
    if (
        signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    ):  # in the background: what the tests start would be deaf
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What a test of a field report is about goes into the report of the run, for the list of items."""
    for mark in item.iter_markers("reports"):
        item.user_properties += [("report", field_reports.told(key)) for key in mark.args]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What the crash tests, the random lives and the fuzzing have counted is shown also where they pass."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    for name, value in (told for report in reports for told in report.user_properties):
        if name in ("crash", "lives", "fuzz"):
            terminalreporter.write_line(str(value))
