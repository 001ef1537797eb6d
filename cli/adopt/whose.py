"""Whether a host is another stack's hypervisor: by the MACs of its networks, or by that stack's state."""

from __future__ import annotations

from pathlib import Path

from cli import live, rack
from cli.adopt import export
from cli.words.command_line import UsageError
from provider.host.identity import Identity, same_host
from provider.survey.survey import HostSeen


def refuse_anothers(root: Path, stack: str, engine: str, seen: HostSeen) -> None:
    """`UsageError` where it is: what is there would come into a second state.

    States are asked only of a host whose networks have no MAC of this stack's: that takes time.
    """
    plans = rack.known(root)
    if (owner := rack.owned_by_another(plans, stack, seen)) is not None:
        raise _refused(stack, seen, owner, "its networks have the MACs that are of that one by the rule")
    if rack.is_marked(plans, stack, seen):
        return
    others = [other for other in plans if other != stack]
    states = live.at_once(lambda other: export.exported(other, engine, lab=False)[0], others)
    for other, exported in states.items():
        if any(same_host(held, seen.identity) for held in _hosts(exported)):
            raise _refused(stack, seen, other, f"the state of {other} is of this host")


def _hosts(exported: dict[str, object]) -> set[Identity]:
    """Of what hosts the objects of a state are."""
    deployment = exported.get("deployment")
    records = deployment.get("resources") if isinstance(deployment, dict) else None
    return {Identity.of(record.get("outputs") or {}) for record in records or ()}


def _refused(stack: str, seen: HostSeen, owner: str, why: str) -> UsageError:
    return UsageError(
        f"{seen.uri} is the hypervisor of {owner}, not of {stack}: {why}; nothing is taken over; to say where {stack} "
        f"is: ./trop config {stack} set {live.URI} qemu+ssh://root@{stack}/system"
    )
