"""The lab's own root file system: the machine's programs, read-only, and nothing else of it.

Or those of another root file system: a hypervisor of another release, reached from this one.

Everything is mounted in the lab's mount namespace only. Files that must outlive a restart of the lab lie in its
state folder; all else is in memory and goes with the namespace.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from lab import syscalls

# folder of the lab's state -> where the lab sees it
KEPT = {
    "run": "/run/libvirt",
    "etc": "/etc/libvirt",
    "lib": "/var/lib/libvirt",
    "cache": "/var/cache/libvirt",
    "log": "/var/log/libvirt",
}
_PROGRAMS = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt")
# No kvm among them: emulated everywhere alike, and a kvm that libvirtd can't use slows each definition down.
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "net/tun")


def build(
    state: Path, live_folder: str, base_folder: str, own: Mapping[str, str], programs: Path = Path("/")
) -> None:
    """Mount the lab's root below the state folder and enter it.

    programs is the root file system whose programs and /etc it has; own are the files in its /etc that are not that's.
    """
    new = state / "root"
    new.mkdir(exist_ok=True)
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("trop-lab", str(new), "tmpfs", syscalls.MS_NODEV, "mode=755")
    _programs(new, programs)
    _settings(new, own, programs / "etc")
    kernel(new)
    devices(new)
    for folder in ("tmp", "run/lock", "root", "var/lib", "var/cache", "var/log", "var/tmp"):
        (new / folder).mkdir(parents=True, exist_ok=True)
    for folder in ("tmp", "var/tmp"):
        (new / folder).chmod(0o1777)
    (new / "var/run").symlink_to("/run")
    (new / "var/lock").symlink_to("/run/lock")  # libvirtd locks a console's device there
    shown = {**KEPT, "live": live_folder, "base": base_folder}
    for source, target in shown.items():
        (state / source).mkdir(exist_ok=True)
        _show(state / source, new / target.lstrip("/"))
    syscalls.enter_root(str(new))


def _programs(new: Path, programs: Path) -> None:
    for name in _PROGRAMS:
        source = programs / name
        if source.is_symlink():
            (new / name).symlink_to(os.readlink(source))
        elif source.is_dir():
            _show(source, new / name, read_only=True)


def _settings(new: Path, own: Mapping[str, str], source: Path) -> None:
    """Make an /etc that is the machine's but for what the lab has of its own. Links, so that no overlay is needed."""
    _show(source, new / ".etc", read_only=True)
    etc = new / "etc"
    etc.mkdir()
    for name, text in own.items():
        (etc / name).write_text(text)
    for name in os.listdir(source):
        if name not in (*own, "hostname", "libvirt"):
            (etc / name).symlink_to(f"/.etc/{name}")


def kernel(new: Path) -> None:
    """The kernel's own views, of the namespaces of whoever calls."""
    quiet = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    for name, kind in (("proc", "proc"), ("sys", "sysfs")):
        (new / name).mkdir(exist_ok=True)
        syscalls.mount(kind, str(new / name), kind, quiet)


def devices(new: Path) -> None:
    """A /dev with what programs need, and without kvm."""
    dev = new / "dev"
    dev.mkdir(exist_ok=True)
    syscalls.mount("dev", str(dev), "tmpfs", syscalls.MS_NOSUID, "mode=755")
    for name in _DEVICES:
        node = dev / name
        node.parent.mkdir(exist_ok=True)
        node.touch()
        syscalls.bind(f"/dev/{name}", str(node))
    for folder in ("pts", "shm"):
        (dev / folder).mkdir()
    syscalls.mount("devpts", str(dev / "pts"), "devpts", data="newinstance,ptmxmode=0666,mode=620,gid=5")
    syscalls.mount("shm", str(dev / "shm"), "tmpfs", syscalls.MS_NOSUID, "mode=1777")
    for name, target in {
        "ptmx": "pts/ptmx",
        "fd": "/proc/self/fd",
        "stdin": "/proc/self/fd/0",
        "stdout": "/proc/self/fd/1",
        "stderr": "/proc/self/fd/2",
    }.items():
        (dev / name).symlink_to(target)


def _show(source: Path, target: Path, *, read_only: bool = False) -> None:
    target.mkdir(parents=True, exist_ok=True)
    syscalls.bind(str(source), str(target), read_only=read_only)
