"""The guests' image: a small Linux from Debian packages that stands in for the base image of the hypervisor.

A disk with an MBR, a FAT partition with boot loader, kernel and initramfs, and an ext4 root. It is written as files
only: nothing is mounted, nothing is installed on the machine. It boots in seconds without hardware virtualization.
It knows no name, MAC or address: it takes them from DHCP and from a NoCloud seed (see guest/).
"""

import contextlib
import fcntl
import gzip
import hashlib
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lab import debs, kernel_modules
from lab.facts import LabError

_GUEST = Path(__file__).with_name("guest")
_SIZE = "32G"  # what the guest sees; the file holds some 40 MB
_MIB = 1 << 20
_BOOT_START, _BOOT_SIZE, _ROOT_SIZE = 1 * _MIB, 30 * _MIB, 48 * _MIB
_KERNEL_ARGS = (
    "console=ttyS0 quiet loglevel=3 mitigations=off random.trust_cpu=on "
    # Without what is slow under emulation and of no use there. ACPI's interrupts, slow too, are what plugging needs.
    "no_timer_check nowatchdog cryptomgr.notests 8250.nr_uarts=1 nokaslr"
)

_WHAT = """\
This is a stand-in for {name}:
a small Linux made of Debian packages on the machine that the lab runs on, not that image, and not Fedora.
"""


def build(cache: Path) -> Path:
    """The image's path in cache; built there first if this program has not yet made one. Takes some 10 s."""
    cache.mkdir(parents=True, exist_ok=True)
    image = cache / f"stand-in-{_recipe()}.qcow2"
    if image.exists():
        return image
    with _alone(cache):
        if not image.exists():
            with tempfile.TemporaryDirectory(prefix="build.", dir=cache) as folder:
                _build(Path(folder), cache / "debs").rename(image)
    return image


def place(image: Path, target: Path) -> None:
    """Put a copy of the image at target, unless it is there, and beside it a note of what it is."""
    if target.exists() and target.stat().st_mtime_ns == image.stat().st_mtime_ns:
        return
    new = target.with_name(f".{target.name}.new")
    shutil.copyfile(image, new)
    shutil.copystat(image, new)
    new.rename(target)
    target.with_name(f"{target.name}.txt").write_text(_WHAT.format(name=target.name))


