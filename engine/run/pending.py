"""Creates that were cut short: forgotten, or taken over under the ids that the operator has found.  Pure."""

from __future__ import annotations

from collections.abc import Mapping

from engine.errors import CommandError
from engine.state.clock import timestamp
from engine.state.records import Snapshot


def settle(snapshot: Snapshot, found: Mapping[str, str], *, forget: bool) -> None:
    """Change the snapshot's interrupted creates.  ``found`` has ids by URN.

    What was found becomes a record with what was to be made of it; the refresh that follows reads what is there.
    """
    creates = {p.resource.urn: p for p in snapshot.pending_operations if p.type == "creating"}
    unknown = [urn for urn in found if urn not in creates]
    if unknown:
        have = ", ".join(f"'{urn}'" for urn in creates) or "none"
        raise CommandError(f"no create of '{unknown[0]}' was interrupted (those that were: {have})")
    for urn, id_ in found.items():
        now = timestamp()
        snapshot.resources.append(creates[urn].resource.copy(id=id_, created=now, modified=now))
    gone = creates.keys() if forget else found.keys()
    snapshot.pending_operations = [
        p for p in snapshot.pending_operations if p.type != "creating" or p.resource.urn not in gone
    ]
