"""What a guest gets at its next start: put into its persistent definition, and never into the running guest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from provider.connection import api, errors
from provider.domain import diff, new, room, sweep
from provider.domain import pending as domain_pending
from provider.domain import read as domain_read
from provider.domain import stage as domain_stage
from provider.errors import OperatorError
from provider.host.host import Host
from provider.resource.base import Props


def look(
    host: Host, domain: api.Domain, declared: Props, adopted: Mapping[str, Any]
) -> tuple[Props, domain_read.Domain]:
    """The declared properties as the domain has them, and the domain as it was seen."""
    seen = sweep.observe(host, domain)
    names = sweep.network_name(host)
    read = domain_read.as_read(declared, seen, names, adopted)
    for key, kept in room.kept(declared, seen, names).items():
        read[key] = [*read[key], *kept]
    return read | {key: declared[key] for key in new.overruled(declared)}, seen


def stage(host: Host, domain: api.Domain, declared: Props, keys: frozenset[str]) -> None:
    """Define the domain as it is defined, with these declared properties; a running guest goes on as it is."""
    if not keys:
        return
    before = sweep.observe(host, domain)
    try:
        host.conn.defineXML(domain_stage.staged(before.xml, declared, keys))
    except errors.VirtError as error:
        raise OperatorError(
            f"domain {domain.name()}: {', '.join(sorted(keys))} cannot be changed, and nothing was: "
            f"{errors.said(error)}"
        ) from error
    read, _ = look(host, domain, {key: declared[key] for key in keys}, {})
    left = diff.differences(read, {key: declared[key] for key in keys}, {}, lambda _uuid: None)
    if left:
        raise OperatorError(
            f"domain {domain.name()}: libvirt took the definition, but does not have {', '.join(sorted(left))} in it"
        )


def awaited(host: Host, seen: domain_read.Domain, declared: Props, keys: frozenset[str]) -> list[str]:
    """What would wait for a restart once these properties were staged."""
    after = sweep.facts(host, domain_stage.staged(seen.xml, declared, keys))
    return domain_pending.pending(declared, replace(seen, seen=after))


def owned_after(news: Props, own: Props, keys: frozenset[str]) -> Props:
    """The ``own`` output of an update: amounts that were adopted hold until they are staged; it is persistent now."""
    adopted = {key: value for key, value in own.get("adopted", {}).items() if key not in keys | {"transient"}}
    return diff.owned(news, adopted)


def with_pending(outputs: Props, pending: Sequence[str]) -> Props:
    outputs = {key: value for key, value in outputs.items() if key != "pendingRestart"}
    return {**outputs, "pendingRestart": list(pending)} if pending else outputs
