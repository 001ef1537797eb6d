"""Who only looks plugged into a network: its NIC has no port there any more.  Pure."""

from __future__ import annotations

from collections.abc import Collection

from lxml import etree

from provider.host.xml_in import of_libvirt
from provider.nic import nic
from provider.nic.nic import Nic


def aside_name(uuid: str) -> str:
    """The empty network in which guests wait while the one of this UUID is restarted."""
    return f"park-{uuid.lower()}"


@of_libvirt("a domain")
def cut_off(domain_xml: str, name: str, uuid: str, ports: Collection[str] | None) -> list[Nic]:
    """The NICs of a running domain that belong on the network and are on no bridge of its; ``ports``: the UUIDs of
    those that it has, None while it does not run."""
    elements = etree.fromstring(domain_xml.encode()).iterfind("devices/interface")
    sources = [element.find("source") for element in elements]
    return [
        one
        for one, source in zip(nic.nics(domain_xml), sources, strict=True)
        if one.network == aside_name(uuid)
        or (
            one.network == name
            and (ports is None or (source is not None and source.get("portid") not in ports))
        )
    ]
