"""`./trop demo`: the seeds' trop02 from nothing to an answering float, on a hypervisor that can be thrown away."""

from __future__ import annotations

import contextlib
import functools
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

import config
from cli import ROOT
from cli.lab import rehearsal
from cli.lab.command import need_packages, why_no_lab
from cli.lab.host import lab_of, plan_of
from cli.processes import itself
from cli.processes.signals import handled, interrupt, run_to_end
from cli.words.command_line import choose_engine
from lab.facts import LabError
from lab.hypervisor import Lab

STACK: Final = "trop02"
PATIENCE: Final = 240  # seconds for guests under emulation to boot, all at once, on two busy cores
FETCH: Final = """
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
print(opener.open(sys.argv[1], timeout=5).read().decode().strip())
"""


class Steps:
    """Numbers the steps of one job; what takes long without a word of its own gets a spinner on a terminal."""

    def __init__(self, console: Console, total: int) -> None:
        self.console, self.total, self.number = console, total, 0

    def say(self, text: str) -> None:
        self.number += 1
        self.console.print(f"[bold][{self.number}/{self.total}][/bold] {text}", highlight=False)

    def note(self, text: str) -> None:
        """A line under the last step."""
        self.console.print(f"      [dim]{text}[/dim]", highlight=False)

    @contextlib.contextmanager
    def waiting(self, text: str) -> Iterator[Callable[[str], None]]:
        """A step with a spinner; what is called with a text shows it beside."""
        self.say(text)
        start = time.monotonic()
        with self.console.status(text) as status:
            yield lambda more: status.update(f"{text}: {more}")
        self.note(f"done in {time.monotonic() - start:.0f} s")


def run(engine: str, *, down: bool) -> int:
    """The whole demo, or with ``down`` its end; 0, or 130 after Ctrl-C.  What goes wrong is raised (`cli.__main__`)."""
    console = Console()
    choose_engine(engine)
    try:
        with handled(interrupt):
            if down:
                lab_of(STACK).down(purge=True)
                console.print(f"The lab {STACK} is gone, with its disks and its state.", highlight=False)
            else:
                _demo(console, ["--engine", engine] if engine else [])
    except KeyboardInterrupt:
        print("interrupted: nothing that the demo started is left running", file=sys.stderr)
        return 130
    return 0


def _demo(console: Console, engine: list[str]) -> None:
    def say(text: str) -> None:
        console.print(f"      {text}", highlight=False)

    if reason := why_no_lab(say):
        _preview_only(console, engine, reason)
        return
    plan = plan_of(STACK)
    steps = Steps(console, 8)
    steps.say("System packages of the lab")
    need_packages(say)
    lab = lab_of(STACK)
    was_up = lab.status().running
    try:
        _bring_up(steps, lab, plan, engine)
    except BaseException:
        if not was_up:
            with handled(signal.SIG_IGN):
                lab.down()  # before any word: there may be nobody left to read it
        raise
    _where_next(console, lab, plan)


def _bring_up(steps: Steps, lab: Lab, plan: config.Plan, engine: list[str]) -> None:
    with steps.waiting(f"The lab {STACK}: a hypervisor of its own on this machine"):
        lab.up()
    steps.say(f"Preview: what an up of {STACK} would do")
    _trop(["preview", STACK, "--lab", *engine])
    steps.say(f"Up: making {STACK} what it is declared to be")
    _trop(["up", STACK, "--lab", "--yes", "--skip-preview", *engine])
    with steps.waiting(f"Leases: each of the {len(plan.vms)} guests on its reserved address") as show:
        wait_for(lambda: _leases_missing(lab, plan), "guests without their lease", show)
    for held in plan.floats:
        with steps.waiting(
            f"Page: http://{held.address}/ from the campus, answered by {held.holder}"
        ) as show:
            wait_for(functools.partial(_not_answering, lab, held), "no answer", show)
        steps.note(f"it says: {fetch(lab, held.address).splitlines()[0]}")
    steps.say("Preview again: there must be no changes")
    _trop(["preview", STACK, "--lab", "--expect-no-changes", *engine])
    steps.say("What there is now")
    print_outputs(steps.console, _outputs(engine))


