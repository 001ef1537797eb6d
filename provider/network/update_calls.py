"""Which calls bring a network's reservations, DHCP ranges and DNS names to what is declared, without restarting it.

Pure.  Every virNetworkUpdate of a reservation or a range that the running network gets, a failed one too, costs
forwarded traffic a hole of some 0.3 s, and libvirt has no call for several: so the two XMLs are compared first, only
what differs is sent, each entry is changed by one call where that can be, and live and persistent share a call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from provider.host.elements import written
from provider.network import entries
from provider.network.entries import Entry, Host, Pair
from provider.network.seen import view

Verb = Literal["delete", "modify", "add"]
Step = tuple[Verb, str]

COMMANDS: Final[dict[Verb, int]] = {"modify": 1, "delete": 2, "add": 3}
SECTION_DHCP_HOST: Final = 4
SECTION_DHCP_RANGE: Final = 5
SECTION_DNS_HOST: Final = 10
LIVE: Final = 1
CONFIG: Final = 2


@dataclass(frozen=True)
class Update:
    """One virNetworkUpdate; ``flags`` is LIVE, CONFIG, or both (which libvirt does as one)."""

    verb: Verb
    section: int
    xml: str
    flags: int

    @property
    def command(self) -> int:
        return COMMANDS[self.verb]

    @property
    def makes_hole(self) -> bool:
        """Whether traffic that a running network with NAT or routing forwards stops for 0.2 to 0.4 s."""
        return bool(self.flags & LIVE) and self.section != SECTION_DNS_HOST


def reservation_calls(wanted: Sequence[Host], live: str | None, persistent: str | None) -> list[Update]:
    """The least calls that give both XMLs (None: the network has no such side) the wanted reservations."""
    return _calls(SECTION_DHCP_HOST, live, persistent, partial(_reservation_steps, wanted))


def range_calls(wanted: Sequence[Host], live: str | None, persistent: str | None) -> list[Update]:
    """The same for DHCP ranges; dnsmasq is restarted by each call, and knows its leases again."""
    return _calls(SECTION_DHCP_RANGE, live, persistent, partial(_range_steps, wanted))


def dns_calls(wanted: list[dict[str, str]], live: str | None, persistent: str | None) -> list[Update]:
    """The same for DNS names; libvirt can't modify an address' names, so they are deleted and added."""
    return _calls(SECTION_DNS_HOST, live, persistent, partial(_dns_steps, entries.dns_names(wanted)))


def _calls(
    section: int, live: str | None, persistent: str | None, steps: Callable[[str], list[Step]]
) -> list[Update]:
    """What both sides need alike, in the same order, is done as one; else each gets what it needs: calls for the
    definition alone cost nothing."""
    now = [] if live is None else steps(live)
    then = [] if persistent is None else steps(persistent)
    if now == then:
        return [Update(verb, section, xml, LIVE | CONFIG) for verb, xml in now]
    return [
        *(Update(verb, section, xml, LIVE) for verb, xml in now),
        *(Update(verb, section, xml, CONFIG) for verb, xml in then),
    ]


def _reservation_steps(wanted: Sequence[Host], xml: str) -> list[Step]:
    """Deletes first, so that what they free is free; then changes in place, then additions."""
    have = entries.reservations(xml)
    pairs, gone, new = entries.paired(wanted, have)
    going = {id(entry) for entry in gone}
    changes = _ordered(pairs, [entry for entry in have if id(entry) not in going])
    return [
        *(("delete", written(entries.reservation(entry.host))) for entry in gone),
        *(("modify", written(entries.reservation(host, entry.element))) for entry, host in changes),
        *(("add", written(entries.reservation(host))) for host in new),
    ]


def _ordered(pairs: list[Pair], have: list[Entry]) -> list[Pair]:
    """The changes in an order in which each finds its entry.

    libvirt's "modify" takes the first entry with the MAC *or* the name, and looks for no repeated address or name: so
    two reservations that swap theirs are two changes.  The first entry that still has to change is always found.
    Addresses are passed on after they were freed where that can be, so that none is there twice even for a moment.
    """
    left, changes = list(pairs), []
    now: list[tuple[Entry, Host]] = [(entry, entry.host) for entry in have]
    while left:
        fitting = [(old, new) for old, new in left if _found(now, new) is old]
        free = [
            (old, new) for old, new in fitting if all(e is old or o.get("ip") != new["ip"] for e, o in now)
        ]
        change = (free or fitting or left)[0]
        left = [pair for pair in left if pair[0] is not change[0]]
        changes.append(change)
        now = [change if one[0] is change[0] else one for one in now]
    return changes


def _found(now: Sequence[Pair], host: Host) -> Entry | None:
    """The entry that libvirt's "modify" takes for this one."""
    named, mac = host.get("name"), entries.mac_of(host)
    return next((e for e, o in now if entries.mac_of(o) == mac or (named and o.get("name") == named)), None)


def _range_steps(wanted: Sequence[Host], xml: str) -> list[Step]:
    """Additions first, which may overlap what is there: at no moment is less served than before and after."""
    coming, going = entries.paired_ranges(wanted, entries.ranges(xml))
    return [
        *(
            ("add", written(entries.dhcp_range(one, None if old is None else old.element)))
            for old, one in coming
        ),
        *(("delete", written(entries.dhcp_range(entry.host))) for entry in going),
    ]


def _dns_steps(wanted: dict[str, list[str]], xml: str) -> list[Step]:
    have, elements = entries.dns_names(view(xml)["dns"]["hosts"]), entries.dns_hosts(xml)
    differing = [ip for ip, names in wanted.items() if sorted(names) != sorted(have.get(ip, []))]
    return [
        *(("delete", f"<host ip='{ip}'/>") for ip in have if ip not in wanted or ip in differing),
        *(("add", written(entries.dns_host(ip, wanted[ip], elements.get(ip)))) for ip in differing),
    ]
