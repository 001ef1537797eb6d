"""A verb's text, error and exit code beside those that were recorded."""

from __future__ import annotations

import re
import socket

from tests.done import Done
from tests.engine.harness import Case


def normal(text: str) -> str:
    """A text without the time of day, the host and the engine's version."""
    text = text.replace(socket.gethostname(), "<host>")
    text = re.sub(r"\d+ \w+ ago( +)?|LAST UPDATE +", "<ago> ", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d+(Z?)", r"<time>\1", text)
    return re.sub(r"v3\.260\.0\S*", "<version>", text)


def check(outcome: Done, case: Case) -> None:
    assert outcome.code == case.code, outcome.err
    assert normal(outcome.out) == normal(case.text("stdout.txt"))
    assert outcome.err == case.text("stderr.txt")
