"""One state folder for several people: a folder of their group that hands the group on is all that it takes."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.state import atomic
from tests import as_user
from tests.engine.harness import PROGRAM, Project, locks_of
from tests.engine.verbs.test_signals import ROOT, WITH_STUB

ANN, BEN, EVE, GROUP = 64101, 64102, 64103, 64110  # users and a group of nobody's


@dataclass
class Desk:
    """The recorded project with its state in a folder of the group's."""

    project: Project

    def run(
        self, user: int, *words: str, umask: int = 0o022, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """One command line as this user would type it; Eve is not in the group."""
        folder = self.project.folder
        environment = os.environ | variables | {
            "USER": f"user{user}", "LOGNAME": f"user{user}", "HOME": str(folder / f"home{user}"),
            "PULUMI_HOME": str(folder / f"home{user}/.pulumi"), "PYTHONPATH": str(self.clone),
            "TROP_WORLD": str(folder / "world.json"), "TROP_FAULTS": str(folder / "faults.json"),
        }  # fmt: skip
        environment.pop("TROP_LOG", None)
        stub = self.clone / (PROGRAM / "prov/__main__.py").relative_to(ROOT)
        return subprocess.run(
            [*self.python(user), "-c", WITH_STUB, str(stub), *words, "--non-interactive"], cwd=self.project.root,
            env=environment, text=True, capture_output=True, check=False, timeout=120, umask=umask,
        )  # fmt: skip

    @property
    def clone(self) -> Path:
        return self.project.folder / "clone"

    def python(self, user: int) -> list[str]:
        before = as_user.words(self.clone, user, [] if user == EVE else [GROUP])
        return [*before, as_user.python(self.clone)]

    def well(self, user: int, *words: str, **variables: str) -> str:
        done = self.run(user, *words, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    if os.geteuid() != 0:
        pytest.skip("to be two users takes root")
    folder = Path(tempfile.mkdtemp(prefix="trop-users-"))
    folder.chmod(0o755)
    try:
        project = Project(folder, monkeypatch)
        project.make()
        project.faults({})
        shutil.rmtree(project.state)
        made = re.search(
            r"`(install -d -m 2770 -g GROUP) /srv/trop`", (ROOT / "README.md").read_text(encoding="utf-8")
        )
        assert made
        subprocess.run([*made[1].replace("GROUP", str(GROUP)).split(), str(project.state)], check=True)
        (folder / "world.json").chmod(0o666)
        for user in (ANN, BEN, EVE):
            (folder / f"home{user}").mkdir()
            os.chown(folder / f"home{user}", user, user)
        desk = Desk(project)
        desk.clone.mkdir()
        yield desk
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("umask", ["022", "077"])
def test_two_users_preview_and_update_one_stack_in_turn(desk: Desk, umask: str) -> None:
    mask = int(umask, 8)
    desk.run(ANN, "stack", "init", "trop02", umask=mask)
    assert desk.project.state_file.stat().st_uid == ANN
    for turn, user in enumerate((ANN, BEN, ANN, BEN)):
        variables = {"TROP_MEMORY": str(1024 * (1 + turn))}
        assert "Resources:" in desk.well(user, "preview", **variables)
        done = desk.run(user, "up", "--yes", umask=mask, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        assert desk.project.state_file.stat().st_uid == user
        assert locks_of(desk.project) == []
        other = ANN if user == BEN else BEN
        desk.well(other, "preview", "--expect-no-changes", **variables)
    assert desk.well(ANN, "stack", "history").count("Updated ") == 4
    desk.well(BEN, "state", "unprotect", "--all", "--yes")
    desk.well(ANN, "destroy", "--yes")
    desk.well(BEN, "stack", "rm", "--yes")


def test_who_is_not_in_the_group_is_told_in_one_line_and_sees_nothing(desk: Desk) -> None:
    desk.well(ANN, "stack", "init", "trop02")
    desk.well(ANN, "up", "--yes", "--skip-preview")
    for path in desk.project.state.rglob("*"):
        assert not path.stat().st_mode & stat.S_IRWXO, path
    done = desk.run(EVE, "preview")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.endswith(": Permission denied\n")
    assert done.stderr.count("\n") == 1


def test_the_lock_of_another_user_who_works_is_seen(desk: Desk) -> None:
    desk.well(ANN, "stack", "init", "trop02")
    folder = desk.project.state / ".pulumi/locks/organization/trop/trop02"
    holding = f"""
import pathlib, sys
from engine.state import locks
with locks.held(pathlib.Path({str(folder)!r})):
    print("held", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [*desk.python(ANN), "-c", holding], env=os.environ | {"PYTHONPATH": str(desk.clone), "USER": "ann"}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, umask=0o022,
    ) as ann:  # fmt: skip
        assert ann.stdout is not None
        assert ann.stdout.readline() == "held\n"
        done = desk.run(BEN, "up", "--yes")
        assert done.returncode == 1
        assert f"created by ann@{os.uname().nodename} (pid {ann.pid})" in done.stderr
        assert desk.run(BEN, "cancel", "--yes").returncode == 1
    desk.well(BEN, "up", "--yes", "--skip-preview")


def test_elsewhere_a_file_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        atomic.write(tmp_path / "a/b/file", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a/b/file").stat().st_mode) == 0o600
