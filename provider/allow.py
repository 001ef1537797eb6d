"""Which refused changes the operator has allowed: ``LIBVIRT_ALLOW=Acilamwen=restart,default=network outage``.

Read at each call and stored nowhere.  Each entry names one object and one impact; the last ``=`` separates them.
A comma or a percent sign within a name is written ``%2C`` or ``%25``.
"""

from __future__ import annotations

import os
from typing import Literal
from urllib.parse import quote, unquote

VARIABLE = "LIBVIRT_ALLOW"
Impact = Literal["restart", "network outage", "data loss"]


def allowed(name: str, impact: Impact) -> bool:
    entries = (entry.rpartition("=") for entry in os.environ.get(VARIABLE, "").split(","))
    return any(unquote(who.strip()) == name and what.strip() == impact for who, _, what in entries)


def how(name: str, impact: Impact) -> str:
    """What to set so that `allowed` is true, as it is typed in a shell."""
    word = f"{VARIABLE}={quote(name, safe=' /:=@+')}={impact}"
    return f'"{word}"' if " " in word else word
