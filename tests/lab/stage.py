"""A lab to play a stack on in tests, and `./trop` as an operator calls it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import yaml

import config
from cli import ROOT
from cli.lab.host import host_facts
from config.read import stack_file
from lab.hypervisor import Lab
from lab.possible import why_not
from tests.done import Done
from tests.lab.lab_guest import virsh

ENGINES = ["embedded", *(["pulumi"] if shutil.which("pulumi") else [])]
Settings = dict[str, Any]


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose name is short enough for a socket in it."""
    folder = Path(tempfile.mkdtemp(prefix="trop-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Stage:
    """One lab in a folder of the test's own, with one stack on it, run by one engine."""

    folder: Path
    stack: str
    engine: str
    settings: Settings = field(
        default_factory=dict
    )  # of the stack, beside what its file in the repository says
    environment: dict[str, str] = field(default_factory=dict)
    base: str = ""  # what the base image was like before anything, as a digest
    guest: str = ""  # what the lab's guests are, of lab.hypervisor.IMAGES; the usual ones where none is said
    patience: float = 900  # seconds for one command: longer than an `up` waits for a guest

    def __post_init__(self) -> None:
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "LIBVIRT_"))
        }
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        self.environment = {
            **kept,
            "PYTHONPATH": str(ROOT),
            "TROP_LAB_ROOT": str(self.folder),
            "PULUMI_HOME": str(home),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "NO_COLOR": "1",
            **self.environment,
        }

    @property
    def plan(self) -> config.Plan:
        name = f"Pulumi.{self.stack}.yaml"
        return config.load(self.stack, {**stack_file(ROOT / name), **self.settings}, ROOT, name)

    @property
    def lab(self) -> Lab:
        return Lab(self.stack, host_facts(self.plan), root=self.folder)

    def up(self) -> None:
        reason = why_not()
        assert not reason, reason
        self.lab.up(self.guest)
        if self.settings:
            self.declare(**self.settings)

    def trop(self, *words: str, cwd: Path = ROOT, said: str = "", **environment: str) -> Done:
        """`./trop` with these words, to its end; said is its standard input."""
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "cli", *words],
                cwd=cwd, env=self.environment | environment, input=said, capture_output=True, text=True,
                check=False, timeout=self.patience,
            )  # fmt: skip
        except subprocess.TimeoutExpired as late:
            said_so_far = b"".join(text for text in (late.stdout, late.stderr) if text).decode()
            guests = self.virsh("domstats", "--state", "--vcpu", "--interface")
            raise AssertionError(f"{late}, with this said:\n{said_so_far}\nguests:\n{guests}") from None
        return Done(done.returncode, done.stdout, done.stderr)

    def on_stack(self, verb: str, *words: str, **environment: str) -> Done:
        """A stack verb on this stack in its lab."""
        return self.trop(verb, self.stack, *words, "--lab", "--engine", self.engine, **environment)

    def must(self, verb: str, *words: str) -> Done:
        done = self.on_stack(verb, *words)
        assert done.code == 0, f"{verb} {words} ended with {done.code}:\n{done.text}"
        return done

    def bring_up(self) -> Done:
        return self.must("up", "--yes", "--skip-preview")

    def unchanged(self) -> None:
        """A preview finds nothing to do."""
        self.must("preview", "--expect-no-changes")

    def declare(self, **settings: Any) -> None:
        """Sets ``trop:`` settings in the lab's copy of the stack's file, as an operator would with an editor."""
        self.on_stack("stack")  # has the copy made where there is none
        path = self.lab.state / "project" / f"Pulumi.{self.stack}.yaml"
        self.settings |= settings
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content["config"] |= {f"trop:{key}": value for key, value in settings.items()}
        path.write_text(yaml.safe_dump(content), encoding="utf-8")

    def virsh(self, *words: str) -> str:
        """virsh on the lab's libvirtd; its output, which must come."""
        return virsh(self.lab, *words)

    def xml(self, *words: str) -> Xml.Element:
        return Xml.fromstring(self.virsh(*words))

    def names(self, *words: str) -> list[str]:
        return sorted(self.virsh(*words, "--name").split())

    def records(self) -> dict[str, tuple[str, Any]]:
        """Id and inputs of each resource in the stack's state, by URN; a refresh may put them in another order."""
        path = self.lab.state / f"state/.pulumi/stacks/trop/{self.stack}.json"
        latest = json.loads(path.read_text(encoding="utf-8"))["checkpoint"]["latest"] or {}
        return {r["urn"]: (r.get("id", ""), r.get("inputs")) for r in latest.get("resources", [])}


def rows(text: str) -> list[list[str]]:
    """The lines of one of virsh's tables."""
    return [line.split() for line in text.splitlines() if line.strip()]


def started_by(folder: Path) -> list[str]:
    """Command lines of processes that name the folder: what is left running of a lab in it."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


@contextmanager
def stage(stack: str, engine: str, **settings: Any) -> Iterator[Stage]:
    """A stage with its lab up; taken away afterwards, whatever happened on it."""
    with short_folder() as folder:
        made = Stage(folder, stack, engine, settings)
        try:
            made.up()
            yield made
        finally:
            made.lab.down(purge=True)


def interrupt(process: subprocess.Popen[str]) -> None:
    """What Ctrl-C does: SIGINT to everything in the terminal's foreground."""
    os.killpg(process.pid, signal.SIGINT)
