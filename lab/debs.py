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


_LISTS = ".lists"  # in the folder where packages are unpacked: a file for each, with the paths that are in it


def unpack(names: Iterable[str], cache: Path, target: Path) -> None:
    """Download the packages into cache, unless they are there, and unpack them below target."""
    cache.mkdir(parents=True, exist_ok=True)
    lists = target / _LISTS
    lists.mkdir(parents=True, exist_ok=True)
    for name in names:
        for archive in _archives(name, cache) or _download(name, cache):
            (lists / name).write_text(_do(["dpkg-deb", "-X", str(archive), str(target)]))


def file(target: Path, package: str, ending: str) -> Path:
    """The file of an unpacked package whose path ends so ("bin/busybox"), in whichever folder its release has it."""
    paths = (target / _LISTS / package).read_text().splitlines()
    for path in sorted(paths, key=len):
        if path.endswith(ending) and (target / path).is_file():
            return target / path
    raise LabError(f"the package {package} has no {ending}: the lab's guests need it")


def with_libraries(name: str) -> list[str]:
    """The package, and the libraries that it needs and that are not installed here."""
    found, look = [name], [name]
    while look:
        needed = [other for other in _depends(look.pop()) if other.startswith("lib") and other not in found]
        new = missing(needed) if needed else []
        found += new
        look += new
    return found


def docker() -> list[str]:
    """Docker's engine with its client: since Debian 13 a package of its own, which the engine's only recommends."""
    done = subprocess.run(["apt-cache", "show", "docker-cli"], capture_output=True, check=False)
    return ["docker.io", *(["docker-cli"] if done.returncode == 0 else [])]


def kernel() -> list[str]:
    """The packages with the kernel and its modules: what the distribution's virtual kernel package stands for.

    Up to Debian 13 all is in one; in 14, as in Ubuntu, parts of it are in packages of their own, of the same version.
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
    kernels = [*packages.glob("boot/vmlinuz-*"), *packages.glob("usr/lib/modules/*/vmlinuz")]
    trees = [*packages.glob("lib/modules/*/kernel"), *packages.glob("usr/lib/modules/*/kernel")]
    lacking = [what for what, found in (("vmlinuz", kernels), ("lib/modules/*/kernel", trees)) if not found]
    if lacking:
        names = sorted(path.name for path in (packages / _LISTS).glob("linux-*"))
        raise LabError(f"the kernel's packages ({', '.join(names)}) have no {' and no '.join(lacking)}")
    return kernels[0], trees[0].parent


def _kernel() -> list[str]:
    for package in KERNELS:
        images = [name for name in _depends(package) if name.startswith("linux-image-")]
        if images:
            version = images[0].removeprefix("linux-image-")
            return [images[0], *(name for name in _depends(images[0]) if name.endswith(f"-{version}"))]
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


def _do(command: list[str], cwd: Path | None = None) -> str:
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
    return done.stdout
