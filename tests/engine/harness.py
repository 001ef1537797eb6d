"""Runs recorded command lines with the recorded program and stub provider, and compares texts.

What varies between two runs of the CLI itself is taken out of both sides: dots, times, the order of lines about
resources that do not depend on each other, and the Python SDK's farewell to a program that is stopped.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from engine import app
from engine.wording import PULUMI, Wording
from tests.done import Done
from tests.engine.conftest import RECORDINGS

PROGRAM = RECORDINGS / "program"


@dataclass
class Project:
    """A project folder with the recorded program, its state folder, and a world for the stub provider."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    wording: Wording = PULUMI

    @property
    def root(self) -> Path:
        return self.folder / "project"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def state_file(self) -> Path:
        return self.state / ".pulumi" / "stacks" / "trop" / "trop02.json"

    def make(self) -> None:
        """An empty stack trop02, as the recordings begin with."""
        self.root.mkdir(parents=True)
        self.state.mkdir()
        text = (PROGRAM / "Pulumi.yaml").read_text()
        (self.root / "Pulumi.yaml").write_text(text)
        shutil.copy(PROGRAM / "__main__.py", self.root)
        shutil.copy(RECORDINGS / "00-stack-init" / "Pulumi.trop02.yaml", self.root)
        self.monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{self.state}")
        self.monkeypatch.setenv("PULUMI_STACK", "trop02")
        self.put_state(RECORDINGS / "00-stack-init" / "01-init.state.disk.json")

    def put_state(self, recorded: Path) -> None:
        """A recorded state in the folder, and everything that it names in the world."""
        self.state_file.parent.mkdir(parents=True, exist_ok=True)
        (self.state / ".pulumi" / "meta.yaml").write_text("version: 1\n")
        document = json.loads(recorded.read_text())
        self.state_file.write_text(json.dumps(document, separators=(",", ":")))
        records = document["checkpoint"]["latest"].get("resources", [])
        made = [r for r in records if r["custom"] and not r["type"].startswith("pulumi:")]
        keys = [f"{r['type'].split(':')[-1]}:{r['urn'].split('::')[-1]}" for r in made]
        world = {"gen": dict.fromkeys(keys, 1), "objects": {r["id"]: r.get("outputs", {}) for r in made}}
        (self.folder / "world.json").write_text(json.dumps(world))

    def faults(self, faults: Mapping[str, Any]) -> None:
        (self.folder / "faults.json").write_text(json.dumps(faults))

    def run(self, *words: str, variables: Mapping[str, str] | None = None) -> Done:
        """One command line, as `pulumi` would get it."""
        stub = load_stub()
        self.monkeypatch.setattr(stub, "WORLD", str(self.folder / "world.json"))
        self.monkeypatch.setattr(stub, "FAULTS", str(self.folder / "faults.json"))
        self.monkeypatch.setattr(stub, "LOG", None)
        out, err = io.StringIO(), io.StringIO()
        with (
            self.monkeypatch.context() as patch,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            patch.chdir(self.root)
            for name, value in (variables or {}).items():
                patch.setenv(name, value)
            code = app.main(list(words), providers={"libvirt": stub.Stub}, wording=self.wording)
        return Done(code, out.getvalue(), err.getvalue())


_stub: list[ModuleType] = []


def load_stub() -> ModuleType:
    """The stub provider's module, which stays as it was recorded."""
    if not _stub:
        spec = importlib.util.spec_from_file_location("recorded_stub", PROGRAM / "prov" / "__main__.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        _stub.append(module)
    return _stub[0]


@dataclass
class Case:
    """One recorded command line."""

    folder: str
    step: str = ""

    def file(self, name: str) -> Path:
        return RECORDINGS / self.folder / (f"{self.step}.{name}" if self.step else name)

    def text(self, name: str) -> str:
        return self.file(name).read_text() if self.file(name).exists() else ""

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text("cmd"))[1:]

    @property
    def variables(self) -> dict[str, str]:
        lines = [line.partition("=") for line in self.text("variant.txt").splitlines()]
        return {name: value for name, _, value in lines if re.fullmatch(r"[A-Z_]+", name)}

    @property
    def faults(self) -> dict[str, Any]:
        found = re.search(r"^faults: (.*)$", self.text("variant.txt"), re.M)
        return json.loads(found[1]) if found else {}

    @property
    def code(self) -> int:
        return int(self.text("exit_code"))

    def play(self, project: Project) -> Done:
        if "resources.json" in self.words:
            own = self.file("resources.json")
            other = RECORDINGS / "15-import" / "11-cli-file.resources.json"
            shutil.copy(own if own.exists() else other, project.root / "resources.json")
        project.faults(self.faults)
        return project.run(*self.words, variables=self.variables)


# What to do about steps that were cut short: this engine's words are about hypervisors.
ADVICE = re.compile(
    r"These resources are in an unknown state[\s\S]*?(?:CREATE operations\.|into the state\.)"
)
BLOCKS = ("Diagnostics:", "Outputs:", "Resources:")


def parts(text: str, project: Path) -> dict[str, list[str]]:
    """A progress text by blocks, without what varies: rows sorted, messages sorted by resource."""
    text = text.replace(str(project), "<project>")
    text = re.sub(r"\((\d+\.\d\d|\d+)s\)", "(T)", text)
    text = re.sub(r"^Duration: \S+", "Duration: T", text, flags=re.M)
    text = ADVICE.sub("<advice>", text)
    text = re.sub(r"<traceback: KeyboardInterrupt>.*", "<stopped>", text)
    if "<stopped>" in text:  # a row that has nothing but the farewell to tell
        text = re.sub(r"^    pulumi:pulumi:Stack trop-trop02  \d+ messages\n", "", text, flags=re.M)
    text = re.sub(r"[; ]+\d+ messages?$", lambda m: " " if m[0].startswith(" ") else "", text, flags=re.M)
    found: dict[str, list[str]] = {"rows": []}
    block = "rows"
    for line in text.split("\n"):
        if line in BLOCKS:
            block = line
            found[block] = []
        elif line.startswith("@ ") or "<stopped>" in line:
            continue
        else:
            found[block].append(line.rstrip() if block == "rows" else line)
    found["rows"] = sorted(line for line in found["rows"] if line)
    if "Diagnostics:" in found:
        found["Diagnostics:"] = sorted(_groups(found["Diagnostics:"]))
    return found


def _groups(lines: list[str]) -> Iterator[str]:
    """The messages of one resource as one text; blank lines between them do not matter."""
    group: list[str] = []
    for line in [*lines, "  end"]:
        if re.match(r"  \S", line):
            if len(group) > 1:
                yield "\n".join(group)
            group = []
        if line.strip():
            group.append(line)


def runs(text: str) -> list[str]:
    """The parts of an `up` with preview: each run begins with its title."""
    pieces = re.split(
        r"^(?=(?:Previewing \w+|Updating|Refreshing|Destroying|Importing) \()", text, flags=re.M
    )
    return [piece for piece in pieces if piece]


def locks_of(project: Project) -> list[Path]:
    """The locks in the project's state folder."""
    return list((project.state / ".pulumi" / "locks").rglob("*.json"))
