"""The guests' image: a small Linux from Debian packages that stands in for the base image of the hypervisor.

It boots in seconds without hardware virtualization. It knows no name, MAC or address: it takes them from DHCP and
from a NoCloud seed (see guest/).
"""

import contextlib
import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from lab import boot_disk, debs, kernel_modules
from lab.facts import LabError

_GUEST = Path(__file__).with_name("guest")
_ROOT_MIB = 48

WHAT = """\
This is a stand-in for {name}:
a small Linux made of Debian packages on the machine that the lab runs on, not that image, and not Fedora.
"""


def build(cache: Path) -> Path:
    """The image's path in cache; built there first if this program has not yet made one. Takes some 10 s."""
    return kept(cache, "stand-in", [Path(__file__), *sorted(_GUEST.iterdir())], _build)


def kept(cache: Path, kind: str, sources: Iterable[Path], make: Callable[[Path, Path], Path]) -> Path:
    """The path in cache of an image of this kind; made there first unless there is one of these sources.

    make gets a folder to work in and the folder of downloaded packages, and returns the image's file.
    """
    cache.mkdir(parents=True, exist_ok=True)
    image = cache / f"{kind}-{_recipe(sources)}.qcow2"
    if image.exists():
        return image
    with alone(cache):
        if not image.exists():
            with tempfile.TemporaryDirectory(prefix="build.", dir=cache) as folder:
                make(Path(folder), cache / "debs").rename(image)
    return image


def place(image: Path, target: Path) -> None:
    """Put a copy of the image at target, unless it is there, and beside it a note of what it is."""
    if target.exists() and target.stat().st_mtime_ns == image.stat().st_mtime_ns:
        return
    new = target.with_name(f".{target.name}.new")
    shutil.copyfile(image, new)
    shutil.copystat(image, new)
    new.rename(target)
    target.with_name(f"{target.name}.txt").write_text(WHAT.format(name=target.name))


def _recipe(sources: Iterable[Path]) -> str:
    """A digest of all that decides what the image is like, but for the packages' versions."""
    digest = hashlib.sha256()
    shared = [Path(module.__file__ or "") for module in (boot_disk, debs, kernel_modules)]
    for path in [*sources, *shared, boot_disk.INITRAMFS]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@contextlib.contextmanager
def alone(cache: Path) -> Iterator[None]:
    """One builder at a time. What an earlier one left when it was killed is removed."""
    with (cache / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in cache.glob("build.*/"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def _build(folder: Path, archives: Path) -> Path:
    packages = folder / "packages"
    debs.unpack([*debs.TOOLS, *debs.kernel()], archives, packages)
    kernel, tree = debs.kernel_files(packages)
    early = kernel_modules.copy(kernel_modules.EARLY, tree, folder / "early")
    _root(folder / "root", packages, tree, early)
    parts = boot_disk.Parts(packages, kernel, folder / "early", folder / "root", _ROOT_MIB)
    return boot_disk.assemble(folder, parts)


def _root(root: Path, packages: Path, tree: Path, early: list[str]) -> None:
    for name in (
        "bin",
        "dev",
        "etc/acpi/PWRF",
        "proc",
        "root",
        "run",
        "sys",
        "tmp",
        "usr/bin",
        "usr/lib/guest",
        "var",
    ):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in ("sbin", "usr/sbin"):
        (root / name).symlink_to("bin")
    (root / "var/run").symlink_to("/run")
    (root / "etc/resolv.conf").symlink_to("/run/resolv.conf")
    shutil.copy(debs.file(packages, "busybox-static", "bin/busybox"), root / "bin/busybox")
    applets = subprocess.run([root / "bin/busybox", "--list"], capture_output=True, text=True, check=True)
    for name in applets.stdout.split():
        if name != "busybox":
            (root / "bin" / name).symlink_to("/bin/busybox")
    for source in _GUEST.iterdir():
        shutil.copy(source, root / "usr/lib/guest")
        (root / "usr/lib/guest" / source.name).chmod(0o755)
    (root / "etc/inittab").symlink_to("/usr/lib/guest/inittab")
    (root / "etc/acpi/PWRF/00000080").symlink_to("/usr/lib/guest/off")
    (root / "bin/shutdown").symlink_to("/usr/lib/guest/shutdown")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    what = WHAT.format(name="the hypervisor's base image")
    for name in ("stand-in", "motd"):
        (root / "etc" / name).write_text(what)
    kernel_modules.copy(kernel_modules.LATE, tree, root / "lib/modules", present=early)
    _agent(root, packages)


def _agent(root: Path, packages: Path) -> None:
    """The guest agent, with the machine's own libraries: QEMU, which is installed, needs the same."""
    agent = debs.file(packages, "qemu-guest-agent", "bin/qemu-ga")
    shutil.copy(agent, root / "bin/qemu-ga")
    listed = subprocess.run(["ldd", str(agent)], capture_output=True, text=True, check=True).stdout
    if "not found" in listed:
        raise LabError("qemu-ga needs a library that this machine lacks: " + " ".join(listed.split()))
    for word in listed.split():
        if word.startswith("/"):
            (root / word.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(word, root / word.lstrip("/"))
