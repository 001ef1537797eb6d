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
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "slirp4netns": "slirp4netns",  # the way out of a machine of another release
}
# libvirt's drivers that are packages of their own from Debian 13 on, and part of libvirt-daemon before: the one by
# which a bridge is looked for, and for the tests those of the pools that hypervisors made by hand have.
DRIVERS: Final = ("libvirt-daemon-driver-interface",)
BACKENDS: Final = tuple(f"libvirt-daemon-driver-storage-{kind}" for kind in ("disk", "iscsi", "logical"))


def missing_for_lab() -> list[str]:
    """What a lab needs and is not there, of what this release has. Raises LabError where there is no dpkg."""
    return missing(NEEDED) + _offered(missing(DRIVERS))


def missing_for_tests() -> list[str]:
    """What the tests call beyond that and is not there, of what this release has."""
    return missing_tools() + (_offered(missing(BACKENDS)) if shutil.which("dpkg-query") else [])


def _offered(packages: Sequence[str]) -> list[str]:
    shown = (["apt-cache", "show", package] for package in packages if shutil.which("apt-cache"))
    return [
        line[-1] for line in shown if not subprocess.run(line, capture_output=True, check=False).returncode
    ]


def missing_tools(tools: Mapping[str, str] = TOOLS) -> list[str]:
    """The packages of those tools that are not there. By the command: another package may have brought it."""
    lacking = [package for name, package in tools.items() if shutil.which(name) is None]
    return list(dict.fromkeys(lacking))


def missing(packages: Sequence[str]) -> list[str]:
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
