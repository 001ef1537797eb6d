"""Debian packages fetched from the machine's own apt sources and unpacked, not installed."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from lab.facts import LabError
from lab.packages import missing

# The first that the machine's sources have. Debian's is made for virtual machines; Ubuntu's nearest are the others.
KERNELS = ("linux-image-cloud-amd64", "linux-image-virtual", "linux-image-kvm")
TOOLS = ("busybox-static", "qemu-guest-agent", "syslinux", "syslinux-common", "mtools")


def unpack(names: Iterable[str], cache: Path, target: Path) -> None:
    """Download the packages into cache, unless they are there, and unpack them below target."""
    cache.mkdir(parents=True, exist_ok=True)
    for name in names:
        for archive in _archives(name, cache) or _download(name, cache):
            _do(["dpkg-deb", "-x", str(archive), str(target)])


def with_libraries(name: str) -> list[str]:
    """The package, and the libraries that it needs and that are not installed here."""
    found, look = [name], [name]
    while look:
        needed = [other for other in _depends(look.pop()) if other.startswith("lib") and other not in found]
        new = missing(needed) if needed else []
        found += new
        look += new
    return found


def kernel() -> list[str]:
    """The packages with the kernel and its modules: what the distribution's virtual kernel package stands for.

    Debian's is tried. Ubuntu's, with more in it and its modules in a package of their own, is read the same way.
    """
    found = _kernel()
    if not found:
        _update()
        found = _kernel()
    if not found:
        raise LabError(f"apt's sources have none of {', '.join(KERNELS)}, of which the lab's guests are made")
    return found


def kernel_files(packages: Path) -> tuple[Path, Path]:
    """The kernel, and its folder of modules, in a folder where the packages of `kernel` were unpacked."""
    kernel = next(packages.glob("boot/vmlinuz-*"), None)
    tree = next(packages.glob("lib/modules/*"), None) or next(packages.glob("usr/lib/modules/*"), None)
    if kernel is None or tree is None:
        raise LabError("the kernel's package has no kernel, or no modules, where they are looked for")
    return kernel, tree


def _kernel() -> list[str]:
    for package in KERNELS:
        images = [name for name in _depends(package) if name.startswith("linux-image-")]
        if images:
            return [images[0], *(name for name in _depends(images[0]) if name.startswith("linux-modules-"))]
    return []


def _depends(package: str) -> list[str]:
    done = subprocess.run(
        ["apt-cache", "depends", "--important", package], capture_output=True, text=True, check=False
    )
    words = (line.split() for line in done.stdout.splitlines())
    return [parts[1] for parts in words if len(parts) == 2 and parts[0] == "Depends:"]


def _archives(name: str, cache: Path) -> list[Path]:
    return sorted(cache.glob(f"{name}_*.deb"))[-1:]


def _download(name: str, cache: Path) -> list[Path]:
    # apt fetches as its own user, who may not write to a folder of root's.
    fetch = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", name]
    try:
        _do(fetch, cwd=cache)
    except LabError:  # the lists are of another day, or there are none yet
        _update()
        _do(fetch, cwd=cache)
    return _archives(name, cache)


def _update() -> None:
    _do(["apt-get", "-qq", "update"])


def _do(command: list[str], cwd: Path | None = None) -> None:
    if shutil.which(command[0]) is None:
        raise LabError(
            f"{command[0]} is missing: the image is built from Debian packages, on Debian or Ubuntu"
        )
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    if done.returncode:
        why = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise LabError(f"{' '.join(command)}: {why}")
