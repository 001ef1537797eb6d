"""A network's two definitions and the declared properties: what is done live, what is staged, what then waits.  Pure.

A running network takes reservations, DHCP ranges and DNS names.  Everything else is put into its persistent
definition, with its UUID and its bridge's MAC, and waits there for the network's restart, which nothing here asks for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from provider.errors import OperatorError
from provider.network.seen import rest, view
from provider.network.update_calls import Update, dns_calls, range_calls, reservation_calls
from provider.network.xml import render, skeleton
from provider.resource import xslt

Props = Mapping[str, Any]
SERVED: Final = frozenset({"dhcp", "dhcpRanges", "dhcpHosts"})
NAMES: Final = "dns.hosts"
_CHOSEN: Final = ("mode", "bridge", "mac")  # what libvirt chose where nothing is declared


@dataclass(frozen=True)
class Sides:
    """A network's two definitions: as it runs, and as it will start next; None where it has none."""

    live: str | None
    persistent: str | None

    @property
    def base(self) -> str:
        """The one to build a new definition on."""
        found = self.persistent or self.live
        if found is None:
            raise OperatorError("the network went away while it was looked at; try again")
        return found

    @property
    def uuid(self) -> str:
        return str(etree.fromstring(self.base.encode()).findtext("uuid"))


@dataclass(frozen=True)
class Change:
    """``define``: the new persistent definition, None when it is as it should be; ``updates`` are made after that.

    ``waits``: the properties, sorted, of which the network then runs with another value than its definition has.
    """

    define: str | None
    updates: tuple[Update, ...]
    waits: tuple[str, ...]

    @property
    def holes(self) -> int:
        return sum(update.makes_hole for update in self.updates)


def fresh(inputs: Props, uuid: str) -> str:
    """The XML of a new network."""
    return xslt.styled(render(inputs, skeleton(uuid)), inputs)


def wanted(both: Sides, inputs: Props) -> str:
    """The definition with the declared properties.  A stylesheet is applied once, so to a definition that has not
    been through it: of the existing one, only what libvirt itself chose is kept there."""
    if "xml" not in inputs:
        return render(inputs, both.base)
    seen = view(both.base)
    moved = inputs.get("mode", seen["mode"]) != seen["mode"]
    kept: dict[str, Any] = {key: seen[key] for key in _CHOSEN if key in seen and not moved}
    return fresh({**kept, **inputs, "name": inputs.get("name", seen["name"])}, both.uuid)


def at_once(both: Sides, after: Props) -> frozenset[str]:
    """Which of `SERVED` and `NAMES` the running network takes: DHCP only in the subnet that it has, and keeps."""
    if both.live is None:
        return frozenset()
    running = view(both.live)
    subnets = _ipv4(running), _ipv4(after)
    if running["mode"] == "bridge" or not subnets[0] or subnets[0] != subnets[1]:
        return frozenset({NAMES})
    return SERVED | {NAMES}


def plan(inputs: Props, both: Sides, restyled: bool = False) -> Change:
    """``restyled``: the stylesheet is not the one that the network was last defined with."""
    after_xml = wanted(both, inputs)
    after = view(after_xml)
    live = at_once(both, after) & declared_paths(inputs)
    kept = _without(inputs, live)
    stale = both.persistent is None or not _equal(after, view(both.persistent), kept)
    define = None
    if restyled or stale:
        # A subnet that is moved takes its reservations along: an update would find none to change.
        moved = _ipv4(view(both.base)) != _ipv4(after)
        define = after_xml if moved or "xml" in inputs else render(kept, both.base)
    persistent = define or both.persistent
    updates = _updates(inputs, after, live, both.live, persistent)
    waits = () if both.live is None or persistent is None else waiting(both.live, persistent, live)
    return Change(define, tuple(updates), waits)


def waiting(live: str, persistent: str, mended: Collection[str] = ()) -> tuple[str, ...]:
    """The properties in which the two differ, but for those that an update mends; ``xml``: what has no property."""
    now, then = view(live), view(persistent)
    found = {
        key
        for key in now.keys() | then.keys()
        if not same(_judged(now, key, mended), _judged(then, key, mended))
    }
    found -= {key for key in ("bridge", "mac") if key not in now or key not in then}
    found -= {key for key in SERVED if key in mended or (key == "dhcp" and SERVED & set(mended))}
    if "mode" in found and "natPorts" not in now.keys() & then.keys():
        found -= {"natPorts"}
    if rest(live) != rest(persistent):
        found.add("xml")
    return tuple(sorted(found))


def waits_now(inputs: Props, both: Sides) -> tuple[str, ...]:
    """What waits for a restart as things are."""
    if both.live is None or both.persistent is None:
        return ()
    live = at_once(both, view(both.persistent)) & declared_paths(inputs)
    return waiting(both.live, both.persistent, live)


def declared_paths(inputs: Props) -> frozenset[str]:
    """Of `SERVED` and `NAMES`, what is declared; DHCP that is off has neither ranges nor reservations."""
    found = {key for key in SERVED if key in inputs}
    if inputs.get("dhcp", {}).get("enabled") is False:
        found |= SERVED
    if "hosts" in inputs.get("dns", {}):
        found.add(NAMES)
    return frozenset(found)


def same(one: Any, other: Any) -> bool:
    """Equal, the order of lists aside: libvirt keeps an order of its own after updates."""
    if isinstance(one, list) and isinstance(other, list):
        return sorted(one, key=repr) == sorted(other, key=repr)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def _updates(
    inputs: Props, after: Props, paths: Collection[str], live: str | None, persistent: str | None
) -> list[Update]:
    calls: list[Update] = []
    if "dhcpHosts" in paths:
        hosts = inputs.get("dhcpHosts", []) if after["dhcp"]["enabled"] else []
        calls += reservation_calls(hosts, live, persistent)
    if "dhcpRanges" in paths:
        calls += range_calls(after["dhcpRanges"], live, persistent)
    elif "dhcp" in paths:
        # Ranges are nobody's to say then, but that there are some.
        serving = [xml if xml and not view(xml)["dhcp"]["enabled"] else None for xml in (live, persistent)]
        calls += range_calls(after["dhcpRanges"], *serving)
    if NAMES in paths:
        calls += dns_calls(inputs["dns"]["hosts"], live, persistent)
    return calls


def _without(inputs: Props, live: Collection[str]) -> dict[str, Any]:
    """The properties that are defined, and not changed by updates."""
    kept = {key: value for key, value in inputs.items() if key not in live}
    if NAMES in live:
        kept["dns"] = {key: value for key, value in inputs["dns"].items() if key != "hosts"}
    return kept


def _equal(after: Props, seen: Props, kept: Props) -> bool:
    """Whether the definition has every declared property as declared."""
    there, found = (
        {**side, "dns": {k: side["dns"][k] for k in kept.get("dns", {})}} for side in (after, seen)
    )
    return all(same(there.get(key), found.get(key)) for key in kept if key in after)


def _judged(seen: Props, key: str, mended: Collection[str]) -> Any:
    if key == "dns" and NAMES in mended:
        return {name: value for name, value in seen["dns"].items() if name != "hosts"}
    return seen.get(key)


def _ipv4(seen: Props) -> list[str]:
    return [address for address in seen["addresses"] if ":" not in address]
