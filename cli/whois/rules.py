"""What the plan's rules, and everybody's, say of a MAC or an address that is declared for nobody.  Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Final

from netaddr import EUI, AddrFormatError, NotRegisteredError  # type: ignore[import-untyped]

from cli.whois.notation import guests_mac
from config.addresses import MacRule
from config.fleet import Fleet

NUMBERS: Final = range(100)  # what NN can be in the rule of addresses
GROUPS: Final = (  # first octets of the MACs of nobody's NIC
    ("ff:ff:ff:ff:ff:ff", "the broadcast MAC: everybody on the segment"),
    ("01:80:c2:00:00:00", "the multicast MAC of spanning tree"),
    ("01:80:c2", "a multicast MAC between switches (LLDP, pause, …)"),
    ("01:00:5e", "a multicast MAC of IPv4"),
    ("33:33", "a multicast MAC of IPv6"),
)
MAKERS: Final = (
    (
        "52:54:00",
        "52:54:00 is what libvirt and QEMU begin the MACs of guests with; no rule of the rack gives this one",
    ),
    ("02:42", "02:42 is what Docker begins the MACs of containers with"),
)
MULTICAST, LOCAL = 1, 2  # bits of a MAC's first octet


@dataclass(frozen=True)
class Saying:
    """``label`` is for a trace: None where a trace is clearer without."""

    text: str
    label: str | None = None


@dataclass(frozen=True)
class Rules:
    """The rules of one fleet; ``macs`` are the names by declared MAC."""

    fleet: Fleet
    macs: dict[str, str]

    def of_mac(self, mac: str) -> Iterator[Saying]:
        yield from self._slot_or_index(mac)
        yield from self._like(mac)
        for beginning, text in GROUPS:
            if mac.startswith(beginning):
                yield Saying(text)
                return
        if guests_mac(mac) is not None:
            yield Saying("fe is what libvirt begins the MAC of the host's end of a guest's NIC with")
        elif not any(
            fitting(rule, mac) for rule in (self.fleet.networks.default.macs, self.fleet.floats.macs)
        ):
            yield Saying(_maker(mac))

    def of_address(self, address: str) -> Iterator[Saying]:
        value = ipaddress.IPv4Address(address)
        number = self._numbers.get(int(value) >> 8)
        if number is not None:
            yield self._slot(number, int(value) & 255)
            return
        for name, vlan in self.fleet.vlans.items():
            network = ipaddress.IPv4Network(str(vlan.network))
            if value in network:
                edges = {network.broadcast_address: "broadcast", network.network_address: "network"}
                if what := edges.get(value):
                    yield Saying(f"the {what} address of VLAN {name} ({network})", f"{name}-{what}")
                else:
                    yield Saying(f"in VLAN {name} ({network}): declared for nobody")
                return
        yield Saying(_known_address(value) or "in none of the rack's networks")

    def first_octets(self) -> frozenset[str]:
        """The first three octets of all addresses that the rules have a label for."""
        edges = [n for v in self.fleet.vlans.values() for n in (v.network.network, v.network.broadcast) if n]
        ruled = {number << 8 for number in self._numbers} | {int(edge) for edge in edges}
        return frozenset(str(ipaddress.IPv4Address(value)).rpartition(".")[0] for value in ruled)

    def _slot_or_index(self, mac: str) -> Iterator[Saying]:
        if found := fitting(self.fleet.networks.default.macs, mac):
            yield self._slot(*found, of_mac=True)
        if found := fitting(self.fleet.floats.macs, mac):
            indexes = _ranges(member.index for member in self.fleet.floats.members.values())
            text = f"a float's MAC by rule, index {found[1]}: no such float (declared: {indexes})"
            yield Saying(text, f"no-float-{found[1]}")

    def _slot(self, number: int, slot: int, *, of_mac: bool = False) -> Saying:
        """What a slot in the range of a hypervisor's number is, where nobody has it."""
        nat = self.fleet.networks.default
        home = next((n for n, h in self.fleet.hypervisors.items() if h.number == number), None)
        if home is None:
            rule = nat.macs.text if of_mac else nat.addresses.text
            return Saying(
                f"by the rule {rule} of hypervisor {number}, slot {slot}: there is no such hypervisor"
            )
        if slot in (0, 255):
            if of_mac:
                return Saying(f"in {home}'s range, but {slot} is no slot (1 to 254)")
            what = "broadcast" if slot else "network"
            return Saying(f"the {what} address of network default on {home}", f"{what}@{home}")
        if nat.dhcp.first <= slot <= nat.dhcp.last:
            return Saying(f"in {home}'s range, slot {slot}: free", f"free-slot-{slot}@{home}")
        allowed = f"{nat.dhcp.first} to {nat.dhcp.last}"
        text = f"in {home}'s range, slot {slot}: nobody's, outside the DHCP range (slots {allowed})"
        return Saying(text, f"no-slot-{slot}@{home}")

    def _like(self, mac: str) -> Iterator[Saying]:
        """The declared MACs that this one is, but for two neighbouring octets that have changed places."""
        octets = mac.split(":")
        for i in range(5):
            if octets[i] != octets[i + 1]:
                other = ":".join([*octets[:i], octets[i + 1], octets[i], *octets[i + 2 :]])
                if other in self.macs:
                    places = f"octets {i + 1} and {i + 2}"
                    yield Saying(f"{self.macs[other]} has {other}: this is it with {places} swapped")

    @cached_property
    def _numbers(self) -> dict[int, int]:
        """The hypervisors' numbers, declared or not, by the first three octets of their networks."""
        found = {}
        for number in NUMBERS:
            try:
                network = self.fleet.networks.default.addresses.network(number)
            except AddrFormatError:
                continue
            found[int(network.network) >> 8] = number
        return found


