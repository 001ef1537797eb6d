"""trop02 made in memory while its state stands on a small disk that fills up on the way, and then is given room.

A process of its own: it mounts the disk in a mount namespace that only it has.  Needs root.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.state import checkpoint
from lab import syscalls
from tests.crash.operations import OPERATIONS, UP
from tests.crash.stand import Stand, engine_run, folder
from tests.lab.catalogue_stage import STACK

WHOLE = 16 << 10  # KiB


def play(frees: Sequence[int]) -> list[dict[str, Any]]:
    """For each number of KiB that are free: how the `up` ended, what the state was then, and how it went on."""
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    with folder() as root:
        start = Stand(root).start(OPERATIONS[0])
        told = []
        for free in frees:
            disk = root / f"disk-{free}"
            disk.mkdir()
            syscalls.mount("tmpfs", str(disk), "tmpfs", data=f"size={WHOLE}k")
            shutil.copytree(start.state, disk, dirs_exist_ok=True)
            told.append({"free": free, **_on(disk, free, start)})
        return told


def _on(disk: Path, free: int, start: Any) -> dict[str, Any]:
    world = pickle.loads(start.world)
    there = os.statvfs(disk)
    filler = disk / "filler"
    filler.write_bytes(bytes(there.f_bavail * there.f_frsize - (free << 10)))
    first = engine_run(world, start.project, disk, UP)
    data = (disk / f".pulumi/stacks/trop/{STACK}.json").read_bytes()
    why = ""
    try:
        checkpoint.parse(data)
    except checkpoint.Malformed as error:
        why = str(error)
    filler.unlink()
    again = engine_run(world, start.project, disk, UP)
    third = engine_run(world, start.project, disk, ("preview", "--expect-no-changes"))
    return {
        "first": [first.code, first.text], "damage": why, "again": [again.code, again.text],
        "third": [third.code, third.text], "seen": world.seen(),
        "left": [str(p) for p in disk.rglob("*.tmp")] + [str(p) for p in disk.rglob("locks/**/*.json")],
    }  # fmt: skip


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        result = play([int(word) for word in sys.argv[1:]])
    print(json.dumps(result))
