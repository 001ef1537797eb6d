"""The releases of Debian on which this program is tried, and how a clone lies there. No machine is made here."""

from dataclasses import dataclass
from typing import Final

from lab.facts import LabError


@dataclass(frozen=True)
class Release:
    """name     as it is asked for, "debian13"
    suite    its code name in apt's sources
    folder   where the repository is cloned to: a folder of root's, one with spaces, one of somebody else's
    owner    user and group that this folder is then given to; empty: root's
    python   whether it has a Python for this program: where not, only its libvirtd runs, and is reached from here
    """

    name: str
    suite: str
    folder: str
    owner: str = ""
    python: bool = True


RELEASES: Final = {
    release.name: release
    for release in (
        Release("debian11", "bullseye", "", python=False),
        Release("debian12", "bookworm", "/root/trop"),
        Release("debian13", "trixie", "/srv/rack of today/trop", owner="www-data:www-data"),
        Release("debian14", "forky", "/root/src/trop"),
    )
}


def release(name: str) -> Release:
    """Raises LabError for a name that is none of them."""
    if name not in RELEASES:
        raise LabError(f"--on {name!r}: it is one of {', '.join(RELEASES)}")
    return RELEASES[name]
