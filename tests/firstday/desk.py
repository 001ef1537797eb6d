"""A clone on the hypervisor itself, in which lines are typed as they stand in README and its pages."""

from __future__ import annotations

import os
import pty
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from cli import ROOT
from tests.firstday import readme

_NOT_CLONED: Final = (".git", ".venv", "tests", ".mypy_cache", ".ruff_cache", ".pytest_cache")
_PATIENCE: Final = 300  # seconds for one line
SMALL: Final = {"memory": 128, "vcpu": 1}
STACK: Final = "Pulumi.trop02.yaml"
FLEET: Final = "config/fleet.yaml"


@dataclass(frozen=True)
class Done:
    """What a line came to; ``text`` is all that it said, in the order in which it came."""

    code: int
    text: str

    def line(self, start: str) -> str:
        """The first line that begins so, but for blanks."""
        return next(line.strip() for line in self.text.splitlines() if line.strip().startswith(start))


@dataclass
class Desk:
    folder: Path
    environment: dict[str, str]
    typed: list[str] = field(default_factory=list)  # lines of README and its pages, as they stand there

    def clone(self) -> None:
        """The stack with two small VMs: a whole trop02 takes this machine minutes without KVM."""
        shutil.copytree(ROOT, self.folder, ignore=shutil.ignore_patterns(*_NOT_CLONED), symlinks=True)
        (self.folder / ".venv").symlink_to(ROOT / ".venv")
        self.declare(Acilamwen=SMALL, Ulov=SMALL)

    def readme(self, line: str, more: str = "", **instead: str) -> Done:
        """A line of README or its pages, with ``more`` words behind it, and what is left open there put in."""
        assert line in readme.all_commands(), f"no page has the line {line}"
        self.typed.append(line)
        real = line.replace(" --lab", "")
        for word, other in instead.items():
            real = real.replace(word, other)
        return self.type(f"{real} {more}".strip())

    def well(self, line: str, more: str = "", **instead: str) -> Done:
        """Such a line that works."""
        done = self.readme(line, more, **instead)
        assert done.code == 0, f"{line}\n{done.text}"
        return done

    def up(self, more: str = "") -> Done:
        """The line of README itself, answered beforehand."""
        return self.well("./trop up trop02", f"--yes --skip-preview {more}".strip())

    def unchanged(self) -> None:
        done = self.type("./trop preview trop02 --expect-no-changes")
        assert done.code == 0, done.text

    def type(self, line: str) -> Done:
        """Any line, in a shell; an `export` holds for all that follow."""
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            self.environment[name] = value
            return Done(0, "")
        done = subprocess.run(
            ["bash", "-c", line], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=_PATIENCE,
        )  # fmt: skip
        assert "Traceback" not in done.stdout, f"{line}\n{done.stdout}"
        return Done(done.returncode, done.stdout)

    def answered(self, line: str, answer: str, more: str = "") -> Done:
        """Such a line at a terminal, with what is typed when it asks."""
        assert line in readme.all_commands(), f"no page has the line {line}"
        self.typed.append(line)
        ours, its = pty.openpty()
        with subprocess.Popen(
            ["bash", "-c", f"{line} {more}"], cwd=self.folder, env=self.environment, stdin=its, stdout=its, stderr=its,
            start_new_session=True,
        ) as process:  # fmt: skip
            os.close(its)
            said = ""
            while part := _read(ours):
                said += part
                if answer and said.endswith("[yes/no/details] "):
                    os.write(ours, f"{answer}\n".encode())
                    answer = ""
        os.close(ours)
        return Done(process.returncode, said)

    def declare(self, **vms: Any) -> None:
        """The VMs of the stack's file, as an editor would leave it."""
        content = self.settings()
        content["config"]["trop:vms"] = {name: dict(own) for name, own in vms.items()}
        (self.folder / STACK).write_text(yaml.safe_dump(content), encoding="utf-8")

    def settings(self) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load((self.folder / STACK).read_text(encoding="utf-8"))
        return found

    def edit(self, file: str, before: str, after: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert len(re.findall(before, text)) == 1, f"{file}: {before}"
        path.write_text(re.sub(before, after, text), encoding="utf-8")

    def backups(self) -> list[Path]:
        """The copies of the state, the newest last."""
        return sorted((self.state / "backups/trop/trop02").glob("*.json"))

    @property
    def state(self) -> Path:
        return Path(self.environment["HOME"], ".pulumi")

    @property
    def state_file(self) -> Path:
        return self.state / "stacks/trop/trop02.json"


def quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _read(terminal: int) -> str:
    try:
        return os.read(terminal, 65536).decode(errors="replace")
    except OSError:  # its other end is closed
        return ""
