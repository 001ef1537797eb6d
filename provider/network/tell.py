"""What an update of a network does to what runs, in the words of a preview."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from provider.impact import allow
from provider.network import diff
from provider.network.change import NAMES, SERVED, Change, Sides
from provider.network.replug import Outage
from provider.network.seen import Seen, view
from provider.network.update_calls import CONFIG, LIVE, SECTION_DHCP_HOST, SECTION_DHCP_RANGE, Update
from provider.resource import shape
from provider.resource.base import Call, Props

_WORDS: Final = {"add": "added", "modify": "changed", "delete": "removed"}
_LONG: Final = 60  # characters of a value that are shown


@dataclass(frozen=True)
class Told:
    """An update as it is going to be: ``seen``: the declared properties before it; ``served``: what is taken live."""

    name: str
    inputs: Props
    seen: Props
    both: Sides
    change: Change
    served: Collection[str]
    restyled: bool
    restarts: bool

    @property
    def running(self) -> Seen | None:
        return None if self.both.live is None else view(self.both.live)


def tell(call: Call, what: Told) -> None:
    """Note each change with its impact, once."""
    _states(call, what)
    paths = list(diff.changes(what.seen, what.inputs))
    names = (NAMES,) if NAMES in what.served else ()
    live = [path for path in paths if shape.top(path) in what.served or path.startswith(names)]
    if any(shape.top(path) in SERVED for path in live):
        _served(call, live, what.running, what.change.updates)
    if any(path.startswith(NAMES) for path in live):
        call.note("live", NAMES, f"names that {what.name} serves; no packet is lost")
    if "autostart" in paths:
        call.note(
            "live", "autostart", f"{what.name} starts with the host: {_shown(what.inputs['autostart'])}"
        )
    staged = [path for path in paths if path != "autostart" and path not in live]
    for top in dict.fromkeys(map(shape.top, staged)):
        inside = [path for path in staged if shape.top(path) == top]
        path = inside[0] if len(inside) == 1 else top
        _staged(
            call, path, f"{_shown(shape.at(what.seen, path))} -> {_shown(shape.at(what.inputs, path))}", what
        )
    if what.restyled:
        _staged(call, "xml.xslt", "the definition is made with another stylesheet", what)
    for key in what.change.waits if what.restarts else ():
        if key not in {shape.top(path) for path in paths}:
            call.note("network outage", key, "waits for the network's restart, which is now")


def _states(call: Call, what: Told) -> None:
    if what.both.live is None:
        call.note("live", "active", f"network {what.name} is started")
    if what.both.persistent is None:
        call.note("live", "persistent", f"network {what.name} is defined, so that it outlives its stop")


def _served(call: Call, live: list[str], running: Seen | None, updates: Collection[Update]) -> None:
    """One note a property; the holes stand with the first."""
    forwards = running is not None and running["mode"] in ("nat", "route")
    holes = sum(one.makes_hole for one in updates) if forwards else 0
    hole = (
        f"; {holes} hole{'s' if holes > 1 else ''} of 0.2 to 0.4 s in forwarded traffic, none to the gateway"
    )
    for key in sorted({shape.top(path) for path in live} & SERVED, reverse=True):
        section = SECTION_DHCP_HOST if key == "dhcpHosts" else SECTION_DHCP_RANGE
        what = _done([one for one in updates if one.section == section])
        kind = "reservations" if key == "dhcpHosts" else "DHCP ranges"
        leases = "" if key == "dhcpHosts" else "; dnsmasq restarts and keeps its leases"
        call.note("live", key, f"{kind}: {what or 'as declared'}{leases}{hole if holes else ''}")
        holes = 0


def update_done(update: Update) -> str:
    """One call, for those who ask what was done before another one failed."""
    kind = {SECTION_DHCP_HOST: "reservation", SECTION_DHCP_RANGE: "DHCP range"}.get(
        update.section, "DNS name"
    )
    where = {LIVE: " while it runs", CONFIG: " in its definition"}.get(update.flags, "")
    return f"a {kind} {_WORDS[update.verb]}{where}"


def _done(updates: Collection[Update]) -> str:
    """What is done to the running network; where it has all, what is done to its definition."""
    felt = [one for one in updates if one.flags & LIVE]
    counts = Counter(_WORDS[one.verb] for one in felt or updates)
    text = ", ".join(f"{number} {word}" for word, number in counts.items())
    return text if felt or not text else f"{text} in the definition alone"


def _staged(call: Call, path: str, values: str, what: Told) -> None:
    if what.running is None:
        call.note("live", path, f"{values}; {what.name} does not run, and is started with it")
    elif shape.top(path) not in what.change.waits and not (path == "xml.xslt" and what.change.waits):
        call.note("live", path, f"{values} in the definition; the running network has it already")
    elif what.restarts:
        call.note("network outage", path, f"{values}, by restarting the network")
    else:
        now = f"to have it now: {allow.how(what.name, 'network outage')}"
        until = (
            _until(what.running, view(what.change.define or what.both.base))
            if path.startswith("addresses")
            else ""
        )
        call.note("next boot", path, f"{values} waits for the network's restart{until}; {now}")


def waiting_subnet(name: str, both: Sides) -> str | None:
    """What a network that runs in another subnet than it is defined with gives to guests; None if it does not."""
    if both.live is None or both.persistent is None:
        return None
    until = _until(view(both.live), view(both.persistent))
    how = allow.how(name, "network outage")
    return (
        f"network {name}: its subnet waits for its restart{until}; to have it now: {how}" if until else None
    )


def _until(now: Seen, then: Seen) -> str:
    """What guests are given before the restart."""
    if now["addresses"] == then["addresses"]:
        return ""
    had, planned = ", ".join(now["addresses"]) or "no subnet", ", ".join(then["addresses"]) or "none"
    return f": until then guests, new ones too, are given addresses of {had}, and no planned one of {planned}"


def foretell(call: Call, both: Sides, change: Change, guests: Collection[str] | None) -> None:
    """``guests``: those that are plugged in; None where that is not known."""
    now, then = view(str(both.live)), view(change.define or both.base)
    who = "guests that are plugged in are"
    if guests is not None:
        who = _guests(sorted(guests), "is", "are") or "no guest is plugged in; one would be"
    felt = _anew(now, then) or f" for 0.5 to 1.3 s{_also(now, then)}"
    call.note("network outage", "", f"the network is restarted: {who} cut off{felt}")


def _guests(names: Collection[str], one: str, several: str) -> str:
    """With the verb for one or for several; empty for none."""
    guests, verb = ("guest", one) if len(names) == 1 else ("guests", several)
    return f"{guests} {', '.join(names)} {verb}" if names else ""


def measured(call: Call, now: Seen, then: Seen, outage: Outage) -> None:
    cut_off = _guests(outage.guests, "was cut off", "were cut off")
    who = cut_off or "no guest was plugged in; it was off"
    felt = f" for {outage.seconds:.2f} s{_anew(now, then, ', and stay so') or _also(now, then)}"
    call.note("network outage", "", f"the network was restarted: {who}{felt}")


def _anew(now: Seen, then: Seen, still: str = "") -> str:
    """In another subnet guests keep the addresses that they have: nothing tells them that those lead nowhere now."""
    if now["addresses"] == then["addresses"] or not now["addresses"]:
        return ""
    return (
        f"{still} until each asks for an address anew: they keep those of {', '.join(now['addresses'])} as long as "
        "their leases last, at which nobody answers; one asks anew when its link goes down and up (virsh domif-setlink "
        "DOMAIN MAC down, 6 s later up), or when it is restarted"
    )


def _also(now: Seen, then: Seen) -> str:
    """What a guest misses for longer than its tap is off the bridge."""
    if then.get("stp"):
        return ", and for some 4 s more until the spanning tree forwards" + _arp(now, then)
    return ", and may be written to again 1 s later (ARP)" + _arp(now, then)


def _arp(now: Seen, then: Seen) -> str:
    if now.get("mac") == then.get("mac"):
        return ""
    return "; guests may miss the gateway for up to 20 s more: its MAC is another, which they have to ask for (ARP)"


def _shown(value: Any) -> str:
    words = {True: "on", False: "off", None: "none"}
    text = words[value] if isinstance(value, bool | None) else str(value)
    return text if len(text) <= _LONG else f"{text[: _LONG - 3]}..."
