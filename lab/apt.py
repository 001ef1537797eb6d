"""Where this machine's apt has its packages from, and how it reaches them: what another root file system needs, too."""

import re
import subprocess
from pathlib import Path
from typing import Final

from lab.facts import LabError

_DISTRIBUTIONS: Final = ("Debian", "Ubuntu")
_TARGETS: Final = ("--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)", "Created-By: Packages")
_REACH: Final = re.compile(r'Acquire::(?:\w+::Proxy\b[^"]*|Check-Valid-Until|Check-Date) "[^"]+";')


def sources(targets: str) -> list[str]:
    """apt's one-line sources of the distribution itself, from what `apt-get indextargets` prints by `_TARGETS`."""
    lines = (line.split("|") for line in targets.splitlines())
    found = (f"deb {uri} {suite} {part}" for uri, suite, part, origin in lines if origin in _DISTRIBUTIONS)
    return list(dict.fromkeys(found))


def reach(settings: str) -> list[str]:
    """Of apt's settings, as `apt-config dump` prints them, those by which it reaches its sources."""
    return [line for line in settings.splitlines() if _REACH.fullmatch(line)]


def of_release(own: list[str], suite: str) -> list[str]:
    """The sources of a Debian release of that code name, from the places that this machine's own sources name.

    Raises LabError where these are not Debian's.
    """
    places = {line.split()[2]: line.split()[1] for line in own}
    main = next((uri for name, uri in places.items() if "-" not in name), None)
    security = next((uri for name, uri in places.items() if name.endswith("-security")), None)
    if main is None or "debian" not in main:
        raise LabError("apt's sources have no packages of Debian: try `apt-get update`, on Debian")
    found = [f"deb {main} {suite} main", f"deb {main} {suite}-updates main"]
    return found + ([f"deb {security} {suite}-security main"] if security else [])


def own_sources() -> list[str]:
    """This machine's. Raises LabError if apt knows none."""
    found = sources(_ask("apt-get", "indextargets", *_TARGETS))
    if not found:
        raise LabError("apt's sources have no packages of Debian or Ubuntu: try `apt-get update`")
    return found


def bootstrap_options() -> list[str]:
    """What mmdebstrap is to be told of how to reach packages, and of their keys."""
    return [
        "--keyring=/usr/share/keyrings",
        *(f"--aptopt={line}" for line in reach(_ask("apt-config", "dump"))),
    ]


def isolated(mmdebstrap: Path) -> list[str]:
    """The words before mmdebstrap's own: its mounts are seen by nothing else, and its processes end with it."""
    return [
        *("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"),
        *(str(mmdebstrap), "--mode=root", "--quiet"),
    ]


def _ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
