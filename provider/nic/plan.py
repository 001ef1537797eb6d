"""Which calls make a domain's NICs what they shall be.  Pure: wanted NICs and both XMLs in, steps out.

NICs are a multiset matched by MAC: a wanted one is there exactly once, a banned MAC not at all, and every other NIC is
somebody else's and never touched.  The running guest and the persistent definition are planned apart, each by what
its own XML has; planning again after the steps were done gives no step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from provider.host.macs import same_mac
from provider.nic import nic
from provider.nic.nic import Nic, Wanted

LIVE = 1
CONFIG = 2

Action = Literal["fence", "unplug", "plug", "move", "link"]


@dataclass(frozen=True)
class Step:
    """One libvirt call: ``flags`` is LIVE, CONFIG or both, ``xml`` the device to give to it."""

    action: Action
    flags: int
    mac: str
    xml: str
    nic: Nic | None = None


@dataclass(frozen=True)
class _Side:
    flags: int
    keep: dict[str, Nic]
    drop: list[Nic]


def plan(
    wanted: Sequence[Wanted],
    banned: Collection[str],
    live: str | None,
    config: str | None,
    waiting: Collection[str] = (),
) -> list[Step]:
    """Steps in the order in which they are to be done.

    ``live`` is None for a domain that is shut off, ``config`` for one without a persistent definition.  What waits
    for a guest comes last, so that a guest that holds on to a copy keeps nothing else from being done; until then its
    link is down.  ``waiting``: MACs for which the running guest has no place: the definition alone gets them.
    """
    sides = [
        _sort_out(flags, wanted, banned, nic.nics(own), nic.nics(other))
        for flags, own, other in ((CONFIG, config, live), (LIVE, live, config))
        if own is not None
    ]
    fences = [
        Step("fence", LIVE, n.mac, nic.with_link(n, "down"), n)
        for side in sides
        if side.flags == LIVE
        for n in side.drop
        if n.link == "up"
    ]
    unplugs = [Step("unplug", side.flags, n.mac, n.xml, n) for side in sides for n in side.drop]
    moves = [step for side in sides for step in _moves(side, wanted)]
    links = [step for side in sides for step in _links(side, wanted)]
    return [
        *fences,
        *(s for s in unplugs if s.flags == CONFIG),
        *(s for s in links if _goes_down(s)),
        *moves,
        *_plugs(sides, wanted, {same_mac(mac) for mac in waiting}),
        *(s for s in links if not _goes_down(s)),
        *(s for s in unplugs if s.flags == LIVE),
    ]


def drift(
    wanted: Sequence[Wanted],
    banned: Collection[str],
    live: str | None,
    config: str | None,
    waiting: Collection[str] = (),
) -> list[str]:
    """What is not as it shall be, a line each, in words for an operator; nothing when the plan would be empty."""
    where = {LIVE: "in the running guest", CONFIG: "in the persistent definition", LIVE | CONFIG: "anywhere"}
    lines = []
    for step in plan(wanted, banned, live, config, waiting):
        if step.action == "plug":
            lines.append(f"{step.mac} is not {where[step.flags]}")
        elif step.action == "move" and step.nic is not None:
            lines.append(f"{step.mac} is on {step.nic.place} {where[step.flags]}")
        elif step.action == "unplug":
            held = {w.mac for w in wanted if same_mac(w.mac) == step.mac}
            what = "is there too often" if held else "must not be"
            lines.append(f"{step.mac} {what} {where[step.flags]}")
    return [line if times == 1 else f"{line} ({times} times)" for line, times in Counter(lines).items()]


def _sort_out(
    flags: int, wanted: Sequence[Wanted], banned: Collection[str], own: Sequence[Nic], other: Sequence[Nic]
) -> _Side:
    """Which NIC of one side stands for each wanted one, and which have to go."""
    side = _Side(flags, {}, [])
    for want in wanted:
        mac = same_mac(want.mac)
        mine = sorted((n for n in own if n.mac == mac), key=partial(_rank, want=want, other=other))
        if mine:
            side.keep[mac] = mine[0]
            side.drop.extend(mine[1:])
    gone = {same_mac(mac) for mac in banned} - {same_mac(w.mac) for w in wanted}
    side.drop.extend(n for n in own if n.mac in gone)
    return side


def _rank(found: Nic, want: Wanted, other: Sequence[Nic]) -> tuple[bool, bool, bool]:
    """Smaller is kept: the right network first, then our own alias, then the one that the other side has as well."""
    return (
        not found.is_on(want),
        found.user_alias is None,
        found.address not in [n.address for n in other if n.mac == found.mac],
    )


def _plugs(sides: Sequence[_Side], wanted: Sequence[Wanted], waiting: Collection[str]) -> list[Step]:
    steps = []
    for want in wanted:
        mac = same_mac(want.mac)
        sides_left = [s for s in sides if mac not in s.keep and not (s.flags == LIVE and mac in waiting)]
        if sides_left:
            # The other side's alias, so that both are seen to be one NIC.
            aliases = [side.keep[mac].user_alias for side in sides if mac in side.keep]
            alias = next((a for a in aliases if a is not None), None)
            flags = sum(side.flags for side in sides_left)
            steps.append(Step("plug", flags, mac, nic.to_plug(want, alias)))
    return steps


def _moves(side: _Side, wanted: Sequence[Wanted]) -> list[Step]:
    """A NIC on another network goes over as it is, its link too: the guest sees no change of its carrier."""
    return [
        Step("move", side.flags, found.mac, nic.with_place(_down_first(found, want), want), found)
        for want in wanted
        for found in [side.keep.get(same_mac(want.mac))]
        if found is not None and not found.is_on(want)
    ]


def _down_first(found: Nic, want: Wanted) -> Nic:
    """The NIC as it is when it is moved: a link that goes down has gone before, one that comes up does so after."""
    return replace(found, xml=nic.with_link(found, "down")) if want.link == "down" else found


def _links(side: _Side, wanted: Sequence[Wanted]) -> list[Step]:
    """Of a NIC that is moved as well, each step's element has both: an update replaces the whole of it."""
    steps = []
    for want in wanted:
        found = side.keep.get(same_mac(want.mac))
        if want.link is None or found is None or found.link == want.link:
            continue
        place = (
            found
            if found.is_on(want) or want.link == "down"
            else replace(found, xml=nic.with_place(found, want))
        )
        steps.append(Step("link", side.flags, found.mac, nic.with_link(place, want.link), found))
    return steps


def _goes_down(step: Step) -> bool:
    return step.nic is not None and step.nic.link == "up"
