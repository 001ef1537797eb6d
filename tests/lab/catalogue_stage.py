"""The lab on which the catalogue is played: guests that stay up, pings that never stop, and the engine in this process.

In this process, because forty rows would otherwise start Python a hundred and twenty times; and because here every
call that changes something can be counted where it is made, at libvirt-python itself.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import io
import json
import os
import re
import shlex
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import libvirt
import yaml

from cli import ROOT
from engine.app import main
from lab import processes
from provider.protocol.plugin import servicer
from tests.done import Done
from tests.lab.lab_guest import page
from tests.lab.pings import Pings, Target, pinging
from tests.lab.stage import Stage, short_folder

STACK = "trop02"
PATIENCE = 240.0  # seconds for a guest to be there, on busy cores
CHANGING = {
    "virNetwork": "create destroy setAutostart undefine update",
    "virStoragePool": "build create destroy setAutostart undefine createXML",
    "virStorageVol": "delete resize upload wipe",
    "virDomain": """abortJob attachDeviceFlags blockResize create destroy detachDeviceAlias detachDeviceFlags
        injectNMI reboot rename reset resume setAutostart setMaxMemory setMemoryFlags setMetadata setVcpusFlags
        shutdown suspend undefine undefineFlags updateDeviceFlags managedSave managedSaveRemove""",
    "virConnect": """createXML defineXML defineXMLFlags networkCreateXML networkDefineXML networkDefineXMLFlags
        storagePoolDefineXML""",
}
Data = dict[str, Any]


@dataclass
class Declared:
    """What is declared: the fleet's facts, the stack's settings, and resources beside the program's own."""

    fleet: Data
    stack: Data
    extra: dict[str, tuple[str, Data]]

    def slots(self) -> Data:
        slots: Data = self.fleet["hypervisors"][STACK]["slots"]
        return slots

    def nat(self) -> Data:
        nat: Data = self.fleet["networks"]["default"]
        return nat

    def hold(self, label: str, holder: str | None) -> None:
        member = self.fleet["floats"]["members"][label]
        member.pop("holder", None)
        if holder:
            member["holder"] = holder

    def props(self, name: str) -> Data:
        return self.extra[name][1]


