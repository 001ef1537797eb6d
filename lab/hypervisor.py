"""A throwaway hypervisor: real libvirtd, dnsmasq and QEMU in namespaces of their own on this machine.

A lab is its processes: process 1 of a PID namespace (see init.py) and what it started. There is no pid file, no named
namespace and no mount that the machine could see, so there is nothing to go stale: a lab runs exactly while a process
with its command line does. Between runs only the state folder is left, which is to the lab what its disks are to a
host: the next `up` is a boot.
"""

import contextlib
import dataclasses
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libvirt

from lab import daemon, image
from lab.facts import HostFacts, LabError

_PATIENCE = 60  # seconds for a libvirtd to come up that has to look at QEMU's capabilities anew
_LONGEST_SOCKET = 99


@dataclass(frozen=True)
class Guest:
    """A domain of the lab. state is virsh's word; leases are the addresses that the lab's dnsmasq gave its NICs."""

    name: str
    state: str
    leases: tuple[str, ...]


@dataclass(frozen=True)
class Status:
    """What `trop lab status` shows."""

    running: bool
    uri: str
    socket: Path
    guests: tuple[Guest, ...] = ()


class Lab:
    """One throwaway hypervisor, by its name and the folder that labs are kept in."""

    def __init__(self, name: str, facts: HostFacts, *, root: Path | None = None, cache: Path | None = None):
        """root and cache default to TROP_LAB_ROOT and TROP_LAB_CACHE, then to folders below /var."""
        self.name = name
        self.facts = facts
        self.root = (root or Path(os.environ.get("TROP_LAB_ROOT", "/var/lib/trop-lab"))).resolve()
        self.cache = (cache or Path(os.environ.get("TROP_LAB_CACHE", "/var/cache/trop-lab"))).resolve()
        self.state = self.root / name
        self.socket = self.state / "run" / "libvirt-sock"
        self.uri = f"qemu+unix:///system?socket={self.socket}"
        if len(str(self.socket)) > _LONGEST_SOCKET:
            raise LabError(f"{self.socket}: too long for a socket; set TROP_LAB_ROOT to a shorter folder")

    def up(self) -> None:
        """Start the lab, or do nothing if it runs. Ended halfway, by an error or a signal, it leaves no process."""
        with self._lock():
            if self._first() is not None:
                return
            base = image.build(self.cache)
            self._prepare(base)
            self._boot()
            self._keep_capabilities()

    def down(self, *, purge: bool = False) -> None:
        """Stop every guest at once, and take the lab away; with purge its disks and definitions too."""
        with self._lock():
            for pid in self._processes():
                _end(pid)
            if purge:
                shutil.rmtree(self.state, ignore_errors=True)

    def status(self) -> Status:
        """The guests with their states and leases, or that the lab doesn't run."""
        if self._first() is None:
            return Status(False, self.uri, self.socket)
        with _connection(self.uri) as host:
            leases = _leases(host)
            guests = [_guest(domain, leases) for domain in host.listAllDomains()]
        return Status(True, self.uri, self.socket, tuple(sorted(guests, key=lambda guest: guest.name)))

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
        network = f"/proc/{self._running()}/root/run/netns/campus"
        return _run(["nsenter", f"--net={network}", "--", *args], options)

    def _running(self) -> int:
        first = self._first()
        if first is None:
            raise LabError(f"the lab {self.name} is not up")
        return first

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One up or down of this lab at a time."""
        self.root.mkdir(parents=True, exist_ok=True)
        path = self.root / f".{self.name}.lock"
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "lab.init", str(self.state)]

    def _processes(self) -> list[int]:
        """Processes of this machine that are this lab's init, its namespace's process 1 last."""
        mine = [part.encode() for part in self._command()[1:]]
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and _arguments(folder)[1:] == mine:
                found.append(int(folder.name))
        return sorted(found)

    def _first(self) -> int | None:
        """The lab's process 1, as this machine numbers it."""
        for pid in self._processes():
            with contextlib.suppress(OSError):
                if os.stat(f"/proc/{pid}/ns/pid").st_ino != os.stat("/proc/self/ns/pid").st_ino:
                    return pid
        return None

    def _prepare(self, base: Path) -> None:
        self.state.mkdir(mode=0o711, exist_ok=True)
        shutil.rmtree(self.state / "run", ignore_errors=True)
        for folder in ("run", "log", "base", "live", "lib", "cache"):
            (self.state / folder).mkdir(exist_ok=True)
        (self.state / "run").chmod(0o700)
        daemon.configure(self.state / "etc", self.name)
        daemon.define_base_pool(self.state / "etc", self.facts.base_folder)
        image.place(base, self.state / "base" / self.facts.base_image)
        kept = self.cache / "libvirt"
        if kept.is_dir():
            shutil.copytree(kept, self.state / "cache", dirs_exist_ok=True, copy_function=shutil.copy2)
        spec = {"name": self.name, "facts": dataclasses.asdict(self.facts)}
        (self.state / "lab.json").write_text(json.dumps(spec, indent=1))

    def _boot(self) -> None:
        process = subprocess.Popen(
            self._command(),
            cwd=Path(__file__).resolve().parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        to_first, from_first = process.stdin, process.stdout
        if to_first is None or from_first is None:
            raise LabError("no pipe to the lab's first process")
        with to_first, from_first:
            answer = from_first.readline().strip()
            process.wait()
            if answer != "ready":
                raise LabError(
                    f"the lab {self.name} did not come up: {answer or 'no answer'}; {self._log_end()}"
                )
            with _connection(self.uri) as host:
                host.getCapabilities()
                to_first.write("keep\n")

    def _log_end(self) -> str:
        with contextlib.suppress(OSError, IndexError):
            return (self.state / "log" / "libvirtd.log").read_text().splitlines()[-1]
        return "libvirtd wrote no log"

    def _keep_capabilities(self) -> None:
        """Looking at QEMU takes libvirtd 4 s; what it saw is kept for the next lab."""
        new = self.cache / f"libvirt.{os.getpid()}"
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(self.state / "cache", new)
        shutil.rmtree(self.cache / "libvirt", ignore_errors=True)
        with contextlib.suppress(OSError):
            new.rename(self.cache / "libvirt")
        shutil.rmtree(new, ignore_errors=True)


def _run(command: list[str], options: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, **{"text": True, "check": False, **options})


def _arguments(folder: Path) -> list[bytes]:
    with contextlib.suppress(OSError):
        return (folder / "cmdline").read_bytes().split(b"\0")[:-1]
    return []


def _end(pid: int) -> None:
    """Ask the process to end; after 5 s make it. Returns when it is gone (or waits only for its parent)."""
    for number, patience in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 10.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if _state(pid) in ("", "Z", "X"):
                return
            time.sleep(0.02)
    raise LabError(f"process {pid} of the lab does not end")


def _state(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""


@contextlib.contextmanager
def _connection(uri: str) -> Iterator[Any]:
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    try:
        host = libvirt.open(uri)
    except libvirt.libvirtError as error:
        raise LabError(f"{uri}: {error}") from None
    try:
        yield host
    finally:
        host.close()


_STATES = {
    1: "running",
    2: "idle",
    3: "paused",
    4: "in shutdown",
    5: "shut off",
    6: "crashed",
    7: "suspended",
}


def _leases(host: Any) -> dict[str, list[str]]:
    leases: dict[str, list[str]] = {}
    for network in host.listAllNetworks():
        for lease in network.DHCPLeases():
            leases.setdefault(lease["mac"].lower(), []).append(lease["ipaddr"])
    return leases


def _guest(domain: Any, leases: dict[str, list[str]]) -> Guest:
    from xml.etree import ElementTree

    macs = [mac.get("address", "").lower() for mac in ElementTree.fromstring(domain.XMLDesc()).iter("mac")]
    state = _STATES.get(domain.state()[0], "unknown")
    return Guest(domain.name(), state, tuple(address for mac in macs for address in leases.get(mac, ())))
