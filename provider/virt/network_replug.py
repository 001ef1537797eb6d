"""Guests that a restart of their network has cut off, and plugging them in again.

When a network is stopped, by hand for example, every guest's tap leaves its bridge and stays out when the network is
started again, though the guest's XML still looks plugged in: what tells is that the network has no port of the NIC's
``portid``.  An update of the NIC that changes nothing does nothing, so each is moved to an empty network and back:
a few milliseconds, and the guest sees no change of its carrier.
"""

from __future__ import annotations

from uuid import uuid4

from lxml import etree

from provider.errors import OperatorError
from provider.virt import api, errors, nic
from provider.virt.host import Host

_LIVE = 1


def unplugged(host: Host, network: api.Network) -> list[tuple[api.Domain, str]]:
    """Each running domain with a NIC (its XML, as a definition has it) that looks plugged in here and is not."""
    if not network.isActive():
        return []
    try:
        ports = {port.UUIDString() for port in network.listAllPorts()}
    except errors.VirtError as error:
        if errors.code(error) == errors.NO_SUPPORT:
            return []
        raise
    found, name = [], network.name()
    for domain in host.conn.listAllDomains():
        if not domain.isActive():
            continue
        live = errors.unless(errors.NO_DOMAIN, domain.XMLDesc)
        found += [(domain, xml) for xml in (_cut_off(live, name, ports) if live else [])]
    return found


def _cut_off(domain_xml: str, network: str, ports: set[str]) -> list[str]:
    elements = etree.fromstring(domain_xml.encode()).iterfind("devices/interface")
    sources = [element.find("source") for element in elements]
    return [
        one.xml
        for one, source in zip(nic.nics(domain_xml), sources, strict=True)
        if one.network == network and source is not None and source.get("portid") not in ports
    ]


def replug(host: Host, network: api.Network) -> None:
    """Plug in every guest that is cut off; `OperatorError` names those that still are."""
    cut_off = unplugged(host, network)
    if not cut_off:
        return
    empty = f"empty-{uuid4().hex[:8]}"
    aside = host.conn.networkCreateXML(
        f"<network><name>{empty}</name><bridge stp='off' delay='0'/></network>"
    )
    try:
        for domain, xml in cut_off:
            domain.updateDeviceFlags(_on(xml, empty), _LIVE)
            domain.updateDeviceFlags(xml, _LIVE)
    finally:
        aside.destroy()
    still = sorted({domain.name() for domain, _ in unplugged(host, network)})
    if still:
        raise OperatorError(
            f"network {network.name()} runs, but {', '.join(still)} could not be plugged in again"
        )


def _on(nic_xml: str, network: str) -> str:
    root = etree.fromstring(nic_xml)
    root.find("source").attrib.clear()
    root.find("source").set("network", network)
    return str(etree.tostring(root, encoding="unicode"))
