"""Which calls bring a network's reservations, DHCP ranges and DNS names to what is declared, without restarting it.

Pure.  Every virNetworkUpdate of a reservation or a range that the running network gets, a failed one too, costs
forwarded traffic a hole of some 0.3 s, and libvirt has no call for several: so the two XMLs are compared first, only
what differs is sent, each entry is changed by one call where that can be, and live and persistent share a call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from lxml import etree

from provider.host.elements import written
from provider.network.seen import dhcp_host, view
from provider.network.xml import dns_host, dns_names

Host = Mapping[str, str]
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
    return _calls(SECTION_DHCP_HOST, live, persistent, lambda s: _reservation_steps(wanted, s["dhcpHosts"]))


def range_calls(wanted: Sequence[Host], live: str | None, persistent: str | None) -> list[Update]:
    """The same for DHCP ranges; dnsmasq is restarted by each call, and knows its leases again."""
    return _calls(SECTION_DHCP_RANGE, live, persistent, lambda s: _range_steps(wanted, s["dhcpRanges"]))


def dns_calls(wanted: list[dict[str, str]], live: str | None, persistent: str | None) -> list[Update]:
    """The same for DNS names; libvirt can't modify an address' names, so they are deleted and added."""
    names = dns_names(wanted)
    return _calls(
        SECTION_DNS_HOST, live, persistent, lambda s: _dns_steps(names, dns_names(s["dns"]["hosts"]))
    )


def _calls(
    section: int, live: str | None, persistent: str | None, steps: Callable[[Mapping[str, Any]], list[Step]]
) -> list[Update]:
    """What both sides need alike, in the same order, is done as one; else each gets what it needs: calls for the
    definition alone cost nothing."""
    now = [] if live is None else steps(view(live))
    then = [] if persistent is None else steps(view(persistent))
    if now == then:
        return [Update(verb, section, xml, LIVE | CONFIG) for verb, xml in now]
    return [
        *(Update(verb, section, xml, LIVE) for verb, xml in now),
        *(Update(verb, section, xml, CONFIG) for verb, xml in then),
    ]


def _reservation_steps(wanted: Sequence[Host], have: Sequence[Host]) -> list[Step]:
    """Deletes first, so that what they free is free; then changes in place, then additions."""
    pairs, gone, new = _paired(wanted, have)
    going = {id(host) for host in gone}
    changes = _ordered(pairs, [host for host in have if id(host) not in going])
    return [
        *(("delete", _host_xml(host)) for host in gone),
        *(("modify", _host_xml(host)) for host in changes),
        *(("add", _host_xml(host)) for host in new),
    ]


Pair = tuple[Host, Host]


def _paired(wanted: Sequence[Host], have: Sequence[Host]) -> tuple[list[Pair], list[Host], list[Host]]:
    """Entries to change, each with what it becomes; entries to delete; reservations to add.

    An entry is known by its MAC.  One whose MAC is not wanted any more, but whose name is, gets another MAC.
    """
    macs = {_mac(host) for host in wanted}
    by_mac = {_mac(host): host for host in reversed(have)}  # of two, libvirt changes the first
    by_name = {host["name"]: host for host in reversed(have) if "name" in host and _mac(host) not in macs}
    pairs: list[Pair] = []
    new: list[Host] = []
    for host in wanted:
        old = by_mac.get(_mac(host)) or by_name.pop(host.get("name", ""), None)
        if old is None:
            new.append(host)
        else:
            pairs.append((old, host))
    kept = {id(old) for old, _ in pairs}  # not by value: a definition may have an entry twice
    differing = [pair for pair in pairs if _canonical(pair[0]) != _canonical(pair[1])]
    return differing, [host for host in have if id(host) not in kept], new


def _ordered(pairs: list[Pair], have: list[Host]) -> list[Host]:
    """The changes in an order in which each finds its entry.

    libvirt's "modify" takes the first entry with the MAC *or* the name, and looks for no repeated address or name: so
    two reservations that swap theirs are two changes.  The first entry that still has to change is always found.
    Addresses are passed on after they were freed where that can be, so that none is there twice even for a moment.
    """
    have, left, changes = list(have), list(pairs), []
    while left:
        fitting = [(old, new) for old, new in left if _found(have, new) is old]
        free = [(old, new) for old, new in fitting if all(o is old or o.get("ip") != new["ip"] for o in have)]
        old, new = (free or fitting or left)[0]
        left = [pair for pair in left if pair[0] is not old]
        changes.append(new)
        have = [new if one is old else one for one in have]
    return changes


def _found(have: Sequence[Host], host: Host) -> Host | None:
    """The entry that libvirt's "modify" takes for this one."""
    named = host.get("name")
    return next((o for o in have if _mac(o) == _mac(host) or (named and o.get("name") == named)), None)


def _mac(host: Host) -> str:
    """By which an entry is known; libvirt has entries without a MAC too, by name."""
    return host["mac"].lower() if "mac" in host else f"name {host.get('name')}"


def _canonical(host: Host) -> dict[str, str]:
    return {**host, "mac": _mac(host)}


def _host_xml(host: Host) -> str:
    return written(etree.Element("host", dhcp_host(host)))


def _range_steps(wanted: Sequence[Host], have: Sequence[Host]) -> list[Step]:
    """Additions first, which may overlap what is there: at no moment is less served than before and after."""
    return [
        *(("add", _range_xml(one)) for one in wanted if one not in have),
        *(("delete", _range_xml(one)) for one in have if one not in wanted),
    ]


def _range_xml(limits: Host) -> str:
    return written(etree.Element("range", start=limits["start"], end=limits["end"]))


def _dns_steps(wanted: dict[str, list[str]], have: dict[str, list[str]]) -> list[Step]:
    differing = [ip for ip, names in wanted.items() if sorted(names) != sorted(have.get(ip, []))]
    return [
        *(("delete", f"<host ip='{ip}'/>") for ip in have if ip not in wanted or ip in differing),
        *(("add", written(dns_host(ip, wanted[ip]))) for ip in differing),
    ]
