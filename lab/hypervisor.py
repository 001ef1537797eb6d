"""A throwaway hypervisor: real libvirtd, dnsmasq and QEMU in namespaces of their own on this machine.

A lab is its processes: process 1 of a PID namespace (see first_process.py) and what it started. There is no pid file,
no named namespace and no mount that the machine could see, so there is nothing to go stale: a lab runs exactly while a
process with its command line does that has its very state folder in sight, and that holds the lock on it. Between runs
only this folder is left, which is to the lab what its disks are to a host: the next `up` is a boot.
"""

import contextlib
import dataclasses
import fcntl
import json
import os
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from lab import debian, guests, hold, image, libvirtd_conf, processes
from lab.facts import HostFacts, LabError
from lab.guests import Guest
from lab.processes import Begun

_PATIENCE = 60  # seconds for a libvirtd to come up that has to look at QEMU's capabilities anew
_LONGEST_SOCKET = 99
PROGRAMS = "TROP_LAB_PROGRAMS"  # names a root file system whose libvirtd, QEMU and all else labs are to have

# What a lab's base image can be, by the word that chooses it; the first unless another is asked for.
IMAGES = {"tiny": image.build, **{name: kind.build for name, kind in debian.KINDS.items()}}


@dataclass(frozen=True)
class Status:
    """What `trop lab status` shows; unknown is what libvirtd does not tell, a line each."""

    running: bool
    uri: str
    socket: Path
    guests: tuple[Guest, ...] = ()
    unknown: tuple[str, ...] = ()


