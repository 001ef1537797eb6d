"""Where the operations begin, the engine run in this process and in forks of it, and the places for all that."""

from __future__ import annotations

import contextlib
import gc
import io
import multiprocessing
import os
import pickle
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import engine.deployment  # noqa: F401  what each fork would load again
from cli import ROOT
from engine.app import main
from engine.state import secrets
from tests.crash.operations import UP, Operation, changed, import_file, one
from tests.crash.world import World, servicer
from tests.lab.catalogue_stage import STACK, Declared

PASSPHRASE = "in memory"


@dataclass
class Start:
    """Where an operation begins: the folder of its project, the state beside it, and the world as bytes."""

    folder: Path
    world: bytes

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def write(self, declared: Declared) -> None:
        """The declarations as files, as an operator leaves them after an edit."""
        project = self.project
        project.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "tests/lab/catalogue_program/__main__.py", project / "__main__.py")
        shutil.copyfile(ROOT / "Pulumi.yaml", project / "Pulumi.yaml")
        (project / "root").write_text(str(ROOT), encoding="utf-8")
        (project / "fleet.yaml").write_text(yaml.safe_dump(declared.fleet), encoding="utf-8")
        extra = {name: [kind, props] for name, (kind, props) in declared.extra.items()}
        (project / "extra.yaml").write_text(yaml.safe_dump(extra, sort_keys=False), encoding="utf-8")
        settings = {**declared.stack, "fleet": str(project / "fleet.yaml")}
        config = {"libvirt:uri": "qemu:///system", **{f"trop:{key}": v for key, v in settings.items()}}
        file = project / f"Pulumi.{STACK}.yaml"
        before = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
        file.write_text(yaml.safe_dump({**before, "config": config}), encoding="utf-8")


@dataclass
class Ended:
    """How one command line ended."""

    code: int
    text: str


def engine_run(
    conn: Any, project: Path, state: Path, words: Sequence[str], replaced: Sequence[tuple[str, bool]] = ()
) -> Ended:
    """One command line of the embedded engine in this process."""
    sys.dont_write_bytecode = True  # Python's own files are none that the engine changes
    os.environ.update(
        PULUMI_BACKEND_URL=f"file://{state}", PULUMI_CONFIG_PASSPHRASE=PASSPHRASE, NO_COLOR="1", TROP_DEBUG="1",
        PULUMI_HOME=str(state.parent / "home"),
    )  # fmt: skip
    every = [*words, "--cwd", str(project), *_stack(words)]
    return run_words(every, lambda: replacing(servicer(conn), replaced))


def run_words(words: Sequence[str], provider: Callable[[], Any]) -> Ended:
    """A command line with this provider; no thread of it is left."""
    out = io.StringIO()
    served: list[Any] = []

    def made() -> Any:
        served.append(provider())
        return served[-1]

    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            code = main(words, providers={"libvirt": made})
        except Exception as fault:
            code = 255
            out.write("".join(traceback.format_exception(fault)))
    for each in served:
        each.close()
    for thread in threading.enumerate():  # a process that has others can't be forked safely
        if thread.name.startswith("libvirt"):
            thread.join()
    return Ended(code, out.getvalue())


def _stack(words: Sequence[str]) -> list[str]:
    return [] if words[0] == "stack" else ["--stack", STACK]


def replacing(made: Any, names: Sequence[tuple[str, bool]]) -> Any:
    """The provider, but that it answers a change of these with a replacement: none of its types ever does."""
    real = made.Diff

    async def diff(request: Any, context: Any) -> Any:
        answer = await real(request, context)
        for name, first in names:
            if request.urn.endswith(f"::{name}") and answer.diffs:
                answer.replaces.extend(answer.diffs)
                answer.deleteBeforeReplace = first
                for each in answer.detailedDiff.values():
                    each.kind += 1  # UPDATE -> UPDATE_REPLACE, ADD -> ADD_REPLACE
        return answer

    made.Diff = diff
    return made


def in_child(work: Callable[[], Any]) -> Any:
    """What ``work`` returns, done in a fork of this process."""
    near, far = multiprocessing.Pipe()
    pid = os.fork()
    if not pid:
        near.close()
        try:
            far.send(("did", work()))
        except BaseException as fault:
            far.send(("failed", "".join(traceback.format_exception(fault))))
        os._exit(0)
    far.close()
    kind, value = near.recv()
    os.waitpid(pid, 0)
    if kind == "failed":
        raise RuntimeError(value)
    return value


def _alone(seconds: float = 20.0) -> None:
    """Wait until the threads of a run have ended: what is forked has none of them, and perhaps their locks."""
    end = time.monotonic() + seconds
    while threading.active_count() > 1:
        assert time.monotonic() < end, threading.enumerate()
        time.sleep(0.01)


class Stand:
    """The beginnings, each made once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._up: dict[str, Start] = {}
        empty = self.empty = Start(root / "empty", pickle.dumps(World()))
        empty.write(one())
        empty.state.mkdir()
        self._must(empty, ("stack", "init", STACK))
        salt = yaml.safe_load((empty.project / f"Pulumi.{STACK}.yaml").read_text())["encryptionsalt"]
        secrets.Crypter(salt, PASSPHRASE).check()  # once, for all the forks to come

    def up(self, declared: Callable[[], Declared]) -> Start:
        name = declared.__name__
        if name not in self._up:
            made = self._up[name] = Start(self.root / name, b"")
            shutil.copytree(self.empty.folder, made.folder)
            made.write(declared())
            # In this process: what it loads, its forks have.
            made.world = self._must(made, UP, self.empty.world)
            _alone()
        return self._up[name]

    def _must(self, start: Start, words: Sequence[str], world: bytes = b"") -> bytes:
        made = pickle.loads(world) if world else World()
        ended = engine_run(made, start.project, start.state, words)
        assert ended.code == 0, ended.text
        return pickle.dumps(made)

    def start(self, operation: Operation) -> Start:
        full = self.up(operation.declared)
        before = self.empty if operation.begins == "empty" else full
        made = Start(self.root / f"start-{operation.name}", before.world)
        shutil.copytree(before.folder, made.folder)
        made.write(changed(operation))
        if operation.begins == "stateless":
            state = made.state / f".pulumi/stacks/trop/{STACK}.json"
            (made.project / "import.json").write_text(import_file(state.read_bytes()))
            shutil.rmtree(made.state)
            shutil.copytree(self.empty.state, made.state)
        gc.collect()
        gc.freeze()
        return made


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """In memory where there is such a place: a state is written a hundred times a second."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    made = Path(tempfile.mkdtemp(prefix="trop-crash-", dir=where))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
