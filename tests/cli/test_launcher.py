"""The launcher, with a stand-in for Python that writes down what it is asked to do."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PYTHON = """#!/bin/sh
echo "$*" >>"$LOG"
case "$*" in
*"-m venv"*) for last; do :; done; rm -rf "$last"; mkdir -p "$last/bin"; cp "$0" "$last/bin/python" ;;
*"-m pip"*) [ -z "$PIP_FAILS" ] || exit 1 ;;
*"-P -m cli"*) echo "in $PWD with $PYTHONPATH" ;;
*version_info*) [ -z "$TOO_OLD" ] || exit 1 ;;
esac
"""
NOTHING = "#!/bin/sh\nexit 0\n"


class Clone:
    """A clone with a launcher and a lock, and a PATH on which Python, gcc and the like are stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.root, self.bin, self.log = folder / "clone", folder / "bin", folder / "log"
        self.root.mkdir()
        self.bin.mkdir()
        shutil.copy(ROOT / "trop", self.root)
        (self.root / "requirements.lock").write_text("one==1\n")
        for name, text in (("python3", PYTHON), ("gcc", NOTHING), ("pkg-config", NOTHING)):
            self.put(name, text)

    def put(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def run(
        self, *words: str, cwd: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        settings = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "TROP_PYTHON": str(self.bin / "python3"),
            "LOG": str(self.log),
        }
        return subprocess.run(
            [str(self.root / "trop"), *words],
            cwd=cwd or self.root,
            env=settings | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self) -> list[str]:
        """What Python was asked to do since the last time: venv, pip, cli.bytecode or cli."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [
            word
            for line in lines
            for word in ("venv", "pip", "cli.bytecode", "cli")
            if f"-m {word} " in f"{line} "
        ]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_the_environment_is_made_once(clone: Clone) -> None:
    assert clone.run("setup").returncode == 0
    assert clone.calls() == ["venv", "pip", "cli.bytecode", "cli"]
    assert clone.run("setup").returncode == 0
    assert clone.calls() == ["cli"]


def test_an_environment_that_was_not_finished_is_made_again(clone: Clone) -> None:
    broken = clone.run("setup", PIP_FAILS="yes")
    assert broken.returncode == 1
    assert "could not install" in broken.stderr
    clone.calls()
    assert clone.run("setup").returncode == 0
    assert clone.calls() == ["venv", "pip", "cli.bytecode", "cli"]


def test_a_changed_lock_makes_the_environment_anew(clone: Clone) -> None:
    clone.run("setup")
    clone.calls()
    (clone.root / "requirements.lock").write_text("one==2\n")
    clone.run("setup")
    assert clone.calls() == ["venv", "pip", "cli.bytecode", "cli"]


def test_it_works_from_any_folder_and_through_a_link(clone: Clone, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere"
    link.mkdir()
    (link / "trop").symlink_to(clone.root / "trop")
    clone.run("setup")
    done = subprocess.run(
        [str(link / "trop"), "preview"], cwd=link, env={"PATH": os.environ["PATH"], "LOG": str(clone.log)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == f"in {link} with {clone.root}\n"


def test_a_missing_package_is_named_to_an_operator_who_is_not_root(clone: Clone) -> None:
    clone.put("id", "#!/bin/sh\necho 1000\n")
    clone.put("pkg-config", "#!/bin/sh\nexit 1\n")
    done = clone.run("setup")
    assert done.returncode == 1
    assert done.stderr.startswith(
        "trop: some system packages are missing; install them and try again: sudo apt-get"
    )
    assert "libvirt-dev" in done.stderr
    assert clone.calls() == []


def test_a_python_that_is_too_old_is_said_to_be(clone: Clone) -> None:
    clone.put("apt-get", NOTHING)
    clone.put("id", "#!/bin/sh\necho 0\n")
    done = clone.run("setup", TOO_OLD="yes")
    assert done.returncode == 1
    assert "Python 3.11 or newer with ssl and venv is needed" in done.stderr
    assert "TROP_PYTHON=" in done.stderr
