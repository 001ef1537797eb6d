"""The runs of the stacks as processes: at the same time, what they say kept, an interrupt handed on."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from rich.console import Console

from cli.fleet import children as fleet_children
from cli.fleet.children import Interrupted


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> None:
    """`./trop` is a few lines that say something, wait for a SIGINT if told to, and end with a code."""
    program = (
        "import signal, sys, time\n"
        "if sys.argv[2] == 'wait':\n"
        "    signal.signal(signal.SIGINT, lambda *_: (print('told', flush=True), sys.exit(3)))\n"
        "print('at work', flush=True)\n"
        "time.sleep(60 if sys.argv[2] == 'wait' else 0)\n"
        "sys.exit(int(sys.argv[2]))\n"
    )
    real = subprocess.Popen

    def popen(words: Sequence[str], **options: Any) -> subprocess.Popen[str]:
        return real([sys.executable, "-c", program, *words[4:]], **options)

    monkeypatch.setattr(fleet_children.subprocess, "Popen", popen)


@pytest.mark.usefixtures("children")
def test_children_run_at_the_same_time_and_what_they_say_is_kept() -> None:
    console = Console(file=io.StringIO(), width=80)
    ended = fleet_children.run({"a": ["up", "0"], "b": ["up", "7"]}, console, verbose=True)
    assert {stack: (one.code, one.output) for stack, one in ended.items()} == {
        "a": (0, "at work\n"),
        "b": (7, "at work\n"),
    }
    assert isinstance(console.file, io.StringIO)
    assert sorted(console.file.getvalue().splitlines()) == ["a │ at work", "b │ at work"]


@pytest.mark.usefixtures("children")
def test_an_interrupt_is_passed_on_to_all_and_waited_for() -> None:
    said = io.StringIO()

    def interrupt() -> None:
        while said.getvalue().count("at work") < 2:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(Interrupted) as stopped:
        fleet_children.run(
            {"a": ["up", "wait"], "b": ["up", "wait"]}, Console(file=said, width=80), verbose=True
        )
    assert {stack: (one.code, one.output) for stack, one in stopped.value.ended.items()} == {
        "a": (3, "at work\ntold\n"),
        "b": (3, "at work\ntold\n"),
    }
