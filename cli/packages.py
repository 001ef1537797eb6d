"""How the Debian packages that the lab needs come to this machine; lab/packages.py says which."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from cli.processes.signals import run_to_end
from lab.facts import LabError
from lab.packages import command

APT: Final = ("apt-get", "-o", "DPkg::Lock::Timeout=120", "-qq")


def update_lists_if_none(say: Callable[[str], None]) -> None:
    """Has apt read its sources, if it never has: the lab's guest is built from packages that apt downloads."""
    if not any(Path("/var/lib/apt/lists").glob("*_Packages*")):
        say("apt-get update")
        _run([*APT, "update"])


def install(packages: Sequence[str], say: Callable[[str], None]) -> None:
    """Installs them with apt-get as root.  Raises `LabError`, whose line ends with the command to type.

    Ctrl-C does not reach apt-get, for dpkg stopped halfway leaves the machine in need of repair: the interrupt is
    raised when it is done.
    """
    by_hand = command(packages)
    if os.geteuid() != 0:
        raise LabError(f"missing: {' '.join(packages)}; install them with: sudo sh -c '{by_hand}'")
    say(f"installing {' '.join(packages)}")
    line = [*APT, "install", "-y", "--no-install-recommends", *packages]
    if _run(line) and (_run([*APT, "update"]) or _run(line)):
        raise LabError(f"apt-get could not install {' '.join(packages)}; try by hand: {by_hand}")


def _run(line: Sequence[str]) -> int:
    return run_to_end(line, os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, tell=False, quiet=True)
