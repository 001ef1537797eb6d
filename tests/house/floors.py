"""The floors of the house, from the top one down: a room imports only from floors below its own.

A room is a folder of its package, or a file at the package's root.  Rooms on one floor do not know each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Floors = tuple[tuple[str, ...], ...]

CLI: Final[Floors] = (
    ("__main__",),
    ("commands",),
    ("stack_verbs", "scale"),
    ("trace", "audit", "map"),
    ("show", "whois", "adopt", "fleet", "bench"),
    ("rack", "live", "demo", "quality", "releases", "bytecode"),
    ("lab", "counts", "protected"),
    ("as_found", "packages", "registered"),
    ("words", "processes"),
    ("__init__",),
)
ENGINE: Final[Floors] = (
    ("app",),
    ("verbs",),
    ("context", "deployment"),
    ("display", "program"),
    ("run",),
    ("providers",),
    ("paths",),
    ("settings", "events", "options"),
    ("flag_parser", "state", "scope"),
    ("errors", "wording", "__init__"),
)
PROVIDER: Final[Floors] = (
    ("__main__",),
    ("protocol", "survey"),
    ("network", "domain"),
    ("nic",),
    ("storage", "guest"),
    ("resource",),
    ("host",),
    ("impact",),
    ("connection",),
    ("errors", "__init__"),
)
HOUSE: Final[Mapping[str, Floors]] = {"cli": CLI, "engine": ENGINE, "provider": PROVIDER}
