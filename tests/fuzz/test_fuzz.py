"""Spoiled inputs end well: the same cases in every ordinary run, a million of a new seed in the soak."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from engine import app
from tests.fuzz import loop, of_words, targets
from tests.fuzz.desk import Desk
from tests.fuzz.loop import Target

SHARE = 36  # of the million's cases, one in so many belongs to every run: within a minute of one core
BY_NAME = {target.name: (target, cases) for target, cases in targets.ALL}
Tell = Callable[[str, object], None]

pytestmark = pytest.mark.fuzz


@pytest.fixture(autouse=True)
def kept_cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails is written into the test's own folder, unless somebody named another."""
    if "TROP_FUZZ_DIR" not in os.environ:
        monkeypatch.setenv("TROP_FUZZ_DIR", str(tmp_path))


@pytest.mark.parametrize("name", BY_NAME)
def test_no_spoiled_input_ends_in_anything_but_success_or_its_own_error(
    name: str, record_property: Tell
) -> None:
    target, cases = BY_NAME[name]
    assert play(target, 20260101, cases // SHARE, record_property).faults == {}


@pytest.mark.soak
@pytest.mark.parametrize("name", BY_NAME)
def test_a_million_spoiled_inputs_end_so(name: str, record_property: Tell) -> None:
    target, cases = BY_NAME[name]
    seed = int(os.environ.get("TROP_FUZZ_SEED", 0)) or secrets.randbelow(2**31)
    assert play(target, seed, cases, record_property).faults == {}


def play(target: Target, seed: int, cases: int, tell: Tell) -> loop.Found:
    """The cases of a seed, counted in the terminal's summary."""
    began = time.process_time()
    found = loop.run(target, seed, cases)
    took = time.process_time() - began
    told = f"fuzz {target.name}: seed {seed}, {found.cases} cases, {found.refused} refused"
    tell("fuzz", f"{told}, {len(found.faults)} faults, {took:.0f} s of processor time")
    assert found.cases == cases >= 40
    return found


def test_it_is_a_million() -> None:
    assert sum(cases for _, cases in targets.ALL) >= 1_000_000


def test_a_case_is_the_same_in_every_run() -> None:
    for target, _ in targets.ALL:
        assert repr(loop.again(target, 1, 2)) == repr(loop.again(target, 1, 2))


def bad(feed: object) -> Target:
    return Target("bad", lambda rng: rng.random(), feed, (ValueError,))  # type: ignore[arg-type]


def test_the_loop_finds_what_is_not_allowed() -> None:
    def traceback(_: float) -> None:
        raise KeyError("x")

    def two_lines(_: float) -> None:
        raise ValueError("a\nb")

    def escapes(_: float) -> None:
        raise ValueError("\x1b[2J")

    for feed, kind in ((traceback, "KeyError"), (two_lines, "Undue 2 lines"), (escapes, "Undue '\\x1b'")):
        faults = loop.run(bad(feed), 1, 3).faults
        assert len(faults) == 1
        assert next(iter(faults)).startswith(kind)


def test_the_loop_finds_what_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SECONDS", 0.2)

    def forever(_: float) -> None:
        while True:
            pass

    assert next(iter(loop.run(bad(forever), 1, 1).faults)).startswith("Hang")


def test_a_failing_case_is_written_out_and_can_be_played_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TROP_FUZZ_DIR", str(tmp_path))
    target = Target("bytes", lambda rng: rng.randbytes(4), lambda data: {}[data], ())
    loop.run(target, 7, 2)
    (file,) = tmp_path.iterdir()
    assert file.name == "fuzz-bytes-7-0.json"
    assert loop.again(target, 7, 0) == Random("bytes/7/0").randbytes(4)


def test_a_command_line_that_is_fuzzed_changes_nothing_outside_of_its_folder(tmp_path: Path) -> None:
    out = tmp_path / "state.json"
    desk = Desk(tmp_path / "desk")
    code, _, err = desk.run(("stack", "export", "--file", str(out)), {})
    assert (code, err) == (1, f"error: could not write {out}: Permission denied\n")
    assert not out.exists()
    assert desk.run(("stack", "export", "--file", "state.json"), {})[0] == 0
    assert desk.run(("preview", "--refresh"), {})[0] == 0  # as far as the provider, and not a step further


def test_what_ends_badly_in_a_whole_command_line_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> int:
        raise KeyError("x")

    monkeypatch.setattr(app, "find", broken)
    with pytest.raises(loop.Undue, match="a fault of this engine: KeyError"):
        of_words.whole((("preview",), {}, b""))
