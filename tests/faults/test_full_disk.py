"""A disk that is full when the state is written: said in a line, nothing lost, and the next `up` goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from cli import ROOT
from tests.faults.page import assert_is_on_the_page

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a disk of its own is mounted, which needs root")
FREE = ("4096", "0", "12", "24", "36")  # KiB; a page is 4


@pytest.fixture(scope="module")
def played() -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.full_disk", *FREE], cwd=ROOT, capture_output=True, text=True,
        check=False, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    told: list[dict[str, Any]] = json.loads(done.stdout)
    return told


def test_a_full_disk_is_said_in_one_line_and_the_state_on_it_stays_whole(
    played: list[dict[str, Any]],
) -> None:
    roomy, *tight = played
    assert roomy["first"][0] == 0
    ended = [each for each in tight if each["first"][0] != 0]
    written = [each for each in ended if "the state can't be written" in each["first"][1]]
    assert len(written) >= 2, [each["first"] for each in tight]
    for each in ended:
        code, text = each["first"]
        assert code == 1, text
        assert "No space left on device" in text, text
        assert "Traceback" not in text, text
        assert "a fault of this" not in text, text
        assert "engine failed" not in text, text
        assert each["damage"] == "", each
    for each in written:
        assert_is_on_the_page(each["first"][1])


def test_after_a_full_disk_the_next_up_ends_as_if_nothing_had_happened(played: list[dict[str, Any]]) -> None:
    roomy = played[0]
    for each in played:
        assert each["again"][0] == 0, each["again"][1]
        assert each["third"][0] == 0, each["third"][1]
        assert each["seen"] == roomy["seen"]
        assert each["left"] == []