def _preview_only(console: Console, engine: list[str], reason: str) -> None:
    """What can be shown without a lab."""
    console.print(
        f"A lab needs root and namespaces of its own: {reason}.  This previews {STACK} on libvirt's in-process test "
        "driver instead; nothing is made.  For the whole demo: as root, on a machine or VM, ./trop demo",
        highlight=False,
    )
    with tempfile.TemporaryDirectory(prefix="trop-") as folder:
        chosen = choose_engine("".join(engine[1:]))
        words, environment = rehearsal.prepare(plan_of(STACK), Path(folder), chosen)
        _trop(["preview", STACK, "--cwd", str(ROOT), *words, *engine], environment)


def _trop(words: list[str], environment: dict[str, str] | None = None) -> None:
    """A Ctrl-C ends it as its own first Ctrl-C would: running steps are finished and saved."""
    code = run_to_end(itself.line(words), itself.environment(environment), tell=True)
    if code != 0:
        raise LabError(f"./trop {' '.join(words)} ended with exit code {code}")


def wait_for(missing: Callable[[], list[str]], what: str, show: Callable[[str], None]) -> None:
    """Asks until nothing is missing; `LabError` after `PATIENCE`."""
    end = time.monotonic() + PATIENCE
    while absent := missing():
        show(", ".join(absent))
        if time.monotonic() > end:
            raise LabError(f"{what} after {PATIENCE} s: {', '.join(absent)}")
        time.sleep(0.5)


def _leases_missing(lab: Lab, plan: config.Plan) -> list[str]:
    leases = {guest.name: guest.leases for guest in lab.status().guests}
    return [vm.name for vm in plan.vms if vm.address not in leases.get(vm.name, ())]


def _not_answering(lab: Lab, held: config.Float) -> list[str]:
    page = fetch(lab, held.address)
    return [] if held.holder in page else [f"{held.address} ({page or 'nothing yet'})"]


def fetch(lab: Lab, address: str) -> str:
    """The page at the address as the campus gets it; empty if there is none."""
    words = [sys.executable, "-I", "-c", FETCH, f"http://{address}/"]
    done = lab.campus(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return str(done.stdout).strip() if done.returncode == 0 else ""


def _outputs(engine: list[str]) -> dict[str, Any]:
    words = ["stack", STACK, "output", "--json", "--lab", *engine]
    done = itself.ended(words)
    if done.returncode != 0:
        raise LabError(f"./trop {' '.join(words)}: {done.stderr.strip()}")
    outputs: dict[str, Any] = json.loads(done.stdout)
    return outputs


def print_outputs(console: Console, outputs: dict[str, Any]) -> None:
    """One table for each of the stack's outputs: a row by name, a column by field."""
    for title, rows in outputs.items():
        fields = list(dict.fromkeys(key for row in rows.values() for key in row))
        table = Table("name", *fields, title=title, title_justify="left")
        for name, row in rows.items():
            table.add_row(name, *(str(row.get(key, "")) for key in fields))
        console.print(table)


def _where_next(console: Console, lab: Lab, plan: config.Plan) -> None:
    vm = plan.floats[0].holder if plan.floats else plan.vms[0].name
    console.print(
        f"The lab keeps running.  Look around:\n"
        f"  ./trop lab status                     guests, states and leases\n"
        f"  ./trop lab console {vm:<18} a guest's serial console (Ctrl-] leaves it)\n"
        f"  virsh -c '{lab.uri}' list\n"
        f"  ./trop preview {STACK} --lab           drift shows here: stop or edit something with virsh, and look\n"
        f"  ./trop up {STACK} --lab                and mend it\n"
        f"  ./trop demo --down                    takes all of it away",
        highlight=False,
        soft_wrap=True,
    )
