"""Ctrl-C while something runs that must come to its own end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli import ROOT

# A job that runs a child by `run_to_end`; the child says that it is there, and writes down each SIGINT it gets.
JOB = """
import os, sys
from cli.processes.signals import run_to_end
try:
    run_to_end([sys.executable, "-c", sys.argv[1], *sys.argv[2:]], dict(os.environ), tell=bool(os.environ["TELL"]))
except KeyboardInterrupt:
    sys.exit(130)
"""
# A job that runs a child, which has a child of its own, by `run_attached`; each writes down a SIGINT it gets, and ends.
ATTACHED = """
import os, sys
from cli.processes.signals import run_attached
try:
    sys.exit(run_attached([sys.executable, "-c", sys.argv[1], "one", "more"], dict(os.environ)))
except KeyboardInterrupt:
    sys.exit(130)
"""
TWO = """
import os, signal, subprocess, sys, time
def told(*_):
    os.write(1, (sys.argv[1] + " told\\n").encode())
    raise KeyboardInterrupt
signal.signal(signal.SIGINT, told)
try:
    if sys.argv[2:]:
        subprocess.run([sys.executable, "-c", open("/proc/self/cmdline").read().split(chr(0))[2], sys.argv[2]])
    else:
        os.write(1, b"there\\n")
        time.sleep(60)
except KeyboardInterrupt:
    pass
"""
CHILD = """
import os, signal, sys
signal.signal(signal.SIGINT, lambda *_: os.write(1, b"told\\n"))  # a print may still be under way
print("there", flush=True)
open(sys.argv[1]).read()
print("done", flush=True)
"""


@pytest.mark.parametrize(
    ("tell", "expected"), [("yes", ["told"]), ("", [])], ids=["passed on once", "kept away"]
)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_child_ends_by_itself_before_the_interrupt_is_raised(
    tmp_path: Path, tell: str, expected: list[str], how: signal.Signals
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    with subprocess.Popen(
        [sys.executable, "-c", JOB, CHILD, str(gate)],
        stdout=subprocess.PIPE, text=True, process_group=0, env=os.environ | {"PYTHONPATH": str(ROOT), "TELL": tell},
    ) as job:  # fmt: skip
        assert job.stdout is not None
        assert job.stdout.readline() == "there\n"
        os.killpg(job.pid, how)
        assert [job.stdout.readline().strip() for _ in expected] == expected
        gate.write_text("go on")
        assert job.stdout.read() == "done\n"
    assert job.returncode == 130


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_stops_a_run_of_tests_is_a_ctrl_c_to_all_that_it_started(how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ATTACHED, TWO], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as job:  # fmt: skip
        assert job.stdout is not None
        assert job.stdout.readline() == "there\n"
        job.send_signal(how)
        assert sorted(job.stdout.read().split("\n")) == ["", "more told", "one told"]
    assert job.returncode == 130
