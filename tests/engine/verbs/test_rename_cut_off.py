"""`stack rename` by a process that ends at any moment: nothing is lost, and the same words finish it."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.state import backend as backends
from engine.state import documents
from engine.state.backend import Backend
from tests.engine.harness import Project

CHANGES = ("os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir")  # and what is opened to be written
WORDS = ("stack", "rename", "trop09", "--stack", "trop02")


def backend_of(project: Project) -> Backend:
    return Backend(project.state, "trop")


def dying(project: Project, point: int) -> bool:
    """A process that ends before its n-th change of a file, counted from 1; whether it came so far."""
    child = os.fork()
    if not child:
        left = [point]

        def note(event: str, args: tuple[Any, ...]) -> None:
            if event in CHANGES or (event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR)):
                left[0] -= 1
                if not left[0]:
                    os._exit(9)

        sys.addaudithook(note)
        code = project.run(*WORDS).code
        os._exit(code and 1)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended in (0, 9)
    return ended == 9


def contents(project: Project) -> Counter[bytes]:
    """All that is kept of the runs, and the stack's file, wherever it is."""
    at = backend_of(project)
    folders = [folder(stack) for stack in ("trop02", "trop09") for folder in (at.history, at.backups)]
    files = [file for folder in folders for file in folder.glob("*.json")]
    return Counter(file.read_bytes() for file in (*files, *project.root.glob("Pulumi.trop0?.yaml")))


def whole(file: Path) -> list[str]:
    if not file.exists():
        return []
    assert backends.judge(file, file.read_bytes()) in ("as written", "unknown")
    latest = documents.parse(file.read_bytes())["checkpoint"]["latest"]
    return [r["urn"].partition("::")[2].replace("trop-trop09", "trop-trop02") for r in latest["resources"]]


def test_ended_before_any_change_of_a_file_nothing_is_lost_and_the_same_words_finish_it(
    tmp_path: Path, anew: Callable[[Path], Project]
) -> None:
    point, again = 0, True
    while again:
        point += 1
        played = anew(tmp_path / str(point))
        records, before = whole(played.state_file), contents(played)
        again = dying(played, point)
        new = played.state_file.with_name("trop09.json")
        assert records in (whole(played.state_file), whole(new)), point
        assert contents(played) == before, point
        if played.state_file.exists():
            assert played.run(*WORDS).out == "Renamed trop02 to trop09\n"
        assert (whole(new), contents(played)) == (records, before), point
        assert not played.state_file.exists()
        assert backend_of(played).stacks() == ["trop09"]
        assert not backend_of(played).history("trop02").exists()
        assert [file.name for file in played.root.glob("Pulumi.trop0?.yaml")] == ["Pulumi.trop09.yaml"]
    assert point > 30


@pytest.fixture
def anew(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Project]:
    """The same stack after a run, in a folder of its own."""
    assert project.run("up", "--yes", "--skip-preview").code == 0

    def make(folder: Path) -> Project:
        made = Project(folder, monkeypatch)
        for name in ("project", "state"):
            shutil.copytree(project.folder / name, folder / name)
        monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{made.state}")
        return made

    return make