class Lab:
    """One throwaway hypervisor, by its name and the folder that labs are kept in."""

    def __init__(self, name: str, facts: HostFacts, *, root: Path | None = None, cache: Path | None = None):
        """root and cache default to TROP_LAB_ROOT and TROP_LAB_CACHE, then to folders below /var."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", name):
            raise LabError(f"{name!r} is no name for a lab: letters, digits and hyphens")
        self.name = name
        self.facts = facts
        self.root = (root or Path(os.environ.get("TROP_LAB_ROOT", "/var/lib/trop-lab"))).resolve()
        self.cache = (cache or Path(os.environ.get("TROP_LAB_CACHE", "/var/cache/trop-lab"))).resolve()
        self.state = self.root / name
        self.socket = self.state / "run" / "libvirt-sock"
        self.uri = f"qemu+unix:///system?socket={self.socket}"
        if len(str(self.socket)) > _LONGEST_SOCKET:
            raise LabError(f"{self.socket}: too long for a socket; set TROP_LAB_ROOT to a shorter folder")

    def up(self, guest: str = "") -> Begun | None:
        """Start the lab, or do nothing if it runs. Ended halfway, by an error or a signal, it leaves no process.

        guest is one of IMAGES; without it the lab has the guests that it was made with. Returns how the lab was begun
        that it has found running, None if it has started it.
        """
        kind = self._kind(guest)
        if os.geteuid() != 0:
            raise LabError("a lab needs root: namespaces, bridges and mounts are made for it")
        with self._lock():
            if begun := self.begun:
                return begun
            self._refuse_unseen()
            self._prepare(kind)
            try:
                self._boot()
            except BaseException:
                self._end_all()
                raise
            self._keep_capabilities()
        return None

    def down(self, *, purge: bool = False) -> None:
        """Stop every guest at once, and take the lab away; with purge its disks and definitions too."""
        with self._lock():
            self._end_all()
            self._refuse_unseen()
            shutil.rmtree(self.state / "run", ignore_errors=True)
            if purge and self.state.exists():
                shutil.rmtree(self.state)

    @property
    def base(self) -> Path:
        """The base image of its guests, as this machine sees it."""
        return self.state / "base" / self.facts.base_image

    @property
    def guest(self) -> str:
        """Of IMAGES, the one that its guests stand on; the first if it was never started."""
        with contextlib.suppress(OSError):
            return str(json.loads((self.state / "lab.json").read_text()).get("guest", next(iter(IMAGES))))
        return next(iter(IMAGES))

    def _kind(self, asked: str) -> str:
        """What guests it is to have. Raises LabError if that can't be."""
        if asked and asked not in IMAGES:
            raise LabError(f"there is no guest {asked!r} for a lab: {' or '.join(IMAGES)}")
        if asked and asked != self.guest and (self.state / "lab.json").exists():
            raise LabError(
                f"the lab {self.name} has {self.guest} guests; to make it anew: ./trop lab down {self.name} --purge"
            )
        return asked or self.guest

    @property
    def running(self) -> bool:
        """Whether the lab's first process is there; its socket's file may outlive it."""
        return processes.first(self.state) is not None

    @property
    def begun(self) -> Begun | None:
        """How it was started; None where it does not run."""
        first = processes.first(self.state)
        return None if first is None else processes.begun(first)

    def status(self) -> Status:
        """The guests with their states and leases, or that the lab doesn't run. Raises LabError without libvirtd."""
        if not self.running:
            return Status(False, self.uri, self.socket)
        with guests.connection(self.uri) as host:
            return Status(True, self.uri, self.socket, *guests.of(host))

    def console(self, vm: str) -> int:
        """Attach this terminal to the guest's serial console until Ctrl-]. Returns virsh's exit code."""
        return subprocess.run(["virsh", "-c", self.uri, "console", vm], check=False).returncode

    def run(self, args: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command on the lab's hypervisor: its processes, files and network. options as subprocess.run's."""
        first = self._running()
        enter = ["nsenter", "-t", str(first), "--mount", "--net", "--pid", "--uts", "--ipc", "--wdns=/"]
        return _run([*enter, "--", *args], options)

    def campus(self, args: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command of this machine, with this machine's files, in the network beyond the gateway."""
        return self._beside("root/run/netns/campus", args, options)

    def beside(self, args: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command of this machine, with this machine's files, in the hypervisor's own network."""
        return self._beside("ns/net", args, options)

    def path(self, inside: str) -> Path:
        """Where this machine sees a file of the running lab, given by its absolute path there."""
        return Path(f"/proc/{self._running()}/root{inside}")

    def _beside(
        self, network: str, args: Sequence[str], options: dict[str, Any]
    ) -> subprocess.CompletedProcess[str]:
        return _run(["nsenter", f"--net=/proc/{self._running()}/{network}", "--", *args], options)

    def _running(self) -> int:
        first = processes.first(self.state)
        if first is None:
            raise LabError(f"the lab {self.name} is not up")
        return first

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One up or down of this lab at a time, by a lock on the folder that labs are kept in."""
        self.root.mkdir(parents=True, exist_ok=True)
        folder = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _end_all(self) -> None:
        for pid in processes.find(self.state):
            processes.end(pid)

    def _refuse_unseen(self) -> None:
        """Raises LabError if the lab runs where its processes can't be seen: a container with the same folder, say."""
        if not hold.is_free(self.state):
            raise LabError(
                f"the lab {self.name} runs already, out of sight: another PID namespace holds {self.state}; "
                "take it down there, or set TROP_LAB_ROOT to another folder"
            )

    def _prepare(self, kind: str) -> None:
        base = IMAGES[kind](self.cache)
        self.state.mkdir(mode=0o711, parents=True, exist_ok=True)
        shutil.rmtree(self.state / "run", ignore_errors=True)
        for folder in ("run", "log", "base", "live", "lib", "cache"):
            (self.state / folder).mkdir(exist_ok=True)
        (self.state / "run").chmod(0o755 if self.facts.shared else 0o700)
        libvirtd_conf.configure(self.state, shared=self.facts.shared)
        libvirtd_conf.define_base_pool(self.state / "etc", self.facts.base_folder)
        # Overlays that stand on an image of an earlier build would be spoilt by another.
        if not self.base.exists() or not any((self.state / "live").iterdir()):
            image.place(base, self.base)
        kept = self._capabilities
        if kept.is_dir():
            # Another lab may be putting a newer one in its place; libvirtd then looks at QEMU itself.
            with contextlib.suppress(OSError):
                shutil.copytree(kept, self.state / "cache", dirs_exist_ok=True)
        spec = {
            "name": self.name,
            "guest": kind,
            "facts": dataclasses.asdict(self.facts),
            "programs": os.environ.get(PROGRAMS, "/"),
        }
        (self.state / "lab.json").write_text(json.dumps(spec, indent=1))

    def _boot(self) -> None:
        """Start the lab's first process, and tell it to stay when its libvirtd answers."""
        program = Path(__file__).resolve().parents[1]
        with (self.state / "log" / "libvirtd.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *processes.arguments(self.state)],
                cwd=program,
                env={**os.environ, "PYTHONPATH": str(program)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        with process:  # closes the pipes: without the word below, the first process ends
            answer = self._answer(process)
            if answer != "ready":
                raise LabError(f"the lab {self.name} did not come up: {answer or self._log_end()}")
            with guests.connection(self.uri) as host:
                host.getCapabilities()
            os.write(_number(process.stdin), b"keep")

    def _answer(self, process: subprocess.Popen[bytes]) -> str:
        source = _number(process.stdout)
        if not select.select([source], [], [], _PATIENCE)[0]:
            return f"no answer within {_PATIENCE} s; see {self.state / 'log' / 'libvirtd.log'}"
        return os.read(source, 4096).decode().strip().removeprefix("failed: ")

    def _log_end(self) -> str:
        with contextlib.suppress(OSError, IndexError):
            return (self.state / "log" / "libvirtd.log").read_text().splitlines()[-1]
        return "it wrote no log"

    @property
    def _capabilities(self) -> Path:
        """Where what libvirtd saw of QEMU is kept: of this machine's, and of another root's."""
        return self.cache / ("libvirt-elsewhere" if PROGRAMS in os.environ else "libvirt")

    def _keep_capabilities(self) -> None:
        """Looking at QEMU takes libvirtd 4 s; what it saw is kept for the next lab."""
        seen, kept = self.state / "cache", self._capabilities
        if _times(seen) == _times(kept):
            return
        new = kept.with_name(f"{kept.name}.{os.getpid()}")
        shutil.copytree(seen, new, dirs_exist_ok=True)
        shutil.rmtree(kept, ignore_errors=True)
        with contextlib.suppress(OSError):
            new.rename(kept)
        shutil.rmtree(new, ignore_errors=True)


def _times(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*.xml")}


def _number(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise LabError("no pipe to the lab's first process")
    return pipe.fileno()


def _run(command: list[str], options: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, **{"text": True, "check": False, **options})
