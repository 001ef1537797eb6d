"""Whether this machine lets us have namespaces, which a lab is made of."""

from __future__ import annotations

import os
import subprocess


def why_not() -> str:
    """Empty if a lab can be had here, else the reason."""
    if os.geteuid() != 0:
        return "not root"
    ask = [
        "unshare",
        "--mount",
        "--net",
        "--uts",
        "--ipc",
        "--pid",
        "--fork",
        "mount",
        "-t",
        "tmpfs",
        "none",
        "/mnt",
    ]
    try:
        done = subprocess.run(ask, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"no namespaces ({error})"
    return "" if done.returncode == 0 else f"no namespaces ({done.stderr.strip()})"
