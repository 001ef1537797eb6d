"""A clone of the repository on a machine beside the lab's hypervisor, with a home, keys and known hosts of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

import config
from cli import ROOT
from cli.lab.host import host_facts
from cli.lab.stack import EMULATION
from config.read import stack_file
from lab.hypervisor import Lab
from tests.done import Done
from tests.lab import remote_server
from tests.lab.stage import short_folder, started_by

STACK: Final = "trop02"
FILE: Final = f"Pulumi.{STACK}.yaml"
KEYS: Final = {"good": "", "refused": "", "locked": "a passphrase"}
# Where a user of the hypervisor itself finds a clone, and the Python packages that it needs.
ON_HOST: Final = "/srv/trop"
_PACKAGES_ON_HOST: Final = "/srv/venv"
_LEFT_OUT: Final = (
    ".git",
    ".venv",
    "tests",
    "docs",
    "*_cache",
    "mypy*",
    "*__mypyc*",
    "debugpy",
    "pip",
    "ruff*",
)
# ssh goes by the home that the machine's list of users gives, not by HOME.
_AT_HOME: Final = 'mount --bind "$0" /etc/passwd && exec "$@"'


@dataclass
class Remote:
    """``folder`` holds all: lab, clone, home, state."""

    folder: Path
    lab: Lab

    @property
    def clone(self) -> Path:
        return self.folder / "trop"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "home/.ssh/known_hosts"

    def key(self, name: str) -> Path:
        return self.folder / "home/.ssh" / name

    def ssh(self, user: str = "operator", key: str = "good", more: str = "") -> str:
        """The URI by ssh, with one of KEYS."""
        return f"qemu+ssh://{user}@{remote_server.LISTENS}/system?keyfile={self.key(key)}{more}"

    @property
    def tls(self) -> str:
        return f"qemu+tls://{remote_server.LISTENS}/system?pkipath={self.folder / 'home/pki'}"

    def set(self, clone: Path, **settings: Any) -> None:
        """Settings of the stack's file in a clone, as an operator would with an editor."""
        path = clone / FILE
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content["config"] |= {name.replace("__", ":"): value for name, value in settings.items()}
        path.write_text(yaml.safe_dump(content), encoding="utf-8")

    def hold(self, clone: Path, holder: str) -> None:
        """float1 is that VM's in the fleet's file of a clone."""
        path = clone / "config/fleet.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content["floats"]["members"]["float1"]["holder"] = holder
        path.write_text(yaml.safe_dump(content), encoding="utf-8")

    def trop(self, *words: str, state: str = "state", terminal: bool = False, **environment: str) -> Done:
        """`./trop` beside the hypervisor, to its end; with terminal at one, at which nobody types anything."""
        command = [sys.executable, "-P", "-m", "cli", *words]
        there = ["unshare", "--mount", "sh", "-c", _AT_HOME, str(self.folder / "passwd"), *command]
        settings = _environment(self.folder / state, self.clone, self.folder / "home") | environment
        if terminal:
            return self._at_terminal(there, settings)
        done = self.lab.beside(
            there, cwd=self.clone, env=settings, stdin=subprocess.DEVNULL, capture_output=True, timeout=300
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def _at_terminal(self, command: list[str], settings: dict[str, str]) -> Done:
        ours, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (50, 1000))  # wide enough for a line to be shown whole
        seen = self.folder / "terminal"
        with (
            seen.open("wb") as file,
            subprocess.Popen(["cat"], stdin=ours, stdout=file, stderr=subprocess.DEVNULL) as reader,
        ):
            try:
                done = self.lab.beside(
                    ["setsid", "--ctty", "--wait", *command], cwd=self.clone, env=settings,
                    stdin=theirs, stdout=theirs, stderr=theirs, timeout=300,
                )  # fmt: skip
            finally:
                os.close(theirs)
                reader.wait(30)  # which ends with the terminal's last user
                os.close(ours)
        return Done(done.returncode, seen.read_text(encoding="utf-8"), "")

    def on_host(self, user: str, *words: str) -> Done:
        """`./trop` on the hypervisor itself, as one of its users, in the clone that is there."""
        home = Path("/home", user)
        settings = _environment(home / "state", Path(ON_HOST), home)
        number = str(remote_server.USERS[user])
        be = ["setpriv", "--reuid", number, "--regid", number, "--init-groups"]
        python = f"{_PACKAGES_ON_HOST}/bin/python"
        command = [*be, "env", "-C", ON_HOST, python, "-P", "-m", "cli", *words]
        done = self.lab.run(command, env=settings, stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
        return Done(done.returncode, done.stdout, done.stderr)

    def put_on_host(self) -> Path:
        """The clone, its packages and, for the operator, its state; the clone there, as this machine sees it."""
        left_out = shutil.ignore_patterns(*_LEFT_OUT)
        there = self.lab.path(ON_HOST)
        shutil.copytree(self.clone, there, symlinks=True)
        shutil.copytree(sys.prefix, self.lab.path(_PACKAGES_ON_HOST), symlinks=True, ignore=left_out)
        state = "/home/operator/state"
        shutil.copytree(self.folder / "state", self.lab.path(state))
        for folder in (state, ON_HOST):
            done = self.lab.run(["chown", "-R", "operator:operator", folder])
            assert done.returncode == 0
        return there

    def left(self) -> list[str]:
        """Command lines of what was started to reach the hypervisor and is still there, on either side."""
        here = [line for line in started_by(self.folder) if "/.ssh/" in line]
        for path in self.lab.path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            except OSError:
                continue
            if "virt-ssh-helper" in line or line.startswith("sshd: "):
                here.append(line)
        return [line for line in here if "[listener]" not in line]

    def locks(self, state: str) -> list[str]:
        return [str(path) for path in (self.folder / state).rglob("locks/**/*.json")]

    @contextmanager
    def stopped(self, pid_file: str) -> Iterator[None]:
        """A daemon of the hypervisor says nothing meanwhile."""
        signal = 'kill -"$0" "$(cat "$1")"'
        self.lab.run(["sh", "-c", signal, "STOP", pid_file], check=True)
        try:
            yield
        finally:
            self.lab.run(["sh", "-c", signal, "CONT", pid_file], check=True)


def _environment(state: Path, clone: Path, home: Path) -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
    return kept | {
        "HOME": str(home),
        "PYTHONPATH": str(clone),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "remote",
        "PULUMI_HOME": str(home / ".pulumi"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "NO_COLOR": "1",
    }


@contextmanager
def remote(*vms: str) -> Iterator[Remote]:
    """A hypervisor with these VMs declared, and nothing made yet; all is taken away afterwards."""
    facts = host_facts(config.load(STACK, stack_file(ROOT / FILE), ROOT, FILE))
    with short_folder() as folder:
        made = Remote(folder, Lab(STACK, replace(facts, shared=True), root=folder))
        try:
            made.lab.up()
            _furnish(made, vms)
            yield made
        finally:
            made.lab.down(purge=True)


def _furnish(made: Remote, vms: tuple[str, ...]) -> None:
    shutil.copytree(ROOT, made.clone, symlinks=True, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    made.known_hosts.parent.mkdir(parents=True, mode=0o700)
    keys = {name: remote_server.make_key(made.key(name), phrase) for name, phrase in KEYS.items()}
    remote_server.make_users(made.lab, [keys["good"], keys["locked"]])
    made.known_hosts.write_text(remote_server.start_sshd(made.lab), encoding="ascii")
    users = Path("/etc/passwd").read_text(encoding="utf-8").splitlines()
    fields = [line.split(":") for line in users]
    own = [[*f[:5], str(made.folder / "home"), *f[6:]] if f[0] == "root" else f for f in fields]
    (made.folder / "passwd").write_text("".join(":".join(f) + "\n" for f in own), encoding="utf-8")
    pki = made.folder / "home/pki"
    pki.mkdir()
    for name in ("cacert.pem", "clientcert.pem", "clientkey.pem"):
        shutil.copy(made.lab.state / "etc/pki" / name, pki)
    made.set(
        made.clone, libvirt__uri=made.ssh(), trop__vms={vm: {} for vm in vms}, trop__emulation=dict(EMULATION)
    )
    for state in ("state", "other"):
        (made.folder / state).mkdir()
        done = made.trop("stack", "init", STACK, state=state)
        assert done.code == 0, done.text
