"""Debian packages that the lab needs: which are missing, and how they come."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from cli.signals import run_to_end

LAB: Final = (
    "libvirt-daemon-system",
    "libvirt-daemon",
    "libvirt-clients",
    "qemu-system-x86",
    "qemu-utils",
    "dnsmasq-base",
    "iproute2",
    "iptables",
    "nftables",
    "e2fsprogs",
)
APT: Final = ("apt-get", "-o", "DPkg::Lock::Timeout=120", "-qq")


class PackagesError(Exception):
    """Packages are missing and did not come; the message is one line and ends with the command to type."""


def missing(packages: Sequence[str]) -> list[str]:
    """Those that dpkg does not have installed.  Raises `PackagesError` where there is no dpkg."""
    if shutil.which("dpkg-query") is None:
        raise PackagesError(
            f"this is no Debian: install by other means what these hold: {' '.join(packages)}"
        )
    query = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages]
    told = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    there = {line.split()[0] for line in told.splitlines() if line.endswith(" installed")}
    return [package for package in packages if package not in there]


def update_lists_if_none(say: Callable[[str], None]) -> None:
    """Has apt read its sources, if it never has: the lab's guest is built from packages that apt downloads."""
    if not any(Path("/var/lib/apt/lists").glob("*_Packages*")):
        say("apt-get update")
        _run([*APT, "update"])


def install(packages: Sequence[str], say: Callable[[str], None]) -> None:
    """Installs them with apt-get as root.  Raises `PackagesError`.

    Ctrl-C does not reach apt-get, for dpkg stopped halfway leaves the machine in need of repair: the interrupt is
    raised when it is done.
    """
    by_hand = f"apt-get update && apt-get install --no-install-recommends {' '.join(packages)}"
    if os.geteuid() != 0:
        raise PackagesError(f"missing: {' '.join(packages)}; install them with: sudo sh -c '{by_hand}'")
    say(f"installing {' '.join(packages)}")
    line = [*APT, "install", "-y", "--no-install-recommends", *packages]
    if _run(line) and (_run([*APT, "update"]) or _run(line)):
        raise PackagesError(f"apt-get could not install {' '.join(packages)}; try by hand: {by_hand}")


def _run(line: Sequence[str]) -> int:
    return run_to_end(line, os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, tell=False, quiet=True)
