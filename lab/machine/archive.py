"""A release's bare root file system, made by mmdebstrap and kept as a tar file."""

import hashlib
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lab import apt, boot_disk, image
from lab.facts import LabError
from lab.machine.releases import Release

BARE: Final = ("git", "ca-certificates")  # what it takes to clone; all else a newcomer's machine lacks
HYPERVISOR: Final = ("openssh-server", "netcat-openbsd")  # beside a lab's own, what it is reached with
TOOLS: Final = ("mmdebstrap", "slirp4netns")  # what this machine needs for machines of other releases
_KEPT = 7 * 24 * 3600  # seconds after which it is made anew: packages change


def made(release: Release, cache: Path, packages: Sequence[str] = BARE) -> Path:
    """The tar file's path in cache; made there first (half a minute) unless there is a fresh one."""
    sources = apt.of_release(apt.own_sources(), release.suite)
    digest = hashlib.sha256("\n".join([*packages, *sources]).encode()).hexdigest()[:12]
    path = cache / "roots" / f"{release.name}-{digest}.tar"
    if path.exists() and time.time() - path.stat().st_mtime < _KEPT:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with image.alone(cache):
        new = path.with_suffix(".new.tar")
        try:
            _bootstrap(release, sources, packages, new)
            new.rename(path)
        finally:
            new.unlink(missing_ok=True)
    return path


def _bootstrap(release: Release, sources: Sequence[str], packages: Sequence[str], target: Path) -> None:
    program = shutil.which("mmdebstrap")
    if program is None:
        raise LabError("mmdebstrap is missing; install it with: apt-get install mmdebstrap")
    try:
        boot_disk.do(
            *apt.isolated(Path(program)),
            *("--variant=minbase", "--format=tar", f"--include={','.join(packages)}"),
            *apt.bootstrap_options(),
            *(release.suite, str(target), *sources),
            env={**os.environ, "LC_ALL": "C"},
        )
    except LabError as error:
        raise LabError(f"the root file system of {release.name} could not be made: {error}") from error
