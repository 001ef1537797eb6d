"""The guests' disk: an MBR, a FAT partition with boot loader, kernel and initramfs, an ext4 root, and room for a file.

It is written as files only: nothing is mounted, nothing is installed on the machine, no loop device is needed.
"""

import gzip
import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab import debs
from lab.facts import LabError

INITRAMFS = Path(__file__).with_name("guest") / "initramfs"
_SIZE = "32G"  # what the guest sees; the file holds what is in the partitions
_MIB = 1 << 20
_TOLD = 600  # characters of what a command that failed has said, of its end
_BOOT_START, _BOOT_SIZE = 1 * _MIB, 30 * _MIB
_ROOT_START = _BOOT_START + _BOOT_SIZE
_KERNEL_ARGS = (
    "console=ttyS0 quiet loglevel=3 mitigations=off random.trust_cpu=on "
    # Without what is slow under emulation and of no use there. ACPI's interrupts, slow too, are what plugging needs.
    "no_timer_check nowatchdog cryptomgr.notests 8250.nr_uarts=1 nokaslr apparmor=0 audit=0"
)


@dataclass(frozen=True)
class Parts:
    """What a disk is made of.

    packages  folder with the unpacked boot loader, its tools and busybox (debs.TOOLS)
    kernel    the kernel's file
    early     folder with the modules that the root partition needs, and their order (kernel_modules.copy)
    root      the tree of the root partition
    root_mib  that partition's size in MiB; no space is taken by what is empty
    room_mib  the size of a third partition, left empty for `hand_over`; 0 for none
    """

    packages: Path
    kernel: Path
    early: Path
    root: Path
    root_mib: int
    room_mib: int = 0


def assemble(folder: Path, parts: Parts) -> Path:
    """The disk as a qcow2 file in folder, where what is needed on the way is written too."""
    raw = folder / "disk"
    with raw.open("wb") as disk:
        disk.truncate(_ROOT_START + (parts.root_mib + parts.room_mib) * _MIB)
        disk.write(_mbr(parts))
    _boot_partition(folder, raw, parts)
    _root_partition(raw, parts)
    image = folder / "image"
    do("qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(image))
    do("qemu-img", "resize", "-q", "-f", "qcow2", str(image), _SIZE)
    return image


def hand_over(image: Path, content: bytes, root_mib: int) -> None:
    """Write the content at the beginning of the third partition of an image on which nothing stands yet."""
    file = image.with_name(f"{image.name}.given")
    file.write_bytes(content + b"\0" * (-len(content) % 512))
    try:
        write = f"write -q -s {file} {_ROOT_START + root_mib * _MIB} {file.stat().st_size}"
        do("qemu-io", "-f", "qcow2", "-c", write, str(image))
    finally:
        file.unlink()


def do(*command: str, env: dict[str, str] | None = None) -> None:
    """Run a command to its end. Raises LabError with what it said if it fails, or is not there."""
    path = (env or os.environ).get("PATH", "") + ":/usr/sbin:/sbin"
    program = shutil.which(command[0], path=path)
    if program is None:
        raise LabError(f"{command[0]} is missing: see `./trop setup`")
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        raise LabError(f"{Path(command[0]).name}: {said[-_TOLD:] or done.returncode}")


def _mbr(parts: Parts) -> bytes:
    """The first sector: boot code and the partitions, the first of them active."""
    root_size, room_size = parts.root_mib * _MIB, parts.room_mib * _MIB
    entries = [(0x80, 0x0E, _BOOT_START, _BOOT_SIZE), (0x00, 0x83, _ROOT_START, root_size)]
    if room_size:
        entries.append((0x00, 0xDA, _ROOT_START + root_size, room_size))
    table = b"".join(
        # Cylinders, heads and sectors are not used by anything that reads this disk.
        struct.pack("<B3sB3sII", active, b"\xfe\xff\xff", kind, b"\xfe\xff\xff", start // 512, size // 512)
        for active, kind, start, size in entries
    )
    code = debs.file(parts.packages, "syslinux-common", "mbr/mbr.bin").read_bytes()
    return code.ljust(446, b"\0")[:446] + table.ljust(64, b"\0") + b"\x55\xaa"


def _boot_partition(folder: Path, raw: Path, parts: Parts) -> None:
    config = folder / "syslinux.cfg"
    config.write_text(
        f"DEFAULT guest\nLABEL guest\n KERNEL vmlinuz\n INITRD initrd\n APPEND {_KERNEL_ARGS}\n"
    )
    initramfs = folder / "initrd"
    initramfs.write_bytes(gzip.compress(_initramfs(parts), 6))
    drive = f"{raw}@@{_BOOT_START}"
    mformat, mcopy = (str(debs.file(parts.packages, "mtools", name)) for name in ("mformat", "mcopy"))
    syslinux = debs.file(parts.packages, "syslinux", "bin/syslinux")
    tools = {
        **os.environ,
        "PATH": f"{Path(mcopy).parent}:{os.environ['PATH']}",  # syslinux calls mtools itself
        "MTOOLS_SKIP_CHECK": "1",
    }
    shape = ["-T", str(_BOOT_SIZE // 512), "-h", "64", "-s", "32", "-H", "2048", "-c", "8"]
    do(mformat, "-i", drive, *shape, "::", env=tools)
    for source, name in ((parts.kernel, "vmlinuz"), (initramfs, "initrd"), (config, "syslinux.cfg")):
        do(mcopy, "-i", drive, str(source), f"::{name}", env=tools)
    do(str(syslinux), "--install", "--offset", str(_BOOT_START), str(raw), env=tools)


def _initramfs(parts: Parts) -> bytes:
    files = {
        "init": INITRAMFS.read_bytes(),
        "bin/busybox": debs.file(parts.packages, "busybox-static", "bin/busybox").read_bytes(),
        **{f"modules/{path.name}": path.read_bytes() for path in sorted(parts.early.iterdir())},
    }
    entries = [_cpio(name, 0o040755, b"") for name in ("bin", "dev", "modules", "root")]
    entries += [_cpio(name, 0o100755, content) for name, content in files.items()]
    return b"".join([*entries, _cpio("TRAILER!!!", 0, b"")])


def _cpio(name: str, mode: int, content: bytes) -> bytes:
    """One entry of a cpio archive in its `newc` form."""
    fields = (0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4)


def _root_partition(raw: Path, parts: Parts) -> None:
    # Without what the small mke2fs of the boot can't do without: no journal to replay, no checks to pay for.
    features = ["-q", "-F", "-O", "^has_journal,^metadata_csum,^64bit", "-m", "0"]
    place = f"root_owner=0:0,offset={_ROOT_START}"
    do("mke2fs", "-t", "ext4", *features, "-E", place, "-d", str(parts.root), str(raw), f"{parts.root_mib}m")
