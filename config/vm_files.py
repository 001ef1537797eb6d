"""What the files of a VM are called in its pool."""

from __future__ import annotations


def overlay_file(vm: str) -> str:
    return f"{vm}.qcow"


def seed_file(vm: str) -> str:
    """Its cloud-init disk."""
    return f"{vm}-seed.iso"


def disk_file(vm: str, label: str, format: str) -> str:
    """A disk beside the overlay.  No name of a VM has a dot, and no label: no two of them have the same."""
    return f"{vm}.{label}.{format}"
