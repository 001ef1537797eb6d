"""Marks of ours on libvirt's objects, by which the run after a killed one knows how far that had come."""

from __future__ import annotations

from typing import Final
from uuid import NAMESPACE_URL, uuid5

# Of the metadata element that a guest has in its definition from before it is shut down for a restart until it is
# started again.
RESTARTING: Final = "urn:libvirt-provider:restarting"


def uuid_of(urn: str) -> str:
    """The UUID with which the object of this URN is created, as libvirt writes it.

    It tells our own object, made by a create whose answer was lost, from somebody else's.
    """
    return str(uuid5(NAMESPACE_URL, urn))
