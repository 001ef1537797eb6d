"""The modules that the guest's kernel needs, in an order in which each finds what it depends on."""

import gzip
import lzma
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from lab.facts import LabError

# What the disk takes; the rest can wait for the second root.
EARLY = ("virtio_pci", "virtio_blk", "ext4")
LATE = (
    "virtio_net",
    "ata_piix",
    "virtio_scsi",
    "sr_mod",
    "isofs",
    "vfat",
    "nls_cp437",
    "nls_ascii",
    "nls_utf8",
    "virtio_console",
    "virtio_rng",
    "virtio_balloon",
    "evdev",
    "button",
)
_DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")


def copy(names: Iterable[str], tree: Path, target: Path, *, present: Iterable[str] = ()) -> list[str]:
    """Copy modules and what they depend on to target, decompressed, with the file `order` that insmod is to follow.

    tree is an unpacked lib/modules/VERSION. Names that are built into the kernel are left out, and those in present.
    Returns the names copied, in that order.
    """
    files = {_name(path): path for path in tree.rglob("*.ko*")}
    listed = tree / "modules.builtin"
    if not listed.exists():
        raise LabError(f"the kernel in {tree} has no modules.builtin: what is built into it can't be told")
    builtin = {_name(Path(line)) for line in listed.read_text().split()}
    target.mkdir(parents=True)
    order: list[str] = []

    def visit(name: str) -> None:
        if name in order or name in builtin or name in present:
            return
        if name not in files:
            raise LabError(f"the kernel in {tree} has no module {name}: it can't be the guests'")
        content = _read(files[name])
        found = _DEPENDS.search(content)
        for needed in found[1].decode().split(",") if found and found[1] else ():
            visit(needed.replace("-", "_"))
        (target / f"{name}.ko").write_bytes(content)
        order.append(name)

    for name in names:
        visit(name)
    (target / "order").write_text("".join(f"{name}.ko\n" for name in order))
    return order


def _name(path: Path) -> str:
    return path.name.partition(".ko")[0].replace("-", "_")


def _read(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".xz":
        return lzma.decompress(content)
    if path.suffix == ".gz":
        return gzip.decompress(content)
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dc"], input=content, capture_output=True, check=True).stdout
    return content
