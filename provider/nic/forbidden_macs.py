"""The NICs of an Interface's domain made as declared: its own, and those with a MAC that it forbids there.

A NIC with a forbidden MAC may be drift, or one that another resource of the same run is moving away just now: cutting
it off would break that move, so it is given time to go by itself.  One that such a resource has in this very domain is
left to that one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from provider.connection import api, errors
from provider.errors import OperatorError
from provider.host.clock import Clock
from provider.host.definitions import both_xmls, saved_xml
from provider.host.macs import alias_for, same_mac
from provider.nic import apply, nic, plan, seen
from provider.nic.nic import Wanted
from provider.resource.base import COMPUTED, Call, Props

Verdict = Literal["absent", "now", "wait", "spare", "saved"]
GRACE_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.3


class Homes:
    """Where this run's resources have their NICs, as far as they have been looked at: by host and MAC."""

    def __init__(self) -> None:
        self._homes: dict[tuple[str, str], str] = {}

    def note(self, call: Call, mac: str, domain: str) -> None:
        self._homes[call.host.uri, same_mac(mac)] = domain.lower()

    def claims(self, call: Call, mac: str, domain: api.Domain) -> bool:
        return self._homes.get((call.host.uri, same_mac(mac))) == domain.UUIDString().lower()


@dataclass(frozen=True)
class Place:
    """A domain with what is wanted and forbidden on it; ``homes``: what this run's resources have there.

    ``known``: forbidden there before; ``left``: the resource leaves this domain, and does not come back to it.
    ``waiting``: of what is wanted, the MACs that the running guest has from its next start on.
    """

    domain: api.Domain
    wanted: tuple[Wanted, ...]
    macs: tuple[str, ...]
    homes: Homes
    known: frozenset[str] = frozenset()
    left: bool = False
    waiting: tuple[str, ...] = ()


def forbidden(
    domain: api.Domain,
    source: api.Domain | None,
    news: Props,
    old_inputs: Props,
    homes: Homes,
    *,
    waits: bool = False,
) -> list[Place]:
    """On the domain of an Interface, and on ``source``, which it leaves: what was forbidden there goes too."""
    old = _macs(old_inputs.get("forbiddenMacs", ()))
    known = frozenset(old) if source is None else frozenset[str]()
    waiting = (news["mac"],) if waits else ()
    macs = _macs(news.get("forbiddenMacs", ()))
    here = Place(domain, (seen.wanted(news),), macs, homes, known, waiting=waiting)
    there = [] if source is None else [Place(source, (), old, homes, frozenset(old), left=True)]
    return [here, *there]


def foretold(call: Call, places: list[Place]) -> Iterator[str]:
    """What `settle` will unplug, in words."""
    for place in places:
        goes = ("now",) if place.left else ("now", "wait")
        verdicts = _verdicts(call, place)
        going = [mac for mac, verdict in verdicts.items() if verdict in goes]
        xmls = both_xmls(place.domain)
        for line in plan.drift([], going, *xmls):
            yield f"{place.domain.name()}: {line}"
        yield from _saved(place, verdicts)


def settle(call: Call, clock: Clock, places: list[Place]) -> None:
    """What is so already is not touched; a forbidden NIC that may be another resource's is given time to go."""
    for place in places:
        verdicts = _verdicts(call, place)
        _mend(call, clock, place, [mac for mac, verdict in verdicts.items() if verdict == "now"])
        for line in _saved(place, verdicts):
            call.note("live", "forbiddenMacs", line)
        if not place.left:
            _wait(call, clock, place, verdicts)


def _saved(place: Place, verdicts: dict[str, Verdict]) -> Iterator[str]:
    for mac, verdict in verdicts.items():
        if verdict == "saved":
            who = f"{place.domain.name()} is saved with NIC {mac}, which must not be there"
            yield f"{who}: the up after its start unplugs it"


def _wait(call: Call, clock: Clock, place: Place, verdicts: dict[str, Verdict]) -> None:
    waiting = [mac for mac, verdict in verdicts.items() if verdict in ("wait", "spare")]
    deadline = clock.monotonic() + GRACE_SECONDS
    while waiting and clock.monotonic() < deadline:
        clock.sleep(_POLL_SECONDS)
        waiting = [mac for mac in waiting if seen.has(place.domain, mac)]
    # Asked again: the resource that has one may have come to its turn meanwhile.
    late = [m for m in waiting if verdicts[m] == "wait" and not place.homes.claims(call, m, place.domain)]
    _mend(call, clock, place, late)
    for mac in set(waiting) - set(late):
        call.note(
            "live",
            "forbiddenMacs",
            f"NIC {mac} is still in {place.domain.name()}: left to the resource that has it, and unplugged by the next "
            "up if it is there then and no resource has it",
        )


def _mend(call: Call, clock: Clock, place: Place, macs: list[str]) -> None:
    """A guest that holds on to a forbidden NIC keeps nothing from being done: its link is down there."""
    domain = place.domain
    live, config = both_xmls(domain)
    steps = plan.plan(place.wanted, macs, live, config, place.waiting)
    try:
        apply.perform(domain, steps, clock, call.timeout)
    except OperatorError as error:
        now = both_xmls(domain)
        open_ = plan.plan(place.wanted, macs, *now, place.waiting)
        others = any(s.action != "unplug" or s.flags != plan.LIVE or s.mac not in macs for s in open_)
        ended = live is not None and now[0] is None  # with the definition nothing is left to do then
        if others or ended or errors.died(error.__cause__):
            raise
        call.note("live", "forbiddenMacs", str(error))


def _verdicts(call: Call, place: Place) -> dict[str, Verdict]:
    live, config = both_xmls(place.domain)
    saved = nic.macs(saved_xml(place.domain))
    return {
        mac: "saved"
        if mac in saved
        else _verdict(mac, live, config, mac in place.known, place.homes.claims(call, mac, place.domain))
        for mac in place.macs
    }


def _verdict(mac: str, live: str | None, config: str | None, known: bool, claimed: bool) -> Verdict:
    """``known``: it was forbidden on this domain before, so who moves it away has had a run for that already.

    ``claimed``: it is another resource's, which has it in this very domain; that one moves it away, or takes it out.
    ``saved``: it comes back with the domain's image, and goes once that runs.
    ``wait``: unplugged when it is still there after the time; ``spare``: left then, and told as drift.
    """
    sides = [nic.of_mac(xml, mac) for xml in (live, config)]
    found = [n for side in sides for n in side]
    if not found:
        return "absent"
    if claimed:
        return "spare"
    if any(len(side) > 1 for side in sides):
        return "now"  # nobody declares a NIC twice
    if any(n.user_alias == alias_for(mac) for n in found):
        return "wait" if known else "spare"
    return "now" if known else "wait"


def _macs(macs: Any) -> tuple[str, ...]:
    """Those that are known by now: at preview they may be another resource's output."""
    return () if macs is COMPUTED else tuple(same_mac(mac) for mac in macs if mac is not COMPUTED)
