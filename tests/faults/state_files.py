"""A stack's files in the hands of a fault, and the runs that show that it is over."""

from __future__ import annotations

import os
from pathlib import Path

from engine.state.backend import Backend
from tests.engine.harness import Project

STACK = "trop02"


def backend_of(project: Project) -> Backend:
    return Backend(project.state, "trop")


def flip(file: Path, *, keep_time: bool) -> None:
    """Another bit in a MAC: still JSON, still a state."""
    before, data = file.stat(), file.read_bytes()
    assert data.count(b"52:54:00:02:02:08") > 0
    file.write_bytes(data.replace(b"52:54:00:02:02:08", b"52:54:00:02:02:09", 1))
    if keep_time:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def files(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def converges(project: Project) -> None:
    done = project.run("up", "--yes", "--skip-preview")
    assert done.code == 0, done.out + done.err
    again = project.run("preview", "--expect-no-changes")
    assert (again.code, again.err) == (0, ""), again.out


def put_back(project: Project, told: str) -> None:
    """Type the command that the line names, as `./trop` hands it on."""
    command = told.partition("`./trop stack trop02 ")[2].partition("`")[0]
    done = project.run("stack", *command.split())
    assert done.code == 0, done.err
