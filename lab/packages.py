"""The Debian packages that a lab and the tests need installed. What guests are made of is only unpacked (debs.py)."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Final

from lab.facts import LabError

NEEDED: Final = (
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

# What it takes to try whether a lab can be made here at all, by the command: the least of Debians lack it.
TRIAL: Final = {"mount": "mount", "unshare": "util-linux"}
# What the tests call beyond that, by the command and the package that has it.
TOOLS: Final = {
    "busybox": "busybox",  # its shell is the one of the lab's guests
    "git": "git",
    "pgrep": "procps",
    "ping": "iputils-ping",
    "slirp4netns": "slirp4netns",  # the way out of a machine of another release
}
# libvirt's drivers for the pools that hypervisors made by hand have; up to Debian 12 they are in libvirt-daemon.
BACKENDS: Final = tuple(f"libvirt-daemon-driver-storage-{kind}" for kind in ("disk", "iscsi", "logical"))


def missing_for_tests() -> list[str]:
    """The packages of `TOOLS` and `BACKENDS` that are not there, of those that this release has."""
    wanted = [package for package in BACKENDS if _offered(package)]
    return missing_tools() + (missing(wanted) if wanted else [])


def _offered(package: str) -> bool:
    show = ["apt-cache", "show", package]
    return (
        bool(shutil.which("apt-cache"))
        and not subprocess.run(show, capture_output=True, check=False).returncode
    )


def missing_tools(tools: Mapping[str, str] = TOOLS) -> list[str]:
    """The packages of those tools that are not there. By the command: another package may have brought it."""
    return [package for name, package in tools.items() if shutil.which(name) is None]


def missing(packages: Sequence[str] = NEEDED) -> list[str]:
    """Those that are not installed. Raises LabError where there is no dpkg."""
    if shutil.which("dpkg-query") is None:
        raise LabError("no dpkg here: a lab is made of Debian's or Ubuntu's packages")
    query = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages]
    told = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    installed = {line.split()[0] for line in told if line.endswith(" installed")}
    return [package for package in packages if package not in installed]


def command(packages: Sequence[str]) -> str:
    """The line by which root installs them."""
    return f"apt-get update && apt-get install --no-install-recommends {' '.join(packages)}"
