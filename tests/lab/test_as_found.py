"""`./trop lab up trop02 --as-found` makes a lab anew or not at all.  What it makes is looked at in test_adopt.py."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import ROOT
from tests.lab.lab_guest import wait_for
from tests.lab.stage import Stage, short_folder, started_by

pytestmark = [pytest.mark.lab, pytest.mark.adopt]

UP = ("lab", "up", "trop02", "--as-found")


@pytest.fixture
def place() -> Iterator[Stage]:
    with short_folder() as folder:
        yield Stage(folder, "trop02", "embedded")
        assert started_by(folder) == []


def test_a_lab_that_is_there_is_left_as_it_is_and_the_way_out_works(place: Stage) -> None:
    disk = place.lab.state / "live" / "Ulov.qcow"
    disk.parent.mkdir(parents=True)
    disk.touch()
    (place.lab.state / "lab.json").write_text("{}", encoding="utf-8")

    done = place.trop(*UP)

    assert done.code == 1
    assert done.err.startswith("error: --as-found makes a lab anew, and the lab trop02 is there already")
    assert disk.exists()
    way_out = done.err.strip().rpartition(": ./trop ")[2]
    assert place.trop(*way_out.split()).code == 0
    assert not place.lab.state.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("trop03",), "--as-found: it is known of trop02 alone how it was made by hand"),
        (("trop02", "--guest", "debian"), "--as-found: its guests are tiny ones, not debian"),
    ],
)
def test_what_nobody_has_found_so_is_refused_in_one_line(
    place: Stage, words: tuple[str, ...], said: str
) -> None:
    done = place.trop("lab", "up", *words, "--as-found")
    assert (done.code, done.out, done.err) == (1, "", f"error: {said}\n")
    assert not (place.folder / words[0]).exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ended_halfway_it_leaves_nothing(place: Stage, number: signal.Signals) -> None:
    up = subprocess.Popen(
        [sys.executable, "-P", "-m", "cli", *UP],
        cwd=ROOT, env=place.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    defined: Path = place.lab.state / "etc/qemu/Acilamwen.xml"
    wait_for(lambda: up.poll() is not None or defined.exists())
    up.send_signal(number)

    assert up.wait(60) == 130
    assert not place.lab.state.exists()
