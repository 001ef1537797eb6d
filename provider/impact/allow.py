"""Which refused changes the operator has allowed: ``LIBVIRT_ALLOW=Acilamwen=restart,default=network outage``.

Or that a host, by its name, has another UUID than the state says: ``LIBVIRT_ALLOW=trop02=host UUID``; or that one of
the state's UUID has another name, which is this one: ``LIBVIRT_ALLOW=trop02=host name``.
Read at each call and stored nowhere.  Each entry names one object and one impact; the last ``=`` separates them.
A comma or a percent sign within a name is written ``%2C`` or ``%25``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote, unquote

from provider.connection import errors
from provider.impact.kinds import HARM, Harm

if TYPE_CHECKING:
    from provider.connection.api import Connection, Object

VARIABLE = "LIBVIRT_ALLOW"
HOST_UUID: Final = "host UUID"
HOST_NAME: Final = "host name"
What = Harm | Literal["host UUID", "host name"]
ALLOWED: Final[tuple[What, ...]] = (*HARM, HOST_UUID, HOST_NAME)
MOST: Final = 12  # names in one line; of more, the number


def allowed(name: str, impact: What) -> bool:
    return (name, impact) in _entries()


def _entries() -> list[tuple[str, str]]:
    """Names and impacts, as far as they are any."""
    text = os.environ.get(VARIABLE, "")
    parted = (entry.rpartition("=") for entry in text.split(",") if entry.strip())
    return [(unquote(who.strip()), what.strip()) for who, _, what in parted]


def in_vain(uri: str, conn: Connection) -> list[str]:
    """A line for each entry that can allow nothing on this host.

    A restart meets a domain that is there, an outage a network; data may be lost of a volume that is gone already, so
    of its name nothing is said.  What can't be listed is no reason to fail.
    """
    known: dict[str, tuple[str, Callable[[], Iterable[Object]]]] = {
        "restart": ("domain", conn.listAllDomains),
        "network outage": ("network", conn.listAllNetworks),
    }
    lines: list[str] = []
    for who, impact in _entries():
        if not who or impact not in ALLOWED:
            said = f"{who}={impact}" if who else impact
            lines.append(
                f"{VARIABLE}: {said!r} allows nothing: it is NAME=IMPACT, the impact one of {', '.join(ALLOWED)}"
            )
        elif impact in known:
            kind, listed = known[impact]
            with contextlib.suppress(errors.VirtError):
                names = sorted(one.name() for one in listed())
                lines += [] if who in names else [_nobody(who, impact, kind, names, uri)]
    return lines


def _nobody(who: str, impact: str, kind: str, names: list[str], uri: str) -> str:
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    there = f"the {kind}s there: {', '.join(names[:MOST])}{more}" if names else f"there is no {kind} at all"
    said = f"--allow {who}={impact} (with the Pulumi CLI: {VARIABLE})"
    return f"{said} allows nothing: {uri} has no {kind} {who}; {there}"


def word(name: str, impact: What) -> str:
    """The entry that makes `allowed` true."""
    return f"{quote(name, safe=' /:=@+')}={impact}"


def how(name: str, impact: What) -> str:
    """What to type so that `allowed` is true, as a shell takes it: for ./trop, and for the Pulumi CLI."""
    entry = word(name, impact)
    mark = '"' if " " in entry else ""
    return f"--allow {mark}{entry}{mark} (with the Pulumi CLI: {mark}{VARIABLE}={entry}{mark})"
