"""A machine of another release: apart from this one in all it does, and gone with whoever started it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from cli import ROOT
from lab.facts import LabError
from lab.machine.machine import MARK, machine
from tests import needs
from tests.lab.stage import started_by

pytestmark = pytest.mark.lab

# Starts a machine, says that it is there, and waits to be killed.
HOLDER = """
import sys, time
from pathlib import Path
from lab.machine.machine import machine
with machine("bare", Path(sys.argv[1]), Path(sys.argv[2])) as there:
    there.run(["busybox", "sh", "-c", "sleep 600 & echo there"])
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The least that a root file system can be: busybox, and the programs by which commands come in."""
    needs.tool("slirp4netns")
    source = Path(needs.tool("busybox"))
    root = tmp_path_factory.mktemp("bare")
    for folder in ("bin", "dev", "etc", "proc", "root", "run", "sys", "tmp"):
        (root / folder).mkdir()
    for path in [source, *_libraries(source)]:
        (root / str(path).lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, root / str(path).lstrip("/"))
    if not (root / "bin/busybox").exists():
        (root / "bin/busybox").symlink_to(source)
    for name in ("cat", "env", "hostname", "ip", "ls", "readlink", "sh", "sleep", "wc"):
        (root / "bin" / name).symlink_to("/bin/busybox")
    target = root.with_suffix(".tar")
    with tarfile.open(target, "w") as tar:
        tar.add(root, ".")
    return target


def _libraries(program: Path) -> list[Path]:
    told = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    return [Path(word) for word in told.split() if word.startswith("/")]


def test_it_has_a_name_processes_devices_and_a_network_of_its_own(bare: Path, tmp_path: Path) -> None:
    with machine("bare", bare, tmp_path) as there:
        script = "hostname; readlink /proc/self/ns/net; cat /proc/net/dev | wc -l; ls /dev/kvm 2>&1"
        script += "; ls -d /proc/[0-9]* | wc -l; env; ip -4 -o addr"
        told = there.must(["busybox", "sh", "-c", script])
        assert there.must(["cat", str(MARK)]) == "bare: made by lab.machine, gone with the run that made it\n"
    here = os.readlink("/proc/self/ns/net")
    lines = told.splitlines()
    assert lines[0] == "bare"
    assert lines[3] == "ls: /dev/kvm: No such file or directory"
    assert int(lines[4]) < 10
    assert "PYTHONPATH" not in told
    assert "10.0.2.100/24" in told
    assert here not in told
    assert not started_by(tmp_path)
    assert not list((tmp_path / "machines").glob("run.*"))


def test_a_command_that_fails_is_one_line_with_its_last_words(bare: Path, tmp_path: Path) -> None:
    with machine("bare", bare, tmp_path) as there, pytest.raises(LabError) as told:
        there.must(["busybox", "sh", "-c", "echo first >&2; echo last >&2; exit 3"])
    assert re.fullmatch("bare: busybox sh -c .*: last", str(told.value))


def test_killed_with_all_its_processes_when_its_starter_is_killed(bare: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(bare), str(tmp_path)],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == "there\n"
        assert len(started_by(tmp_path)) >= 2
        holder.send_signal(signal.SIGKILL)
    (left,) = (tmp_path / "machines").glob("run.*")
    with machine("bare", bare, tmp_path) as there:
        assert not left.exists()
        assert there.root.parent.exists()
    assert not started_by(tmp_path)


def test_an_archive_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_text("no archive" * 1000)
    with (
        pytest.raises(LabError, match=r"x\.tar can't be unpacked"),
        machine("x", tmp_path / "x.tar", tmp_path),
    ):
        pass
    assert not list((tmp_path / "machines").glob("run.*"))
