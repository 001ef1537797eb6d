"""Looking at the domains of a host: one of them as it is now, and all of them for who has a MAC or a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from itertools import islice
from typing import Final

from lxml import etree

from provider.connection import api, errors, states
from provider.domain.read import Domain
from provider.domain.seen import Ours, Seen, Slots, as_declared, see, written_disks
from provider.host import optional, ports
from provider.host.definitions import INACTIVE, SECURE, both_xmls, saved_xml
from provider.host.host import Host
from provider.host.others import Everybody, Has
from provider.host.ports import Room
from provider.host.sight import look
from provider.nic import nic
from provider.storage import chain as storage_chain

NONE: Final[Ours] = {}


def observe(host: Host, domain: api.Domain, ours: Ours = NONE) -> Domain:
    """``ours``: files that are, or were, declared: a disk is known by the one in its chain."""
    live, config = both_xmls(domain)
    saved = saved_xml(domain)
    xml = domain.XMLDesc(SECURE | INACTIVE) if config is None else config
    now = None if live is None else facts(host, live, ours)
    return Domain(
        seen=facts(host, xml, ours, follow=live is None, now=now),
        live=None if live is None else tuple(nic.nics(live)),
        config=None if config is None else tuple(nic.nics(config)),
        autostart=bool(domain.autostart()),
        now=now,
        xml=xml,
        ours=dict(ours),
        saved=None if saved is None else facts(host, saved, ours),
        is_saved=states.is_saved(domain),
        room=Room() if live is None else ports.room(live),
    )


def slots(host: Host, domain: api.Domain, ours: Ours = NONE) -> tuple[Slots | None, Slots | None]:
    """The domain's disks, live and persistent; ``ours`` as for `observe`."""
    live, config = both_xmls(domain)
    now = None if live is None else facts(host, live, ours)
    defined = None if config is None else facts(host, config, ours, now=now)
    return None if now is None else now.slots, None if defined is None else defined.slots


def facts(host: Host, xml: str, ours: Ours = NONE, follow: bool = False, now: Seen | None = None) -> Seen:
    """What a definition says, with the files of disks that name a pool and a volume; ``ours`` as for `observe`.

    Where it does not say what a disk stands on: as the running guest ``now`` has that file, or, with ``follow``, by the
    headers of the files.
    """
    seen = see(xml, partial(_volume_path, host))
    reached = {path for _, path in seen.slots} | {path for chain in seen.chains for path in chain.files}
    if (follow or now) and not set(ours) <= reached:
        below = partial(_by_headers, host) if now is None else partial(_as_it_runs, now)
        seen = replace(seen, chains=tuple(chain.followed(below, ours) for chain in seen.chains))
    return as_declared(seen, ours)


def _by_headers(host: Host, path: str) -> Iterator[str]:
    found = storage_chain.links(host, path, optional.unheard)
    return (link.path for link in islice(found, 1, None))


def _as_it_runs(now: Seen, path: str) -> tuple[str, ...]:
    files = next((each.files for each in now.chains if path in each.files), (path,))
    return files[files.index(path) + 1 :]


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
    saved = saved_xml(domain)
    xmls = [xml for xml in both_xmls(domain) if xml is not None]
    macs = frozenset(mac for xml in xmls for mac in nic.macs(xml))
    files = frozenset(path for xml in (*xmls, saved) if xml is not None for path in written_disks(xml))
    return Has(domain.name(), macs | set(nic.macs(saved)), files, frozenset(nic.macs(saved)) - macs)


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
