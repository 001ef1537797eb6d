"""A real Docker engine on this machine, in namespaces of its own: what is put into guests is tried on it in minutes.

It runs at the machine's own speed, which an emulated guest does not. It lacks what this machine's kernel lacks.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lab import container_image, debs
from tests.services import stand_ins
from tests.services.machine import Machine

SCRIPT = Path(__file__).with_name("docker_here")
GROUPS = Path("/sys/fs/cgroup")
# A machine that was made for another release sees none of the kernel's control groups; it is thrown away with these.
MOUNT_GROUPS = """
grep -q ' /sys/fs/cgroup' /proc/mounts && exit
mount -t tmpfs groups /sys/fs/cgroup
for each in $(awk '$2 > 0 && $4 == 1 { print $1 }' /proc/cgroups); do
    mkdir "/sys/fs/cgroup/$each"
    mount -t cgroup -o "$each" groups "/sys/fs/cgroup/$each"
done
[ -d /sys/fs/cgroup/devices ] || mount -t cgroup2 groups /sys/fs/cgroup
"""
PATIENCE = 300  # seconds for one command


@dataclass
class Engine(Machine):
    """A machine with the engine; its folders are this machine's. first: a process in its namespaces."""

    first: int = 0
    packages: Path = field(default_factory=Path)

    def docker(self, *words: str) -> str:
        done = self._run("docker", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def shell_line(self, line: str) -> str:
        return self._run("sh", "-c", f"exec 2>&1\n{line}").stdout.strip()

    def _run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "PATH": f"{self.packages}/usr/bin:{os.environ['PATH']}:/usr/sbin:/sbin",
            "TROP_HERE": str(self.root / "here"),
            "TROP_KEPT": str(self.root / "kept"),
            "TROP_AT_BOOT": "1",
            **more,
        }
        enter = ["nsenter", "-t", str(self.first), "--mount", "--net", "--pid", "--uts", "--ipc", "--"]
        return subprocess.run(
            [*enter, *words], env=environment, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=PATIENCE,
        )  # fmt: skip


@contextlib.contextmanager
def engine(folder: Path, cache: Path) -> Iterator[Engine]:
    """The engine, with the stand-ins loaded; all of it gone afterwards, and its control groups."""
    packages, groups = folder / "packages", f"trop-{secrets.token_hex(4)}"
    debs.unpack([*debs.docker(), "containerd", "runc"], cache / "debs", packages)
    separate = ["--mount", "--net", "--pid", "--uts", "--ipc", "--mount-proc", "--propagation", "private"]
    command = [
        "unshare",
        *separate,
        "--fork",
        "--kill-child",
        str(SCRIPT),
        str(packages),
        groups,
        str(folder),
    ]
    subprocess.run(["sh", "-ec", MOUNT_GROUPS], check=True)
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        told = process.stdout.readline().strip()
        assert told == "ready", (folder / "dockerd.log").read_text()[-2000:]
        first = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        made = Engine(folder / "machine", first=first, packages=packages)
        made.root.mkdir()
        (folder / "images.tar").write_bytes(container_image.archive(stand_ins.every(cache)))
        made.docker("load", "-q", "-i", str(folder / "images.tar"))
        yield made
    finally:
        process.kill()
        process.wait()
        _remove(groups)


def _remove(groups: str) -> None:
    """The control groups, once the last of their processes has ended."""
    end = time.monotonic() + 30
    while left := sorted(GROUPS.glob(f"**/{groups}/**/"), reverse=True):
        for group in left:
            with contextlib.suppress(OSError):
                group.rmdir()
        assert time.monotonic() < end, f"control groups that can't be removed: {left}"
        time.sleep(0.2)