def _recipe() -> str:
    """A digest of all that decides what the image is like, but for the packages' versions."""
    digest = hashlib.sha256()
    sources = [Path(__file__), Path(debs.__file__), Path(kernel_modules.__file__)]
    for path in [*sources, *sorted(_GUEST.iterdir())]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@contextlib.contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """One builder at a time. What an earlier one left when it was killed is removed."""
    with (cache / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in cache.glob("build.*/"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def _build(folder: Path, archives: Path) -> Path:
    packages = folder / "packages"
    debs.unpack([*debs.TOOLS, *debs.kernel()], archives, packages)
    kernel = next(packages.glob("boot/vmlinuz-*"), None)
    tree = next(packages.glob("lib/modules/*"), None) or next(packages.glob("usr/lib/modules/*"), None)
    if kernel is None or tree is None:
        raise LabError("the kernel's package has no kernel, or no modules, where they are looked for")
    early = kernel_modules.copy(kernel_modules.EARLY, tree, folder / "early")
    _root(folder / "root", packages, tree, early)
    raw = folder / "disk"
    with raw.open("wb") as disk:
        disk.truncate(_BOOT_START + _BOOT_SIZE + _ROOT_SIZE)
        disk.write(_mbr(packages / "usr/lib/syslinux/mbr/mbr.bin"))
    _boot_partition(folder, raw, packages, kernel)
    _root_partition(folder, raw)
    image = folder / "image"
    _do("qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(image))
    _do("qemu-img", "resize", "-q", "-f", "qcow2", str(image), _SIZE)
    return image


def _mbr(code: Path) -> bytes:
    """The first sector: boot code and two partitions, the first active."""
    entries = ((0x80, 0x0E, _BOOT_START, _BOOT_SIZE), (0x00, 0x83, _BOOT_START + _BOOT_SIZE, _ROOT_SIZE))
    table = b"".join(
        # Cylinders, heads and sectors are not used by anything that reads this disk.
        struct.pack("<B3sB3sII", active, b"\xfe\xff\xff", kind, b"\xfe\xff\xff", start // 512, size // 512)
        for active, kind, start, size in entries
    )
    return code.read_bytes().ljust(446, b"\0")[:446] + table.ljust(64, b"\0") + b"\x55\xaa"


def _boot_partition(folder: Path, raw: Path, packages: Path, kernel: Path) -> None:
    config = folder / "syslinux.cfg"
    config.write_text(
        f"DEFAULT guest\nLABEL guest\n KERNEL vmlinuz\n INITRD initrd\n APPEND {_KERNEL_ARGS}\n"
    )
    initramfs = folder / "initrd"
    initramfs.write_bytes(gzip.compress(_initramfs(folder, packages), 6))
    drive = f"{raw}@@{_BOOT_START}"
    tools = {
        **os.environ,
        "PATH": f"{packages}/usr/bin:{os.environ['PATH']}",
        "MTOOLS_SKIP_CHECK": "1",
    }
    _do(
        "mformat",
        "-i",
        drive,
        "-T",
        str(_BOOT_SIZE // 512),
        "-h",
        "64",
        "-s",
        "32",
        "-H",
        "2048",
        "-c",
        "8",
        "::",
        env=tools,
    )
    for source, name in ((kernel, "vmlinuz"), (initramfs, "initrd"), (config, "syslinux.cfg")):
        _do("mcopy", "-i", drive, str(source), f"::{name}", env=tools)
    _do("syslinux", "--install", "--offset", str(_BOOT_START), str(raw), env=tools)


def _initramfs(folder: Path, packages: Path) -> bytes:
    files = {
        "init": (_GUEST / "initramfs").read_bytes(),
        "bin/busybox": (packages / "bin/busybox").read_bytes(),
        **{f"modules/{path.name}": path.read_bytes() for path in sorted((folder / "early").iterdir())},
    }
    entries = [_cpio(name, 0o040755, b"") for name in ("bin", "dev", "modules", "root")]
    entries += [_cpio(name, 0o100755, content) for name, content in files.items()]
    return b"".join([*entries, _cpio("TRAILER!!!", 0, b"")])


def _cpio(name: str, mode: int, content: bytes) -> bytes:
    """One entry of a cpio archive in its `newc` form."""
    fields = (0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4)


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
    shutil.copy(packages / "bin/busybox", root / "bin/busybox")
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
    (root / "etc/passwd").write_text("root::0:0:root:/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    what = _WHAT.format(name="the hypervisor's base image")
    for name in ("stand-in", "motd"):
        (root / "etc" / name).write_text(what)
    kernel_modules.copy(kernel_modules.LATE, tree, root / "lib/modules", present=early)
    _agent(root, packages)


def _agent(root: Path, packages: Path) -> None:
    """The guest agent, with the machine's own libraries: QEMU, which is installed, needs the same."""
    agent = packages / "usr/sbin/qemu-ga"
    shutil.copy(agent, root / "bin/qemu-ga")
    listed = subprocess.run(["ldd", str(agent)], capture_output=True, text=True, check=True).stdout
    if "not found" in listed:
        raise LabError("qemu-ga needs a library that this machine lacks: " + " ".join(listed.split()))
    for word in listed.split():
        if word.startswith("/"):
            (root / word.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(word, root / word.lstrip("/"))


def _root_partition(folder: Path, raw: Path) -> None:
    part = folder / "root.ext4"
    # Without what the small mke2fs of the boot can't do without: no journal to replay, no checks to pay for.
    options = ["-q", "-F", "-O", "^has_journal,^metadata_csum,^64bit", "-E", "root_owner=0:0", "-m", "0"]
    _do("mke2fs", "-t", "ext4", *options, "-d", str(folder / "root"), str(part), f"{_ROOT_SIZE // 1024}k")
    with part.open("rb") as source, raw.open("r+b") as disk:
        disk.seek(_BOOT_START + _BOOT_SIZE)
        shutil.copyfileobj(source, disk, _MIB)


def _do(*command: str, env: dict[str, str] | None = None) -> None:
    path = (env or os.environ).get("PATH", "") + ":/usr/sbin:/sbin"
    program = shutil.which(command[0], path=path)
    if program is None:
        raise LabError(f"{command[0]} is missing: see `./trop setup`")
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        raise LabError(f"{command[0]}: {(done.stderr or done.stdout).strip() or done.returncode}")
