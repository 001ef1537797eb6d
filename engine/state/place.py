"""Where a process runs, and what is to be known of those that run elsewhere.

A process number says something in its own PID namespace alone, and a boot ID is of one kernel: containers share it,
machines that were cloned do not.  Linux tells both (proc(5), namespaces(7)); of one that does not nothing is known.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

# What is on one kernel's own disk or in its memory: whoever writes there runs, or ran, on this kernel.
LOCAL: Final = frozenset({
    "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "overlay", "ramfs", "reiserfs", "tmpfs", "xfs", "zfs",
})  # fmt: skip


@dataclass(frozen=True)
class Place:
    """``boot``: the kernel's boot ID; ``space``: the PID namespace, as ``pid:[4026531836]``; "" for both if unknown."""

    boot: str = ""
    space: str = ""

    def __bool__(self) -> bool:
        return bool(self.boot and self.space)


@cache
def here() -> Place:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return Place(boot, os.readlink("/proc/self/ns/pid"))
    except OSError:
        return Place()


def booted() -> float | None:
    """When this kernel began, in seconds since 1970 by the clock as it is set now."""
    try:
        return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    except (AttributeError, OSError):
        return None


def is_local(path: Path) -> bool:
    """Whether nobody but processes of this kernel can write there; in doubt not."""
    try:
        table = Path("/proc/self/mountinfo").read_bytes().decode(errors="surrogateescape")
        real = str(path.resolve())
    except (OSError, RuntimeError):
        return False
    found, longest = "", ""
    for line in table.splitlines():
        fields, _, more = line.partition(" - ")
        point = _unescaped(fields.split(" ")[4])
        if f"{real}/".startswith(f"{point.rstrip('/')}/") and len(point) >= len(longest):
            found, longest = more.partition(" ")[0], point
    return found in LOCAL


def _unescaped(text: str) -> str:
    """A mount point as mountinfo has it: blanks and backslashes as octal numbers."""
    for number in ("040", "011", "012", "134"):
        text = text.replace(f"\\{number}", chr(int(number, 8)))
    return text
