"""What a test calls beyond Python: where it is missing the test is skipped, and says how to get it."""

from __future__ import annotations

import shutil

import pytest

from lab.packages import TOOLS

PACKAGES = {**TOOLS, "qemu-img": "qemu-utils"}


def tool(name: str) -> str:
    """The path of a command."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here; as root: apt-get install {PACKAGES.get(name, name)}")
    return found
