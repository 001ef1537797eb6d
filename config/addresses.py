"""MACs, addresses and networks as values, and the rules that they follow.

MACs and addresses are compared as netaddr's values; they are printed in libvirt's form (``52:54:00:02:02:0f``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from netaddr import EUI, IPAddress, IPNetwork, mac_unix_expanded  # type: ignore[import-untyped]

from config.base import parsed

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.IGNORECASE)
_MAC_RULE = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){3}:(NN|[0-9a-f]{2}):xx", re.IGNORECASE)
_ADDRESS_RULE = re.compile(r"(\d{1,3}\.\d{1,3}\.\d?)NN\.xxx")


def mac_text(mac: EUI) -> str:
    """A MAC in the form that libvirt prints: lower case, two digits an octet, colons."""
    return str(EUI(mac.value, dialect=mac_unix_expanded))


@dataclass(frozen=True)
class MacRule:
    """``52:54:00:02:NN:xx``: NN the hypervisor's number, xx the slot or index, both two hexadecimal digits."""

    text: str

    def mac(self, number: int, last: int) -> EUI:
        """The MAC; ``number`` and ``last`` are 0 to 255."""
        return EUI(self.text.replace("NN", f"{number:02x}").replace("xx", f"{last:02x}"))


@dataclass(frozen=True)
class AddressRule:
    """``192.168.2NN.xxx``: NN the hypervisor's number (two decimal digits), xxx the slot; a /24 a hypervisor."""

    text: str

    def network(self, number: int) -> IPNetwork:
        """The hypervisor's network; AddrFormatError where the number gives no octet."""
        octets = self.text.replace("NN", f"{number:02d}").replace("xxx", "0").split(".")
        return IPNetwork(".".join(str(int(o)) for o in octets) + "/24")

    def address(self, number: int, slot: int) -> IPAddress:
        """The address; ``slot`` is 0 to 255."""
        return self.network(number)[slot]


def _mac(text: str) -> EUI:
    if not _MAC.fullmatch(text) or int(text[:2], 16) & 1 or not EUI(text).value:
        raise ValueError(text)
    return EUI(text)


def _mac_rule(text: str) -> MacRule:
    if not _MAC_RULE.fullmatch(text) or int(text[:2], 16) & 1 or text.startswith("00:00:00:00:"):
        raise ValueError(text)
    return MacRule(text)


def _address(text: str) -> IPAddress:
    return IPAddress(text, version=4)


def _network(text: str) -> IPNetwork:
    network = IPNetwork(text, version=4)
    if "/" not in text or text != text.strip() or network.ip != network.network or not _for_hosts(network):
        raise ValueError(text)
    return network


def _for_hosts(network: IPNetwork) -> bool:
    """Whether hosts have addresses in it at all: no loopback, multicast, link-local or reserved ones."""
    odd = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")
    return network.prefixlen > 0 and not any(network in IPNetwork(o) or IPNetwork(o) in network for o in odd)


def _address_rule(text: str) -> AddressRule:
    match = _ADDRESS_RULE.fullmatch(text)
    if not match:
        raise ValueError(text)
    first = match[1] + "0.0" if match[1].endswith(".") else match[1] + ".0"
    if not _for_hosts(IPNetwork(first + "/24", version=4)):
        raise ValueError(text)
    return AddressRule(text)


Mac = Annotated[EUI, parsed(_mac, "a unicast MAC in quotes, such as '0c:c4:7a:35:12:06'")]
MacRuleText = Annotated[
    MacRule,
    parsed(_mac_rule, "a rule such as 52:54:00:02:NN:xx, first octet even"),
]
Address = Annotated[IPAddress, parsed(_address, "an IPv4 address such as 192.168.202.15")]
Network = Annotated[IPNetwork, parsed(_network, "an IPv4 network such as 129.215.175.0/24, no host bits set")]
AddressRuleText = Annotated[AddressRule, parsed(_address_rule, "a rule such as 192.168.2NN.xxx")]
