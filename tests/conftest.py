"""Property tests: the same cases in every ordinary run, so that only a change can break one; new ones in the soak."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from hypothesis import settings

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


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What the crash tests, the random lives and the fuzzing have counted is shown also where they pass."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    for name, value in (told for report in reports for told in report.user_properties):
        if name in ("crash", "lives", "fuzz"):
            terminalreporter.write_line(str(value))
