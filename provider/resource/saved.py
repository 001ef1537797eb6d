"""A domain that is saved: its next start brings back what its image has, whatever was changed in its definition.

Nor can that be changed: libvirt takes no other devices for an image, and where the link of a NIC is put down in it the
guest comes back with the link as it was, while libvirt says that it is down.
"""

from __future__ import annotations

from provider.errors import Refused
from provider.resource.remedy import virsh, word


def refusal(uri: str, name: str, why: str) -> Refused:
    """``why``: what would come back, or be missing, "its image still has NIC …"."""
    return Refused(f"domain {name} is saved, and {why}; {ways_out(uri, name)}")


def ways_out(uri: str, name: str) -> str:
    start, drop = (virsh(uri, f"{verb} {word(name)}") for verb in ("start", "managedsave-remove"))
    return (
        f"start it first, so that it comes back as it was: {start}; or give up what it had in memory: {drop}"
    )
