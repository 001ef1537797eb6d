"""Looking at the domains of a host: one of them as it is now, and all of them for who has a MAC or a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from lxml import etree

from provider.connection import api, errors
from provider.domain.read import Domain
from provider.domain.seen import Seen, Slots, see, written_disks
from provider.host import optional, ports
from provider.host.definitions import INACTIVE, SECURE, both_xmls
from provider.host.host import Host
from provider.host.others import Everybody, Has
from provider.host.ports import Room
from provider.host.sight import look
from provider.nic import nic

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
        room=Room() if live is None else ports.room(live),
    )


def slots(host: Host, domain: api.Domain) -> tuple[Slots | None, Slots | None]:
    """The domain's disks, live and persistent."""
    live, config = (None if xml is None else facts(host, xml).slots for xml in both_xmls(domain))
    return live, config


def facts(host: Host, xml: str) -> Seen:
    """What a definition says, with the files of disks that name a pool and a volume."""
    return see(xml, partial(_volume_path, host))


def state(domain: api.Domain) -> str:
    number = domain.state()[0]
    return STATES[number] if 0 <= number < len(STATES) else f"state {number}"


def network_name(host: Host) -> Callable[[str], str | None]:
    """Names of networks by UUID, each asked for once."""

    @cache
    def name(uuid: str) -> str | None:
        network = host.network_by_uuid(uuid)
        return None if network is None else network.name()

    return name


def everybody(host: Host, tell: optional.Tell) -> Everybody:
    """What each domain of the host has; by its UUID in lower case.  One that can't be read is told, and left out."""
    unknown = "whether another domain has a MAC or a disk that is asked for is not known"
    found: dict[str, Has] = {}
    listed = optional.look(tell, f"the domains of {host.uri}", look(host).conn.listAllDomains, (), unknown)
    for domain in listed:
        ask = partial(errors.unless, errors.NO_DOMAIN, _has, domain)
        has = optional.look(tell, f"domain {domain.name()}", ask, None, unknown)
        if has is not None:  # a domain that went away while it was looked at has nothing
            found[domain.UUIDString().lower()] = has
    return found


def _has(domain: api.Domain) -> Has:
    xmls = [xml for xml in both_xmls(domain) if xml is not None]
    macs = frozenset(mac for xml in xmls for mac in nic.macs(xml))
    files = frozenset(path for xml in xmls for path in written_disks(xml))
    return Has(domain.name(), macs, files)


def has_kvm(host: Host, tell: optional.Tell) -> bool:
    said = optional.look(
        tell,
        f"what {host.uri} can run",
        host.conn.getCapabilities,
        "<capabilities/>",
        "a domain without a declared type is made as qemu, which runs everywhere and is slow",
    )
    return etree.fromstring(said.encode()).find("guest/arch/domain[@type='kvm']") is not None


def _volume_path(host: Host, pool_name: str, volume: str) -> str | None:
    pool = host.pool_by_name(pool_name)
    if pool is None or not pool.isActive():
        return None
    found = errors.unless(errors.NO_STORAGE_VOL, pool.storageVolLookupByName, volume)
    return None if found is None else found.path()
