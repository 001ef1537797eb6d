"""Which refused changes the operator has allowed: ``LIBVIRT_ALLOW=Acilamwen=restart,default=network outage``.

Or that a host, by its name, has another UUID than the state says: ``LIBVIRT_ALLOW=trop02=host UUID``.
Read at each call and stored nowhere.  Each entry names one object and one impact; the last ``=`` separates them.
A comma or a percent sign within a name is written ``%2C`` or ``%25``.
"""

from __future__ import annotations

import os
from typing import Final, Literal
from urllib.parse import quote, unquote

from provider.errors import Refused
from provider.impact import HARM, Harm

VARIABLE = "LIBVIRT_ALLOW"
HOST_UUID: Final = "host UUID"
What = Harm | Literal["host UUID"]
ALLOWED: Final[tuple[What, ...]] = (*HARM, HOST_UUID)


def allowed(name: str, impact: What) -> bool:
    entries = (entry.rpartition("=") for entry in os.environ.get(VARIABLE, "").split(","))
    return any(unquote(who.strip()) == name and what.strip() == impact for who, _, what in entries)


def require(name: str, impact: Harm, what: str, reason: str) -> None:
    """`Refused` unless the operator has allowed this impact on the object ``name``.

    ``what``: object, property and values ("network default: stp on -> off"); ``reason``: why it takes that impact.
    """
    if not allowed(name, impact):
        raise Refused(f"{what} is refused: {reason} ({impact}); to allow it in this run: {how(name, impact)}")


def word(name: str, impact: What) -> str:
    """The entry that makes `allowed` true."""
    return f"{quote(name, safe=' /:=@+')}={impact}"


def how(name: str, impact: What) -> str:
    """What to type so that `allowed` is true, as a shell takes it: for ./trop, and for the Pulumi CLI."""
    entry = word(name, impact)
    mark = '"' if " " in entry else ""
    return f"--allow {mark}{entry}{mark} (with the Pulumi CLI: {mark}{VARIABLE}={entry}{mark})"
