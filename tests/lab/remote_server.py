"""A hypervisor that is reached as a real one is: an sshd in the lab, and users of its own there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

from lab import debs
from lab.hypervisor import Lab

USERS: Final = {"operator": 5001, "stranger": 5002}  # the first is in the group libvirt
LISTENS: Final = "127.0.0.1"
_SSH: Final = Path("/srv/ssh")  # in the lab; what is there is in memory, and goes with it
_OWN: Final = ("passwd", "group", "shadow", "gshadow")
_CONFIG: Final = """\
ListenAddress {address}
HostKey {ssh}/host
PidFile /run/sshd.pid
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
"""


def make_users(lab: Lab, keys: list[Path]) -> None:
    """Users of the lab alone, who log in with any of the keys."""
    etc = lab.path("/etc")
    for name in _OWN:
        text = _do(lab, "cat", f"/etc/{name}")
        (etc / name).unlink()  # a link to the machine's own, which leads there only inside
        (etc / name).write_text(text, encoding="utf-8")
    for name in ("shadow", "gshadow"):
        (etc / name).chmod(0o600)
    for name in (".pwd.lock", *(f"{name}-" for name in _OWN)):
        (etc / name).unlink(missing_ok=True)  # leads where nothing can be written
    for user, number in USERS.items():
        _append(etc / "passwd", f"{user}:x:{number}:{number}::/home/{user}:/bin/sh")
        _append(etc / "group", f"{user}:x:{number}:")
        _append(etc / "shadow", f"{user}:*:19000:0:99999:7:::")
        home = lab.path(f"/home/{user}")
        (home / ".ssh").mkdir(parents=True)
        known = "".join(key.with_suffix(".pub").read_text(encoding="ascii") for key in keys)
        (home / ".ssh/authorized_keys").write_text(known, encoding="ascii")
        _do(lab, "chown", "-R", f"{number}:{number}", f"/home/{user}")
        _do(lab, "chmod", "-R", "go=", f"/home/{user}")
    if "\nsshd:" not in (etc / "passwd").read_text(encoding="utf-8"):
        _append(etc / "passwd", "sshd:x:5003:65534::/run/sshd:/usr/sbin/nologin")
    lines = (etc / "group").read_text(encoding="utf-8").splitlines()
    joined = [f"{line.rstrip(':')}:operator" if line.startswith("libvirt:") else line for line in lines]
    (etc / "group").write_text("\n".join([*joined, ""]), encoding="utf-8")


def start_sshd(lab: Lab) -> str:
    """Start one at port 22 of the lab's own loopback; its host key as a line of known_hosts."""
    there = lab.path(str(_SSH))
    sshd = _program(lab, there)
    there.mkdir(parents=True, exist_ok=True)
    make_key(there / "host")
    lab.path("/run/sshd").mkdir()
    (there / "config").write_text(_CONFIG.format(address=LISTENS, ssh=_SSH), encoding="ascii")
    _do(lab, *sshd, "-f", str(_SSH / "config"), "-E", str(_SSH / "log"))
    kind, key, *_ = (there / "host.pub").read_text(encoding="ascii").split()
    return f"{LISTENS} {kind} {key}\n"


def make_key(path: Path, passphrase: str = "") -> Path:
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path)]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    return path


def _program(lab: Lab, there: Path) -> list[str]:
    """The lab's own sshd, or one that is unpacked there: to install it would start one on this machine."""
    if lab.path("/usr/sbin/sshd").exists():
        return ["/usr/sbin/sshd"]
    unpacked = lab.cache / "openssh"
    if not (unpacked / "files/usr/sbin/sshd").exists():
        debs.unpack(debs.with_libraries("openssh-server"), unpacked, unpacked / "files")
    shutil.copytree(unpacked / "files", there, symlinks=True)
    folders = {str(_SSH / path.relative_to(there).parent) for path in there.rglob("*.so.*")}
    parts = {"SshdSessionPath": "sshd-session", "SshdAuthPath": "sshd-auth"}  # of newer ones
    found = {option: f"usr/lib/openssh/{name}" for option, name in parts.items()}
    options = [f"-o{option}={_SSH / path}" for option, path in found.items() if (there / path).exists()]
    return ["env", f"LD_LIBRARY_PATH={':'.join(sorted(folders))}", str(_SSH / "usr/sbin/sshd"), *options]


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def _do(lab: Lab, *words: str) -> str:
    done = lab.run(words, capture_output=True)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
    return done.stdout
