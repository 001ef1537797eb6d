"""The mark that tells an object of our own, made by a create whose answer was lost, from somebody else's."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5


def uuid_of(urn: str) -> str:
    """The UUID with which the object of this URN is created, as libvirt writes it."""
    return str(uuid5(NAMESPACE_URL, urn))
