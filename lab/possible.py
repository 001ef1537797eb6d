"""Whether this machine lets a lab be made."""

import os
import subprocess
from pathlib import Path

from lab.packages import TRIAL, command, missing_tools

_USERS = 65536

# In throwaway namespaces, each thing that a lab is made of; what fails is what the reason says.
_TRIAL = """\
set -e
mount --make-rprivate /
mount -t tmpfs trial /mnt
test -c /dev/net/tun || { echo "there is no /dev/net/tun" >&2; exit 1; }
if command -v ip > /dev/null; then
    ip link add trial0 type bridge
    ip link add trial1 type veth peer name trial2
fi
"""


def why_not() -> str:
    """Empty if a lab can be made here, else the reason, to stand after a colon."""
    if os.geteuid() != 0:
        return "not root"
    if int(Path("/proc/self/uid_map").read_text().split()[2]) < _USERS:
        return "root only of a user namespace that knows too few users for libvirt's guests to have their own"
    if lacking := missing_tools(TRIAL):
        return f"it can't be tried without {' and '.join(lacking)}: {command(lacking)}"
    trial = ["unshare", "--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "sh", "-c", _TRIAL]
    try:
        done = subprocess.run(trial, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    return (done.stderr.strip() or f"unshare ended with {done.returncode}").splitlines()[-1]
