"""A machine of a release, from start to end: its processes, mounts, network and name are its own.

It ends, whatever happens, with whoever started it; what is left of a run that was killed is removed by the next one.
"""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from lab.facts import LabError
from lab.machine import reach

# What slirp4netns gives the machine: an address behind this machine's own, and a way to its resolver.
_RESOLVER: Final = "10.0.2.3"
_SLIRP: Final = ("slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback")
# Downloaded packages stay from one machine of a release to the next, as a mirror near by would have them.
_CACHED: Final = {"archives": "/var/cache/apt/archives", "pip": "/root/.cache/pip"}
# Nothing else writes this file: what changes a machine's own libvirt and network looks for it first.
MARK: Final = Path("/etc/trop-machine")


class Machine:
    """One that runs: made by `machine`."""

    def __init__(self, name: str, root: Path, first: int) -> None:
        self.name, self.root, self._first = name, root, first

    def run(
        self,
        args: Sequence[str],
        *,
        folder: str = "/root",
        more: Mapping[str, str] | None = None,
        **options: Any,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine, in a fresh login's environment and `more`. options as subprocess.run's."""
        words = [f"{key}={value}" for key, value in (reach.environment() | dict(more or {})).items()]
        enter = ["nsenter", "-t", str(self._first), "--mount", "--net", "--pid", "--uts", "--ipc"]
        line = [*enter, f"--wdns={folder}", "--", "env", "-i", *words, *args]
        return subprocess.run(line, **{"text": True, "check": False, **options})

    def must(self, args: Sequence[str], **options: Any) -> str:
        """What the command printed. Raises LabError with the last line of what it said when it fails."""
        done = self.run(args, capture_output=True, **options)
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip() or str(done.returncode)).splitlines()
            raise LabError(f"{self.name}: {' '.join(args)}: {said[-1]}")
        return str(done.stdout)


@contextlib.contextmanager
def machine(name: str, archive: Path, cache: Path) -> Iterator[Machine]:
    """A machine of that name with the root file system in the archive. Raises LabError if it can't be."""
    with unpacked(archive, cache) as root, contextlib.ExitStack() as ends:
        _settle(root, name)
        shown = {str(cache / "machines" / f"{kind}-{name}"): place for kind, place in _CACHED.items()}
        for source in shown:
            Path(source, "partial").mkdir(parents=True, exist_ok=True)
        first = ends.enter_context(_first({"root": str(root), "name": name, "shown": shown}))
        ends.enter_context(_network(first))
        made = Machine(name, root, first)
        if (root / "usr/sbin/update-ca-certificates").exists():
            made.must(["update-ca-certificates"])
        yield made


@contextlib.contextmanager
def unpacked(archive: Path, cache: Path) -> Iterator[Path]:
    """The root file system in the archive, for a while."""
    with _folder(cache / "machines") as folder:
        root = folder / "root"
        root.mkdir()
        done = subprocess.run(
            ["tar", "--numeric-owner", "-xpf", str(archive), "-C", str(root)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise LabError(f"{archive} can't be unpacked: {done.stderr.strip().splitlines()[-1]}")
        yield root


@contextlib.contextmanager
def _folder(place: Path) -> Iterator[Path]:
    """A folder of its own in place, held by a lock; those of runs that are gone are removed."""
    place.mkdir(parents=True, exist_ok=True)
    for left in place.glob("run.*/"):
        with contextlib.suppress(OSError), _held(left):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="run.", dir=place))
    with _held(folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Raises OSError where somebody else holds it."""
    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(number)


def _settle(root: Path, name: str) -> None:
    (root / "etc/hostname").write_text(f"{name}\n")
    (root / str(MARK).lstrip("/")).write_text(
        f"{name}: made by lab.machine, gone with the run that made it\n"
    )
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {name}\n")
    resolver = root / "etc/resolv.conf"
    resolver.unlink(missing_ok=True)
    resolver.write_text(f"nameserver {_RESOLVER}\n")
    reach.copy_files(root)


@contextlib.contextmanager
def _first(spec: Mapping[str, Any]) -> Iterator[int]:
    """The machine's first process, by its PID here; it ends with its input."""
    program = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(
        [sys.executable, "-m", "lab.machine.first", json.dumps(spec)],
        cwd=program,
        env={**os.environ, "PYTHONPATH": str(program)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        number, answer = process.stdout.readline().strip(), process.stdout.readline().strip()
        if answer != "ready":
            raise LabError(f"{spec['name']} did not start: {answer.removeprefix('failed: ') or 'no answer'}")
        yield int(number)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


@contextlib.contextmanager
def _network(first: int) -> Iterator[None]:
    """A way out of the machine's network by this machine's sockets, for packages; nothing here is changed for it."""
    read_end, write_end = os.pipe()  # it ends with the write end
    ready, told = os.pipe()
    try:
        process = subprocess.Popen(
            [*_SLIRP, f"--exit-fd={read_end}", f"--ready-fd={told}", str(first), "tap0"],
            pass_fds=(read_end, told),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
    except FileNotFoundError:
        raise LabError("slirp4netns is missing; install it with: apt-get install slirp4netns") from None
    finally:
        os.close(read_end)
        os.close(told)
    try:
        if os.read(ready, 1) != b"1":
            assert process.stderr is not None
            raise LabError(f"the machine has no network: {process.stderr.read().strip()}")
        yield
    finally:
        os.close(ready)
        os.close(write_end)
        process.wait()
