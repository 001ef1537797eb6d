"""Where a running guest and its persistent definition are apart, though an update can bring them together live.  Pure.

An update changes one after the other, and may be cut off between them.  A read shows one value; which of the two it
has to be depends on what is declared next, and that is known only once they are compared.  So the outputs keep both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from provider.domain import amounts as domain_amounts
from provider.domain import pending as domain_pending
from provider.domain.read import AMOUNTS, Domain, disk_path, same_metadata
from provider.domain.seen import Seen, same_amount
from provider.host.macs import same_mac
from provider.resource import shape
from provider.resource.base import Kind, Props


def apart(domain: Domain, declared: Props, own: Props, pending: Collection[str]) -> Props:
    """What of the declared is not the same on both sides; empty when all of it is.

    ``amounts``: memory and vcpu as [running, defined].  ``macs``, ``disks``: those that one side lacks; ``moved``:
    MACs on two networks; ``texts``: title, description, metadata.  ``pending``: what is known to wait for a restart.
    """
    if domain.live is None or domain.config is None or domain.now is None:
        return {}
    live, config = ({n.mac: n.place for n in side} for side in (domain.live, domain.config))
    disks = set(domain.now.disks) ^ set(domain.seen.disks)
    macs = own.get("macs", ())
    found: Props = {
        "amounts": _amounts(domain, declared, own.get("adopted", {}), pending),
        "macs": [mac for mac in macs if (mac in live) != (mac in config)],
        "moved": [mac for mac in macs if mac in live and mac in config and live[mac] != config[mac]],
        "disks": [path for path in own.get("disks", ()) if path in disks],
        "texts": _texts(domain.seen, domain.now, declared),
    }
    return {key: value for key, value in found.items() if value}


def waits(domain: Domain, declared: Props, own: Props, pending: Collection[str]) -> list[str]:
    """The declared properties that the running guest gets at its next start only."""
    amounts = apart(domain, declared, own, pending).get("amounts", {})
    defined = {**declared, **_defined(domain, declared, own.get("adopted", {}))}
    return [key for key in domain_pending.pending(defined, domain) if key not in amounts]


def changes(found: Mapping[str, Kind], news: Props, sides: Mapping[str, Any]) -> dict[str, Kind]:
    """What has to be changed though a read shows it as declared: one of its ``sides`` (`apart`) is not."""
    macs = {same_mac(str(e.get("mac"))) for e in news.get("networkInterfaces", ())}
    paths = {disk_path(disk) for disk in news.get("disks", ())}
    keys = [
        key
        for key, both in sides.get("amounts", {}).items()
        if key in news and not all(same_amount(key, one, news[key]) for one in both)
    ]
    keys += [key for key in sides.get("texts", ()) if key in news]
    if "networkInterfaces" in news and (
        set(sides.get("macs", ())) - macs or set(sides.get("moved", ())) & macs
    ):
        keys.append("networkInterfaces")
    if "disks" in news and set(sides.get("disks", ())) - paths:
        keys.append("disks")
    there = {shape.top(path) for path in found}
    return {key: "update" for key in keys if key not in there}


def _amounts(
    domain: Domain, declared: Props, adopted: Mapping[str, Any], pending: Collection[str]
) -> dict[str, list[int | float]]:
    found = {}
    for key in _defined(domain, declared, adopted):
        now, seen = domain_amounts.has(domain.now, key), domain_amounts.has(domain.seen, key)
        if key in pending or same_amount(key, now, seen):
            continue
        if not domain_amounts.why_not(key, seen, domain):
            found[key] = [now, seen]
    return found


def _defined(domain: Domain, declared: Props, adopted: Mapping[str, Any]) -> dict[str, int | float]:
    """The declared amounts as they are defined, but for those that were adopted as less than is declared."""
    seen = {key: domain_amounts.has(domain.seen, key) for key in AMOUNTS if key in declared}
    return {key: value for key, value in seen.items() if value != adopted.get(key)}


def _texts(seen: Seen, now: Seen, declared: Props) -> list[str]:
    metadata = declared.get("metadata")
    other = {
        "title": (seen.title or "") != (now.title or ""),
        "description": (seen.description or "") != (now.description or ""),
        "metadata": isinstance(metadata, str)
        and same_metadata(metadata, seen.metadata) != same_metadata(metadata, now.metadata),
    }
    return [key for key, differs in other.items() if differs and key in declared]