@dataclass
class Scene:
    """One lab with its stack; `declared` is what the last run was given."""

    stage: Stage
    declared: Declared
    calls: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.stage.folder / "program"

    @property
    def backend(self) -> Path:
        return self.stage.folder / "state"

    def begin(self) -> None:
        self.folder.mkdir()
        self.backend.mkdir()
        shutil.copyfile(Path(__file__).parent / "catalogue_program/__main__.py", self.folder / "__main__.py")
        shutil.copyfile(ROOT / "Pulumi.yaml", self.folder / "Pulumi.yaml")
        (self.folder / "root").write_text(str(ROOT), encoding="utf-8")
        self.write()
        done = self.engine("stack", "init", STACK)
        assert done.code == 0, done.text

    def write(self) -> None:
        """The declarations as files, as an operator would leave them after an edit."""
        (self.folder / "fleet.yaml").write_text(yaml.safe_dump(self.declared.fleet), encoding="utf-8")
        extra = {name: [kind, props] for name, (kind, props) in self.declared.extra.items()}
        (self.folder / "extra.yaml").write_text(yaml.safe_dump(extra, sort_keys=False), encoding="utf-8")
        settings = {**self.declared.stack, "fleet": str(self.folder / "fleet.yaml")}
        config = {"libvirt:uri": self.stage.lab.uri, **{f"trop:{key}": v for key, v in settings.items()}}
        stack = self.folder / f"Pulumi.{STACK}.yaml"
        before = yaml.safe_load(stack.read_text(encoding="utf-8")) if stack.exists() else {}
        stack.write_text(yaml.safe_dump({**before, "config": config}), encoding="utf-8")

    def edit(self, change: Callable[[Declared], object]) -> None:
        changed = copy.deepcopy(self.declared)
        change(changed)
        self.declared = changed
        self.write()

    def environment(self) -> dict[str, str]:
        """This scene's state and passphrase."""
        return {
            "PULUMI_BACKEND_URL": f"file://{self.backend}",
            "PULUMI_CONFIG_PASSPHRASE": "lab",
            "PYTHONPATH": str(ROOT),
            "NO_COLOR": "1",
        }

    def engine(self, *words: str, allow: str = "") -> Done:
        """One command line of the embedded engine."""
        out, err = io.StringIO(), io.StringIO()
        kept = dict(os.environ)
        os.environ.update(self.environment(), LIBVIRT_ALLOW=allow)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = main([*words, "--cwd", str(self.folder)], providers={"libvirt": servicer})
        finally:
            os.environ.clear()
            os.environ.update(kept)
        return Done(code, out.getvalue(), err.getvalue())

    def up(self, allow: str = "") -> Done:
        """Preview and update in one go, as `up --yes` is."""
        return self.engine("up", "--yes", "--stack", STACK, allow=allow)

    def preview(self, *words: str) -> Done:
        return self.engine("preview", "--stack", STACK, *words)

    def by_hand(self, line: str) -> None:
        """What somebody types at virsh's prompt."""
        self.stage.virsh(*shlex.split(line))

    def boot_id(self, address: str, *, campus: bool = False) -> str:
        """From the guest's page; empty when none comes."""
        lines = page(self.stage.lab, address, campus=campus)
        return next((line for line in lines if line.startswith("boot ")), "")

    def name_at(self, address: str) -> str:
        """Who answers at a public address, by the name on the page."""
        lines = page(self.stage.lab, address, campus=True)
        return lines[0].removeprefix("I am ") if lines else ""

    def agent(self, vm: str, command: str) -> str:
        """What a shell command in the guest prints."""
        ask = {"path": "/bin/sh", "arg": ["-c", command], "capture-output": True}
        pid = self._ask(vm, {"execute": "guest-exec", "arguments": ask})["pid"]
        while True:
            answer = self._ask(vm, {"execute": "guest-exec-status", "arguments": {"pid": pid}})
            if answer["exited"]:
                return base64.b64decode(answer.get("out-data", "")).decode()
            time.sleep(0.05)

    def _ask(self, vm: str, question: Data) -> Any:
        return json.loads(self.stage.virsh("qemu-agent-command", vm, json.dumps(question)))["return"]

    def space(self, *, campus: bool) -> str:
        """The path of a network namespace of the lab."""
        first = processes.first(self.stage.lab.state)
        return f"/proc/{first}/" + ("root/run/netns/campus" if campus else "ns/net")

    def target(self, name: str, address: str, *, campus: bool, interval: float = 0.05) -> Target:
        return Target(name, self.space(campus=campus), address, interval)

    @contextmanager
    def pinging(self, targets: list[Target], name: str = "pings") -> Iterator[Pings]:
        with pinging(targets, self.stage.folder / f"{name}.log") as pings:
            yield pings


@contextmanager
def recorded(calls: list[str]) -> Iterator[None]:
    """Adds to ``calls`` the name of each call that changes something, made by any thread of this process."""
    kept: list[tuple[Any, str, Any]] = []
    for owner, names in CHANGING.items():
        kind = getattr(libvirt, owner)
        for name in names.split():
            if hasattr(kind, name):
                original = getattr(kind, name)
                kept.append((kind, name, original))
                setattr(kind, name, _noting(calls, f"{owner[3:].lower()}.{name}", original))
    try:
        yield
    finally:
        for kind, name, original in kept:
            setattr(kind, name, original)


def _noting(calls: list[str], name: str, original: Any) -> Any:
    def noted(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        return original(self, *args, **kwargs)

    return noted


def impacts(text: str) -> list[str]:
    """The impact words in the summary of a preview, whole line: `3 live, 1 at next boot; nothing restarts`."""
    preview = text.partition("\nUpdating (")[0]
    found = re.findall(r"\d+ (live|at next boot|restart|network outage|data loss)\b", preview)
    return [words.removeprefix("at ") for words in found]


def wait_until(met: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, f"{what}: not so after {seconds:g} s"
        time.sleep(0.2)


@contextmanager
def scene(declared: Declared) -> Iterator[Scene]:
    """A lab that is up, with the stack's program beside it; nothing is applied yet."""
    with short_folder() as folder:
        made = Scene(Stage(folder, STACK, "embedded"), declared)
        try:
            made.stage.up()
            made.begin()
            with recorded(made.calls):
                yield made
        finally:
            made.stage.lab.down(purge=True)


def load_average() -> str:
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
