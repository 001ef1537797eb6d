"""A guest that is a real Debian: systemd, cloud-init, guest agent, Docker. Made by mmdebstrap from Debian's packages.

It stands for the base image where what runs inside the guests is the matter. Packages come from the machine's own apt
sources; the guest itself fetches nothing. As the small guest (see image.py) it knows no name, MAC or address.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from lab import apt, boot_disk, debs, image, kernel_modules
from lab.facts import LabError

_SETUP: Final = Path(__file__).with_name("debian_guest")
_ROOT_MIB, _ROOM_MIB = 4096, 64

# What the guest is for, then what debugging its networks takes, then what systemd only recommends.
PACKAGES: Final = (
    "systemd-sysv",
    "udev",
    "dbus",
    "kmod",
    "cloud-init",
    "qemu-guest-agent",
    "docker.io",
    "iproute2",
    "iptables",
    "iputils-ping",
    "iputils-arping",
    "tcpdump",
    "bridge-utils",
    "bind9-dnsutils",
    "traceroute",
    "curl",
    "tzdata",
)
_LEFT_OUT: Final = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "usr/share/lintian",
)


@dataclass(frozen=True)
class Kind:
    """A Debian guest. suite is the release's code name, "" for this machine's own; what keeps its network, and whether
    it has cloud-init, which then writes what that reads; else the image has a way to ask DHCP, as images have it."""

    name: str
    suite: str
    keeper: str
    packages: tuple[str, ...]
    seeded: bool
    root_mib: int = 2048

    def build(self, cache: Path) -> Path:
        """The image's path in cache; built there first if this program has not yet made one. Takes some minutes."""
        return image.kept(
            cache, self.name, [Path(__file__), *sorted(_SETUP.iterdir())], partial(_build, self)
        )


DOCKER_HOST: Final = Kind("debian", "", "networkd", PACKAGES, seeded=True, root_mib=_ROOT_MIB)

# What keeps a guest's network, by the packages that it takes in a release.
KEEPERS: Final[Mapping[str, tuple[str, ...]]] = {
    "networkd": (),
    "networkmanager": ("network-manager",),
    "netplan": ("netplan.io",),
    "netplan-networkmanager": ("netplan.io", "network-manager"),
    "ifupdown": ("ifupdown",),
}
_RELEASES: Final = {"debian12": "bookworm", "debian13": "trixie", "debian14": "forky"}
_BARE: Final = (*PACKAGES[:4], "qemu-guest-agent", "iproute2", "iputils-ping", "iputils-arping", "busybox")


def _kinds() -> Iterator[Kind]:
    for release, suite in _RELEASES.items():
        for keeper, packages in KEEPERS.items():
            client = ("isc-dhcp-client",) if suite == "bookworm" else ("dhcpcd-base",)
            own = (*_BARE, *packages, *(client if keeper == "ifupdown" else ()))
            yield Kind(f"{release}-{keeper}", suite, keeper, own, seeded=False)
            yield Kind(f"{release}-{keeper}-seeded", suite, keeper, (*own, "cloud-init"), seeded=True)


KINDS: Final = {kind.name: kind for kind in (DOCKER_HOST, *_kinds())}


def give_images(image: Path, archive: bytes) -> None:
    """Put container images, as `docker save` writes them, onto a copy of the image: its guests load them as they boot.

    Overlays must not stand on it yet. Raises LabError if there is no room for them.
    """
    if len(archive) > _ROOM_MIB << 20:
        raise LabError(f"{len(archive)} bytes of container images: there is room for {_ROOM_MIB} MiB")
    boot_disk.hand_over(image, archive, _ROOT_MIB)


def _build(kind: Kind, folder: Path, archives: Path) -> Path:
    packages, root = folder / "packages", folder / "root"
    debs.unpack(["mmdebstrap", *debs.TOOLS, *debs.kernel()], archives, packages)
    kernel, tree = debs.kernel_files(packages)
    kernel_modules.copy(kernel_modules.EARLY, tree, folder / "early")
    _bootstrap(kind, debs.file(packages, "mmdebstrap", "bin/mmdebstrap"), root)
    shutil.copytree(tree, root / "usr/lib/modules" / tree.name, symlinks=True)
    boot_disk.do("chroot", str(root), "depmod", tree.name)
    for name in ("stand-in", "motd"):
        (root / "etc" / name).write_text(image.WHAT.format(name="the hypervisor's base image"))
    parts = boot_disk.Parts(packages, kernel, folder / "early", root, kind.root_mib, _ROOM_MIB)
    return boot_disk.assemble(folder, parts)


def _packages(kind: Kind) -> list[str]:
    """What is recommended is not installed: with Docker's engine its client is named."""
    return [each for name in kind.packages for each in (debs.docker() if name == "docker.io" else [name])]


def _bootstrap(kind: Kind, mmdebstrap: Path, root: Path) -> None:
    where = apt.own_sources()
    where = apt.of_release(where, kind.suite) if kind.suite else where
    seed = "seeded" if kind.seeded else "alone"
    boot_disk.do(
        *apt.isolated(mmdebstrap),
        *("--variant=apt", "--format=directory"),
        *apt.bootstrap_options(),
        *(f"--dpkgopt=path-exclude=/{path}/*" for path in _LEFT_OUT),
        f"--include={','.join(_packages(kind))}",
        f'--customize-hook={_SETUP / "setup"} "$1" {kind.keeper} {seed}',
        *(where[0].split()[2], str(root), *where),
        env={
            **os.environ,
            "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin:{mmdebstrap.parent}",
            "LC_ALL": "C",
        },
    )
