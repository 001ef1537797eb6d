"""Which calls bring a network's reservations and DNS names to what is declared, without restarting anything.

Pure.  Every virNetworkUpdate of a reservation, a failed one too, costs forwarded traffic a hole of some 0.3 s: so
the two XMLs are compared first, only what differs is sent, and what live and persistent need alike is one call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from lxml import etree

from provider.virt.network_xml import dhcp_host, dns_host, dns_names, view

Host = Mapping[str, str]
Verb = Literal["delete", "modify", "add"]

COMMANDS: Final[dict[Verb, int]] = {"modify": 1, "delete": 2, "add": 3}
SECTION_DHCP_HOST: Final = 4
SECTION_DNS_HOST: Final = 10
LIVE: Final = 1
CONFIG: Final = 2
_ORDER: Final[tuple[Verb, ...]] = ("delete", "modify", "add")


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


def reservation_calls(wanted: Sequence[Host], live: str | None, persistent: str | None) -> list[Update]:
    """The least calls that give both XMLs (None: the network has no such side) the wanted reservations."""
    return _calls(
        SECTION_DHCP_HOST,
        None if live is None else _reservation_steps(wanted, view(live)["dhcpHosts"]),
        None if persistent is None else _reservation_steps(wanted, view(persistent)["dhcpHosts"]),
    )


def dns_calls(wanted: list[dict[str, str]], live: str | None, persistent: str | None) -> list[Update]:
    """The same for DNS names; libvirt can't modify an address' names, so they are deleted and added."""
    return _calls(
        SECTION_DNS_HOST,
        None if live is None else _dns_steps(dns_names(wanted), dns_names(view(live)["dns"]["hosts"])),
        None
        if persistent is None
        else _dns_steps(dns_names(wanted), dns_names(view(persistent)["dns"]["hosts"])),
    )


Step = tuple[Verb, str]


def _calls(section: int, live: list[Step] | None, persistent: list[Step] | None) -> list[Update]:
    """Deletes first, so that what they free is free; then changes in place, then additions."""
    calls = []
    for verb in _ORDER:
        in_live = [step for step in live or () if step[0] == verb]
        in_config = [step for step in persistent or () if step[0] == verb]
        for step in dict.fromkeys([*in_live, *in_config]):
            flags = (LIVE if step in in_live else 0) | (CONFIG if step in in_config else 0)
            calls.append(Update(verb, section, step[1], flags))
    return calls


def _reservation_steps(wanted: Sequence[Host], have: Sequence[Host]) -> list[Step]:
    """Reservations are told apart by MAC.  libvirt's "modify" takes the first entry with the MAC *or* the name, so
    where an address or a name moves between entries that stay, the entry is deleted and added instead."""
    new = {_mac(host): host for host in wanted}
    old = {_mac(host): host for host in have if "mac" in host}
    same = {mac for mac in new.keys() & old.keys() if _canonical(new[mac]) == _canonical(old[mac])}
    changed = [mac for mac in new if mac in old and mac not in same]
    moved = {mac for mac in changed if _collides(new[mac], (old[other] for other in changed if other != mac))}
    gone = [host for host in have if "mac" not in host or _mac(host) not in new or _mac(host) in moved]
    return [
        *(("delete", _host_xml(host)) for host in gone),
        *(("modify", _host_xml(new[mac])) for mac in changed if mac not in moved),
        *(("add", _host_xml(new[mac])) for mac in new if mac not in old or mac in moved),
    ]


def _mac(host: Host) -> str:
    return host["mac"].lower()


def _canonical(host: Host) -> dict[str, str]:
    return {**host, "mac": _mac(host)}


def _collides(host: Host, others: Iterable[Host]) -> bool:
    return any(
        host["ip"] == other.get("ip") or ("name" in host and host["name"] == other.get("name"))
        for other in others
    )


def _host_xml(host: Host) -> str:
    return str(etree.tostring(etree.Element("host", dhcp_host(host)), encoding="unicode"))


def _dns_steps(wanted: dict[str, list[str]], have: dict[str, list[str]]) -> list[Step]:
    differing = [ip for ip, names in wanted.items() if names != have.get(ip)]
    return [
        *(("delete", f"<host ip='{ip}'/>") for ip in have if ip not in wanted or ip in differing),
        *(("add", str(etree.tostring(dns_host(ip, wanted[ip]), encoding="unicode"))) for ip in differing),
    ]
