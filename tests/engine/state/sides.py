"""The sides of a hand-over: an engine, or a stand-in of the CLI, has the stack for a moment, and may be killed then.

``python -m tests.engine.state.sides FOLDER`` is the first process of a PID namespace.  A line of its stdin has turns
that begin together, each a process; a line of its stdout says how each ended.  The stand-in does with files what the
CLI does (pkg/backend/diy/lock.go, state.go, and gocloud.dev/blob/fileblob below them), in that order.
"""

from __future__ import annotations

import base64
import fcntl
import getpass
import hashlib
import json
import os
import random
import signal
import socket
import sys
import time
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from unittest import mock

from engine.errors import CommandError
from engine.state import checkpoint, locks, place
from engine.state.backend import Backend
from engine.state.clock import timestamp

STACK: Final = "trop02"
ENDS: Final = ("done", "refused", "wrong")
PATIENCE: Final = 2.0  # seconds for the kernel to take away all that a killed process held


@dataclass(frozen=True)
class Turn:
    """``start`` and ``kill`` in seconds; ``shared``: the disk counts as one that other machines write to as well."""

    number: int
    actor: str
    start: float = 0.0
    kill: float | None = None
    shared: bool = False


def note(file: Path, line: object) -> None:
    """A line at the end of a log, on the disk when this returns."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{line}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def holding(folder: Path, turn: Turn) -> Iterator[None]:
    """A marker that is there, and held by flock(2), while this process has the stack."""
    own, marker = folder / f"marker.{turn.number}", folder / "marker"
    with own.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if marker.exists():
            _clear_of_dead(marker)
        os.link(own, marker)  # FileExistsError: somebody came in between
        note(folder / "holds", f"{turn.actor} {place.here().space}")
        yield
        marker.unlink()
        own.unlink()


def _clear_of_dead(marker: Path) -> None:
    """One that lives takes its marker away; of one that was killed it stays, and is let go."""
    until = time.monotonic() + PATIENCE
    with marker.open() as other:
        while True:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                assert time.monotonic() < until, "two have the stack"
                assert os.fstat(other.fileno()).st_nlink == 2, "two had the stack"
                time.sleep(0.001)
        marker.unlink()


def rest() -> None:
    time.sleep(random.uniform(0, 0.004))


def with_record(document: dict[str, Any], turn: Turn) -> dict[str, Any]:
    urn = f"urn:pulumi:{STACK}::trop::test:index:Thing::{turn.number}"
    record = {"urn": urn, "custom": False, "type": "test:index:Thing"}
    document["checkpoint"]["latest"].setdefault("resources", []).append(record)
    return document


def engine(folder: Path, turn: Turn) -> str:
    at = Backend(folder, "trop")
    if turn.shared:
        mock.patch.object(place, "is_local", return_value=False).start()  # this process has but one turn
    try:
        with locks.held(at.locks(STACK)) as taken_over:
            for lock in taken_over:
                note(folder / "taken", lock.file.name)
            with holding(folder, turn):
                document = with_record(at.document(STACK), turn)
                rest()
                at.write(STACK, checkpoint.one_line(document))
                note(folder / "written", turn.number)
                rest()
    except CommandError as error:
        if not str(error).startswith("the stack is currently locked by"):
            raise
        return "refused"
    return "done"


def cli(folder: Path, turn: Turn) -> str:
    at = Backend(folder, "trop")
    own = at.locks(STACK) / f"{uuid.uuid4()}.json"
    if others(own):
        return "refused"
    owner = {"pid": os.getpid(), "username": getpass.getuser(), "hostname": socket.gethostname()}
    blob(own, json.dumps(owner | {"timestamp": timestamp()}).encode())
    if others(own):
        drop(own)
        return "refused"
    with holding(folder, turn):
        state = at.root / f"stacks/trop/{STACK}.json"
        data = state.read_bytes()
        rest()
        blob(state.with_name(f"{state.name}.bak"), data)
        blob(state, json.dumps(with_record(json.loads(data), turn)).encode())
        note(folder / "written", turn.number)
        rest()
    drop(own)
    return "done"


def others(own: Path) -> list[Path]:
    return [file for file in own.parent.glob("[!.]*.json") if file != own]


def blob(file: Path, data: bytes) -> None:
    """The attributes come before what they are of, and not in one step, as fileblob writes them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f"fileblob{random.randrange(10**9)}")
    temporary.write_bytes(data)
    checksum = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
    Path(f"{file}.attrs").write_text(json.dumps({"user.content_type": "text/plain", "md5": checksum}))
    rest()
    temporary.rename(file)


def drop(file: Path) -> None:
    file.unlink()
    Path(f"{file}.attrs").unlink(missing_ok=True)


def carry_out(folder: Path, turn: Turn) -> int:
    """The number of its end among `ENDS`."""
    try:
        random.seed()
        time.sleep(turn.start)
        return ENDS.index({"engine": engine, "cli": cli}[turn.actor](folder, turn))
    except BaseException:
        note(folder / "wrong", f"{turn}:\n{traceback.format_exc()}")
        return ENDS.index("wrong")


def play(folder: Path, turns: list[Turn]) -> dict[int, str]:
    """All of them at the same time; how each turn ended."""
    running: dict[int, Turn] = {}
    for turn in turns:
        pid = os.fork()
        if not pid:
            os._exit(carry_out(folder, turn))
        running[pid] = turn
    began = time.monotonic()
    ended: dict[int, str] = {}
    while running:
        for pid, turn in list(running.items()):
            if turn.kill is not None and time.monotonic() - began > turn.kill:
                os.kill(pid, signal.SIGKILL)
            gone, status = os.waitpid(pid, os.WNOHANG)
            if gone:
                del running[pid]
                code = os.waitstatus_to_exitcode(status)
                ended[turn.number] = "killed" if code == -signal.SIGKILL else ENDS[code]
        time.sleep(0.0005)
    return ended


def line_of(turns: list[Turn]) -> str:
    return json.dumps([asdict(turn) for turn in turns])


if __name__ == "__main__":
    print(json.dumps(place.here().space), flush=True)
    for line in sys.stdin:
        print(json.dumps(play(Path(sys.argv[1]), [Turn(**turn) for turn in json.loads(line)])), flush=True)
