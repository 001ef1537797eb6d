"""The first process of a machine: makes its namespaces, enters its root, and takes in what is orphaned there.

Started by machine.Machine as `python -m lab.machine.first SPEC`, SPEC being JSON: `root`, `name`, and `shown`, folders
of this machine by where the other one sees them. It prints its PID as this machine numbers it, and a line "ready" or
"failed: why". It lives as long as its standard input is open, and everything in the machine lives as long as it.
"""

import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from lab import root, syscalls


def main(spec: dict[str, Any]) -> int:
    syscalls.unshare(syscalls.MACHINE)
    child = os.fork()
    if child:
        os.write(1, f"{child}\n".encode())
        for number in (0, 1):
            os.close(number)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    for number in (signal.SIGINT, signal.SIGHUP):  # the terminal's: whoever started this ends it by its input
        signal.signal(number, signal.SIG_IGN)
    try:
        _enter(Path(spec["root"]), spec["name"], spec["shown"])
    except OSError as error:
        os.write(1, f"failed: {error}\n".encode())
        return 1
    os.write(1, b"ready\n")
    while os.read(0, 1):
        pass
    return 0


def _enter(new: Path, name: str, shown: dict[str, str]) -> None:
    socket.sethostname(name)
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.bind(str(new), str(new))
    root.kernel(new)
    root.devices(new)
    syscalls.mount("run", str(new / "run"), "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=755")
    (new / "run/lock").mkdir()
    for source, target in shown.items():
        place = new / target.lstrip("/")
        place.mkdir(parents=True, exist_ok=True)
        syscalls.bind(source, str(place))
    syscalls.enter_root(str(new))


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
