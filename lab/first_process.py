"""The first process of a lab: makes its namespaces, runs libvirtd in them, and takes in whatever is orphaned there.

Started by hypervisor.Lab as `python -m lab.first_process STATE`, with the state folder holding `lab.json`. It is
process 1 of a PID namespace, and nothing of the lab is held by anything but its processes: when this one ends, however
it ends, the kernel ends all others and takes away every mount, bridge and link.

Protocol: it prints one line, "ready" or "failed: why", and stays while it is told on its input "keep". If the input
ends before that (whoever started it was killed), it ends too.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from lab import hold, libvirtd_conf, root, syscalls, wires
from lab.facts import Bridge, HostFacts

# It listens for nothing unless its configuration says what for (see libvirtd_conf.py).
_LIBVIRTD = ("libvirtd", "--listen", "--pid-file", "/run/libvirtd.pid")
_ADMIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# A libvirtd that is gone again after so few seconds, so often in a row, has something that a restart doesn't mend.
_SOON = 2.0
_RESTARTS = 5


def main(state: Path) -> int:
    """Fork the lab's process 1 and leave: it is to outlive whoever started it."""
    if _given_up():
        return 1
    spec = json.loads((state / "lab.json").read_text())
    hold.take(state)
    syscalls.unshare(syscalls.MACHINE)
    if os.fork():
        return 0
    try:
        facts = read_facts(spec["facts"])
        socket.sethostname(spec["name"])
        os.environ.update(PATH=_ADMIN_PATH, HOME="/root", LC_ALL="C.UTF-8")
        log = os.open(state / "log" / "libvirtd.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        own = _settings(state, spec["name"], facts)
        root.build(state, facts.live_folder, facts.base_folder, own, Path(spec["programs"]))
        wires.build(facts)
        First(log).run()
    except (OSError, subprocess.SubprocessError) as error:
        with contextlib.suppress(OSError):  # nobody may be listening any more
            os.write(1, f"failed: {error}\n".encode())
        return 1
    return 0


def read_facts(spec: dict[str, Any]) -> HostFacts:
    """The facts as `dataclasses.asdict` wrote them."""
    return HostFacts(**{**spec, "bridges": tuple(Bridge(**bridge) for bridge in spec["bridges"])})


def _settings(state: Path, name: str, facts: HostFacts) -> dict[str, str]:
    """What the lab has of its own in /etc."""
    return {
        "hosts": _hosts(name, facts),
        # With the machine's resolver out of reach, libvirtd would wait 10 s for its own name at each start of a guest.
        "resolv.conf": "# The lab has no resolver beyond it.\n",
        "machine-id": f"{libvirtd_conf.host_uuid(state).replace('-', '')}\n",  # the least of Debians have none
    }


def _hosts(name: str, facts: HostFacts) -> str:
    own = next((bridge.address.split("/")[0] for bridge in facts.bridges if bridge.address), "127.0.1.1")
    return f"127.0.0.1 localhost\n::1 localhost\n{own} {name}\n"


class First:
    """Process 1's life after the namespaces stand."""

    def __init__(self, log: int) -> None:
        self._log = log
        self._daemon = 0
        self._began = -_SOON
        self._short = 0  # lives of it in a row that ended soon
        self._stopping = False
        self._read_end, write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(write_end)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, self._note)

    def run(self) -> None:
        """Until stopped: children are reaped, libvirtd is started again when it died, "keep" is waited for."""
        self._start()
        self._await_socket()
        os.write(1, b"ready\n")
        kept = False
        while not self._stopping:
            waited = [self._read_end] if kept else [self._read_end, 0]
            ready, _, _ = select.select(waited, [], [])
            if 0 in ready:
                kept = os.read(0, 16).startswith(b"keep")
                self._stopping |= not kept
                if kept:
                    _let_go()
            with contextlib.suppress(BlockingIOError):
                os.read(self._read_end, 4096)
            self._reap()
        self._stop()

    def _note(self, number: int, _frame: object) -> None:
        self._stopping |= number == signal.SIGTERM

    def _start(self) -> None:
        now = time.monotonic()
        self._short = self._short + 1 if now - self._began < _SOON else 0
        self._began = now
        if self._short > _RESTARTS:
            raise OSError(f"libvirtd ended {_RESTARTS} times in a row; see its log")
        null = os.open("/dev/null", os.O_RDONLY)
        self._daemon = os.posix_spawnp(
            _LIBVIRTD[0],
            _LIBVIRTD,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, null, 0),
                (os.POSIX_SPAWN_DUP2, self._log, 1),
                (os.POSIX_SPAWN_DUP2, self._log, 2),
            ],
            setsigdef=[signal.SIGCHLD, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ],
        )
        os.close(null)

    def _await_socket(self) -> None:
        while True:
            with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
                client.connect("/run/libvirt/libvirt-sock")
                return
            self._reap()
            if self._stopping or _given_up(0.05):
                raise OSError("given up by whoever started it")

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, _ = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self._daemon and not self._stopping:
                    self._start()

    def _stop(self) -> None:
        """Ask all processes of the lab to end, wait 3 s for it. What is left then ends with this process."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGTERM)
        end = time.monotonic() + 3
        while time.monotonic() < end:
            try:
                if os.waitpid(-1, os.WNOHANG) == (0, 0):
                    select.select([self._read_end], [], [], 0.05)
            except ChildProcessError:
                return


def _given_up(patience: float = 0) -> bool:
    """Whether the input ended, within that many seconds, before "keep" could be said."""
    return bool(select.select([0], [], [], patience)[0])


def _let_go() -> None:
    """Hold neither pipe nor terminal of whoever started this process."""
    null = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.close(null)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
