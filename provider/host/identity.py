"""Who a host is: by libvirt's UUID of it and by its name, together.  Pure.

libvirt has the UUID from the machine's firmware (DMI), unless it is told otherwise.  Where there is none, it makes one
up at each of its starts; machines that were bought together may have one and the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from provider.errors import OperatorError
from provider.impact.allow import HOST_NAME, HOST_UUID, allowed, how

STABLE: Final = 'host_uuid_source = "machine-id"'
FILE: Final = "/etc/libvirt/libvirtd.conf (virtqemud.conf where that runs)"


@dataclass(frozen=True)
class Identity:
    """None: not known.  States that older versions have written have no name."""

    uuid: str | None = None
    name: str | None = None

    @staticmethod
    def of(outputs: Mapping[str, Any]) -> Identity:
        """What the state has of it."""
        uuid, name = outputs.get("hostUuid"), outputs.get("hostName")
        return Identity(uuid if isinstance(uuid, str) else None, name if isinstance(name, str) else None)

    def outputs(self) -> dict[str, str]:
        found = {"hostUuid": self.uuid, "hostName": self.name}
        return {key: value for key, value in found.items() if value is not None}

    def __str__(self) -> str:
        return f"host {self.name} ({self.uuid})" if self.name else f"host {self.uuid}"


def same_uuid(one: str | None, other: str | None) -> bool:
    return bool(one and other) and str(one).lower() == str(other).lower()


def same_host(one: Identity, other: Identity) -> bool:
    """By their UUIDs, which a batch of machines may have alike; where both say a name, that tells them apart."""
    return same_uuid(one.uuid, other.uuid) and not _differ(one, other)


def unlike(name: str) -> str:
    """How one of two hosts that have one UUID, this one by its name, gets one of its own."""
    return (
        f'put {STABLE}, or host_uuid = "…" with another UUID, into {FILE} on {name}, restart that daemon, and refresh '
        f"its stack with {how(name, HOST_UUID)}"
    )


def can_tell(one: Identity, other: Identity) -> bool:
    """Whether two of one UUID are told apart, or known to be one: by names that both have."""
    return None not in (_short(one.name), _short(other.name))


def _differ(one: Identity, other: Identity) -> bool:
    return can_tell(one, other) and _short(one.name) != _short(other.name)


def refuse_another(uri: str, now: Identity, state: Identity) -> None:
    """`OperatorError` unless a host (``now``) is the one that the state is of, or is allowed to be."""
    known, differ, who = can_tell(now, state), _differ(now, state), now.name or uri
    if now.uuid is None:
        if not known or differ:
            raise OperatorError(
                f"whether {uri} leads to {state}, which the state is of, can't be told: libvirt does not tell its UUID"
            )
        return
    same = same_uuid(now.uuid, state.uuid)
    if same and not differ:
        return
    if same == differ and allowed(who, HOST_NAME if same else HOST_UUID):
        return
    said = f"the host is not who it was: {uri} leads to {now}, but the state is of {state}"
    mend = (
        f"put {STABLE} into {FILE} there, restart that daemon, and take the new UUID into the state by a refresh with "
        f"{how(who, HOST_UUID)}"
    )
    other = "set libvirt:uri to the host that this stack was applied to"
    if same:
        raise OperatorError(
            f"{said}, and two machines may have one UUID in their firmware: {other}; or, if it is the same one by "
            f"another name, take that into the state by a refresh with {how(who, HOST_NAME)}"
        )
    if differ:
        raise OperatorError(f"{said}; {other}")
    if known:
        raise OperatorError(
            f"{said}: it is probably the same one, without a UUID in its firmware, so that libvirt makes one up at "
            f"each of its starts: {mend}"
        )
    raise OperatorError(
        f"{said}; {other}; or, if it is the same one, and libvirt makes up a UUID at each of its starts, since there "
        f"is none in its firmware: {mend}"
    )


def _short(name: str | None) -> str | None:
    """Without its domain, which the host may learn from DNS or not; many a host is called localhost."""
    short = (name or "").split(".")[0].lower()
    return short if short not in ("", "localhost") else None
