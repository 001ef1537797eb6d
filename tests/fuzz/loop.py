"""The loop: spoil, feed, judge.  A case succeeds, or fails with its layer's own error in printable lines."""

from __future__ import annotations

import base64
import json
import os
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

# Of processor time that one case may take, on the slowest machine; a case takes some milliseconds.
SECONDS = 20
MANY = 400  # lines of a message that lists all that is wrong


class Hang(BaseException):
    """A case that does not end; no handler of the program's may swallow it."""


class Undue(AssertionError):
    """The error is of the right type, and its words are not for an operator."""


@dataclass(frozen=True)
class Target:
    """What is fed: ``make`` spoils one of the seeds, ``feed`` is given it, ``errors`` are the layer's own."""

    name: str
    make: Callable[[Random], Any]
    feed: Callable[[Any], object]
    errors: tuple[type[Exception], ...]
    lines: int = 1  # how many an error may have


@dataclass
class Found:
    """What a run of the loop came to.  ``faults``: one case for each kind of fault, and where it was written."""

    cases: int = 0
    refused: int = 0
    faults: dict[str, str] = field(default_factory=dict)


def run(target: Target, seed: int, cases: int) -> Found:
    """So many cases; the case N of a seed is the same in every run."""
    found = Found()
    before = signal.signal(signal.SIGVTALRM, _hang)
    try:
        for number in range(cases):
            case = target.make(Random(f"{target.name}/{seed}/{number}"))
            found.cases += 1
            signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
            try:
                found.refused += judge(target, case)
            except (Exception, Hang) as error:
                kind = _kind(error)
                if kind not in found.faults:
                    found.faults[kind] = _kept(target, seed, number, case, error)
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    finally:
        signal.signal(signal.SIGVTALRM, before)
    return found


def judge(target: Target, case: Any) -> bool:
    """Whether the case was refused; raises what must not happen."""
    try:
        target.feed(case)
    except target.errors as error:
        check_words(str(error), target.lines)
        return True
    return False


def check_words(said: str, lines: int = 1) -> None:
    """One line (or so many) that a terminal shows as it is."""
    shown = said.split("\n")
    if not said.strip() or len(shown) > lines:
        raise Undue(f"{len(shown)} lines")
    for line in shown:
        if not line.isprintable():
            odd = next(c for c in line if not c.isprintable())
            raise Undue(f"{odd!r} in the message")
        if len(line) > 2000:
            raise Undue("a line of more than 2,000 characters")
        if "Traceback" in line:
            raise Undue("a traceback")


def _hang(*_: object) -> None:
    raise Hang(f"more than {SECONDS} s of processor time")


def _kind(error: BaseException) -> str:
    """By which faults are told apart: the type, and the line of ours where it came from."""
    own = [f"{f.tb_frame.f_code.co_filename}:{f.tb_lineno}" for f in _frames(error)]
    place = next((p for p in reversed(own) if "/tests/" not in p and "/site-packages/" not in p), "")
    said = str(error) if isinstance(error, Undue) else ""
    return f"{type(error).__name__} {said} {Path(place).name}".strip()


def _frames(error: BaseException) -> list[Any]:
    frames, at = [], error.__traceback__
    while at is not None:
        frames.append(at)
        at = at.tb_next
    return frames


def _kept(target: Target, seed: int, number: int, case: Any, error: BaseException) -> str:
    """The file into which the case was written, so that it can be played again (`again`)."""
    folder = Path(os.environ.get("TROP_FUZZ_DIR", tempfile.gettempdir()))
    file = folder / f"fuzz-{target.name.replace(' ', '-')}-{seed}-{number}.json"
    shown = base64.b64encode(case).decode() if isinstance(case, bytes) else repr(case)
    error_said = f"{type(error).__name__}: {error}"[:500]
    file.write_text(
        json.dumps(
            {"target": target.name, "seed": seed, "number": number, "error": error_said, "case": shown}
        )
    )
    return f"{error_said[:200]} ({file})"


def again(target: Target, seed: int, number: int) -> Any:
    """The case of that number."""
    return target.make(Random(f"{target.name}/{seed}/{number}"))