def fitting(rule: MacRule, mac: str) -> tuple[int, int] | None:
    """The number (0 in a rule without NN) and the slot or index with which a rule gives a MAC."""
    pattern = rule.text.replace("NN", "(?P<number>..)").replace("xx", "(?P<last>..)")
    match = re.fullmatch(pattern, mac, re.IGNORECASE)
    if match is None:
        return None
    found = match.groupdict(default="0")
    return int(found.get("number", "0"), 16), int(found["last"], 16)


def of_ipv6(value: str) -> Saying:
    """What there is to say of an IPv6 address that was not made of a MAC."""
    address = ipaddress.IPv6Address(value)
    if address.is_multicast:
        return Saying("a multicast address of IPv6: a group, nobody's own")
    if address.is_loopback or address.is_unspecified:
        return Saying("every host's own: loopback, or no address yet")
    return Saying(
        "not made of a MAC (no ff:fe in the middle of its last half), so it does not tell whose it is"
    )


def _known_address(value: ipaddress.IPv4Address) -> str | None:
    if value == ipaddress.IPv4Address("255.255.255.255"):
        return "the broadcast address: everybody on the segment"
    if value.is_multicast:
        return "a multicast address: a group, nobody's own"
    if value.is_loopback or value.is_unspecified:
        return "every host's own: loopback, or no address yet"
    if value.is_link_local:
        return "a link-local address: what a host gives itself that no DHCP server has answered"
    return None


def _maker(mac: str) -> str:
    for beginning, text in MAKERS:
        if mac.startswith(beginning):
            return text
    first = int(mac[:2], 16)
    if first & MULTICAST:
        return "a multicast MAC: a group, nobody's NIC"
    if first & LOCAL:
        return "locally administered: made by software, no maker's; no rule of the rack gives it"
    try:
        maker = EUI(mac).oui.registration().org
    except NotRegisteredError:
        return "no rule of the rack gives it, and its first three octets are registered for nobody"
    return f"no rule of the rack gives it; its first three octets are registered for {maker}"


def _ranges(values: Iterable[int]) -> str:
    """``0 to 3, 7``."""
    # What follows one upon the other is as far from its place in the row.
    runs = (list(run) for _, run in groupby(enumerate(sorted(values)), lambda each: each[1] - each[0]))
    pairs = ((run[0][1], run[-1][1]) for run in runs)
    return ", ".join(f"{first}" if first == last else f"{first} to {last}" for first, last in pairs) or "none"
