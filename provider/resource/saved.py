"""A domain that is saved: its next start brings back what its image has, whatever was changed in its definition.

Nor can that be changed: libvirt takes no other devices for an image, and where the link of a NIC is put down in it the
guest comes back with the link as it was, while libvirt says that it is down.
"""

from __future__ import annotations

from collections.abc import Callable

from provider.connection import api, states
from provider.errors import Refused
from provider.resource.remedy import memory_dropped, virsh, word


def refusal(uri: str, name: str, why: str) -> Refused:
    """``why``: what would come back, or be missing, "its image still has NIC …"."""
    return Refused(f"domain {name} is saved, and {why}; {ways_out(uri, name)}")


def file_told(tell: Callable[[str], None], domain: api.Domain, then: str) -> None:
    """Of one that may be saved in somebody's own file; ``then``: what this run does, and what becomes of that."""
    if states.has_no_image(domain):
        tell(
            f"domain {domain.name()} was saved, and libvirt has no image of it: where that is in a file (virsh save), "
            f"{then}; to bring it back as it was, virsh restore with that file comes first"
        )


def ways_out(uri: str, name: str) -> str:
    start, drop = virsh(uri, f"start {word(name)}"), memory_dropped(uri, name)
    return (
        f"start it first, so that it comes back as it was: {start}; or give up what it had in memory: {drop}"
    )
