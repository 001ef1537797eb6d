"""Looking at the domains of a host: one of them as it is now, and all of them for who has a MAC or a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lxml import etree

from provider.virt import api, errors, nic
from provider.virt.domain_disks import Slotted
from provider.virt.domain_read import Domain
from provider.virt.domain_seen import Seen, Slots, VolumePath, see, written_disks
from provider.virt.host import Host
from provider.virt.nic_apply import INACTIVE, SECURE, both_xmls
from provider.virt.sight import look

STATES = ("no state", "running", "idle", "paused", "in shutdown", "shut off", "crashed", "pmsuspended")


def observe(host: Host, domain: api.Domain) -> Domain:
    live, config = both_xmls(domain)
    xml = domain.XMLDesc(SECURE | INACTIVE) if config is None else config
    return Domain(
        seen=facts(host, xml),
        live=None if live is None else tuple(nic.nics(live)),
        config=None if config is None else tuple(nic.nics(config)),
        autostart=bool(domain.autostart()),
        now=None if live is None else facts(host, live),
        xml=xml,
    )


def slots(host: Host) -> Slotted:
    """Asks a domain for its disks, live and persistent."""

    def ask(domain: api.Domain) -> tuple[Slots | None, Slots | None]:
        live, config = (None if xml is None else facts(host, xml).slots for xml in both_xmls(domain))
        return live, config

    return ask


def facts(host: Host, xml: str) -> Seen:
    """What a definition says, with the files of disks that name a pool and a volume."""
    return see(xml, _volume_path(host))


def state(domain: api.Domain) -> str:
    number = domain.state()[0]
    return STATES[number] if 0 <= number < len(STATES) else f"state {number}"


def network_name(host: Host) -> Callable[[str], str | None]:
    """Names of networks by UUID, each asked for once."""
    known: dict[str, str | None] = {}

    def name(uuid: str) -> str | None:
        if uuid not in known:
            network = host.network_by_uuid(uuid)
            known[uuid] = None if network is None else network.name()
        return known[uuid]

    return name


def others_with_macs(host: Host, macs: set[str], but: set[str]) -> list[tuple[str, str]]:
    """(MAC, domain name) of each of these MACs that a domain has, live or persistent; domains ``but`` (UUIDs) aside.

    libvirt takes one MAC in any number of domains, and then answers flap between them.
    """
    wanted = {nic.same_mac(mac) for mac in macs}
    return [
        (mac, name)
        for name, xmls in _others(host, but)
        for mac in sorted(wanted & {m for xml in xmls for m in nic.macs(xml)})
    ]


def others_with_disks(host: Host, paths: set[str], but: set[str]) -> list[tuple[str, str]]:
    """(path, domain name) of each of these files that another domain may write to."""
    return [
        (path, name)
        for name, xmls in _others(host, but)
        for path in sorted(paths & {p for xml in xmls for p in written_disks(xml)})
    ]


def _others(host: Host, but: set[str]) -> Iterator[tuple[str, list[str]]]:
    for domain in look(host).conn.listAllDomains():
        if domain.UUIDString().lower() in {uuid.lower() for uuid in but}:
            continue
        try:
            yield domain.name(), [xml for xml in both_xmls(domain) if xml is not None]
        except errors.VirtError as error:
            if errors.code(error) != errors.NO_DOMAIN:
                raise  # a domain that went away while it was looked at has nothing


def has_kvm(host: Host) -> bool:
    capabilities = etree.fromstring(host.conn.getCapabilities().encode())
    return capabilities.find("guest/arch/domain[@type='kvm']") is not None


def _volume_path(host: Host) -> VolumePath:
    def path(pool_name: str, volume: str) -> str | None:
        pool = host.pool_by_name(pool_name)
        if pool is None or not pool.isActive():
            return None
        found = errors.unless(errors.NO_STORAGE_VOL, pool.storageVolLookupByName, volume)
        return None if found is None else found.path()

    return path
