"""The rack that is asked whose an address is, and what runs on one of its hypervisors."""

from __future__ import annotations

from collections.abc import Mapping

import netaddr
from hypothesis import strategies as st

from cli import ROOT, rack
from cli.whois.command import Directory, lines
from cli.whois.seen import gather
from provider.domain.seen import see
from provider.errors import OperatorError
from provider.survey.survey import DomainSeen, HostSeen, Lease, NetworkSeen

RACK = rack.load(ROOT)
OFFLINE = Directory(RACK)

macs = st.binary(min_size=6, max_size=6).map(lambda octets: octets.hex(":"))


def link_local(mac: str) -> str:
    """The IPv6 address that a NIC gives itself."""
    return str(netaddr.EUI(mac).ipv6_link_local())


def notations(mac: str) -> list[str]:
    bare = mac.replace(":", "")
    cisco = f"{bare[:4]}.{bare[4:8]}.{bare[8:]}"
    short = ":".join(octet.lstrip("0") or "0" for octet in mac.split(":"))
    plain = [mac, mac.replace(":", "-"), cisco, bare, short]
    return [*plain, *(text.upper() for text in plain)]


def said(word: str, known: Directory = OFFLINE) -> str:
    return "\n".join(lines(known.answer(word)))


def domain(name: str, *nics: str, state: str = "running") -> DomainSeen:
    """A domain with NICs of the form ``mac network vnetN``."""
    interfaces = "".join(
        f"<interface type='network'><mac address='{mac}'/><source network='{network}'/>"
        f"<target dev='{tap}'/></interface>"
        for mac, network, tap in (nic.split() for nic in nics)
    )
    xml = f"<domain type='qemu'><name>{name}</name><devices>{interfaces}</devices></domain>"
    running = state == "running"
    return DomainSeen(name, f"uuid of {name}", state, True, see(xml) if running else None, see(xml), xml, xml)


DEFAULT = """<network><name>default</name><ip address='192.168.202.1' netmask='255.255.255.0'>
  <dhcp><host mac='52:54:00:02:02:0F' name='Acilamwen' ip='192.168.202.15'/></dhcp></ip></network>"""


def host(*domains: DomainSeen, leases: tuple[Lease, ...] = (), uuid: str = "u2") -> HostSeen:
    network = NetworkSeen(
        "default", "n", True, True, True, "nat", "virbr0", "52:54:00:02:02:01", DEFAULT, DEFAULT
    )
    return HostSeen("test:///2", uuid, domains, (network,), leases, (), ())


def seeing(looks: Mapping[str, HostSeen | OperatorError]) -> Directory:
    return Directory(RACK, gather(looks, {}))


ACILAMWEN = domain("Acilamwen", "52:54:00:02:02:0f default vnet0", "52:54:00:00:01:00 bridged vnet5")
