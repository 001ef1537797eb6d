"""A stack at which whole command lines are typed, each at a fresh copy; outside of its folder nothing is changed."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from engine import app
from engine.state import secrets
from tests.engine.conftest import CREATED, PASSPHRASE, RECORDINGS

_CHANGES = {"os.rename": 2, "os.link": 2, "os.symlink": 2} | dict.fromkeys(
    ("os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "os.chown", "os.utime"), 1
)  # audit events, and how many paths each begins with
_NEVER = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect")


class Asked(BaseException):
    """A provider was to be started: as far as a command line alone can come."""


class Reached(BaseException):
    """Something was started, or somebody was called."""


class Wall:
    """While it stands, all outside of its folder is as for somebody who may only read."""

    def __init__(self, folder: Path) -> None:
        self._inside = os.path.realpath(folder)
        self._stands = False
        sys.addaudithook(self._note)  # for as long as the process lives

    @contextlib.contextmanager
    def stands(self) -> Iterator[None]:
        self._stands = True
        try:
            yield
        finally:
            self._stands = False

    def _note(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._stands:
            return
        if event in _NEVER:
            raise Reached(f"{event} {args!r}")
        if event == "open":
            writes = isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            paths: Sequence[Any] = args[:1] if writes else ()
        else:
            paths = args[: _CHANGES.get(event, 0)]
        for path in paths:
            self._check(path)

    def _check(self, path: Any) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        place = os.path.realpath(os.fsdecode(path))
        inside = place == self._inside or place.startswith(f"{self._inside}/")
        if not inside and place != os.devnull and "__pycache__" not in place:
            raise PermissionError(13, "Permission denied", os.fsdecode(path))


class Desk:
    """``run``: one command line, as in a shell of its own."""

    def __init__(self, folder: Path) -> None:
        self._first, self._folder = folder / "desk.first", folder / "desk"
        self._wall = Wall(self._folder)
        project, state = self._first / "project", self._first / "state/.pulumi"
        (state / "stacks/trop").mkdir(parents=True)
        project.mkdir()
        shutil.copy(RECORDINGS / "program/Pulumi.yaml", project)
        shutil.copy(RECORDINGS / "00-stack-init/Pulumi.trop02.yaml", project)
        shutil.copy(RECORDINGS / "15-import/11-cli-file.resources.json", project / "resources.json")
        (project / "__main__.py").write_text("raise SystemExit('the program was run')\n")
        (state / "meta.yaml").write_text("version: 1\n")
        shutil.copy(CREATED, state / "stacks/trop/trop02.json")

    def run(
        self, words: Sequence[str], environment: Mapping[str, str], typed: bytes = b""
    ) -> tuple[int, str, str]:
        """Exit code, standard output and standard error; what can't be shown in UTF-8 breaks on the output only."""
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(self._first, self._folder)
        own = {
            "PULUMI_BACKEND_URL": f"file://{self._folder / 'state'}", "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_HOME": str(self._folder / "home"), "PULUMI_STACK": "trop02", "HOME": str(self._folder),
        }  # fmt: skip
        if "PULUMI_CONFIG_PASSPHRASE_FILE" in environment:
            del own["PULUMI_CONFIG_PASSPHRASE"]
        out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
        err = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace", write_through=True)
        with (
            mock.patch.dict(os.environ, own | environment),
            mock.patch.object(secrets, "_cipher", _quick_cipher),
            mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed), "utf-8")),
            contextlib.chdir(self._folder / "project"),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            self._wall.stands(),
        ):
            code = _code_of([*words, "--non-interactive"])
        return code, *(stream.buffer.getvalue().decode() for stream in (out, err))  # type: ignore[attr-defined]


def _code_of(words: list[str]) -> int:
    def asked(*_: Any) -> Any:
        raise Asked

    try:
        return app.main(words, providers={"libvirt": asked})
    except Asked:
        return 0


_real_cipher = secrets._cipher
_RECORDED = "UlVvmW74FYY="  # the salt of the recorded stack, whose secrets are to open


def _quick_cipher(passphrase: str, raw_salt: str) -> Any:
    """A key of one round: half a second for each new stack would be most of the time."""
    rounds = secrets.ROUNDS if (passphrase, raw_salt) == (PASSPHRASE, _RECORDED) else 1
    with mock.patch.object(secrets, "ROUNDS", rounds):
        return _real_cipher(passphrase, raw_salt)
