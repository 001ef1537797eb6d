"""Which files of declared VMs are not there any more: told only of those for which that is sure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from provider.connection import errors, states
from provider.errors import OperatorError
from provider.host.disk_files import chains
from provider.host.host import Host
from provider.host.optional import unheard
from provider.storage import chain, pool_state, storage
from provider.storage.chain import Link
from provider.survey.survey import DomainSeen, HostSeen


def gone(host: Host, seen: HostSeen, domains: Iterable[DomainSeen]) -> Iterator[str]:
    """Of these domains' disks, CDs and bases those that no pool lists; what a pool lists is known from the survey.

    libvirt is made to look at a pool's files anew, which takes a connection that may write.  It is not where the pool
    has no file that can be seen: libvirt stops a pool whose folder has gone, when it is to look there.
    """
    listed = {volume.path for volume in seen.volumes} | set(seen.gone)
    for domain in domains:
        for path in dict.fromkeys((*domain.seen.disks, *domain.seen.cdroms, *_stood_on(seen, domain))):
            if path in listed or path.startswith("/dev/"):
                continue
            try:
                if _is_gone(host, seen, domain, path):
                    yield path
            except (OperatorError, errors.VirtError):
                continue  # nothing is known of it


def _stood_on(seen: HostSeen, domain: DomainSeen) -> Iterator[str]:
    for path in domain.seen.disks:
        volume = seen.volume_at(path)
        if volume is not None and volume.base:
            yield volume.base


def links(host: Host, domain: DomainSeen) -> dict[str, tuple[Link, ...]]:
    """What each disk of the domain stands on by the headers of the files; by its target."""
    xml = domain.live_xml or domain.config_xml or "<domain/>"
    found = {}
    for each in chains(xml):
        try:
            found[each.target] = tuple(chain.links(host, each.path, unheard))
        except (OperatorError, errors.VirtError):
            continue  # nothing is known of it
    return found


def bases(all_links: Iterable[Mapping[str, tuple[Link, ...]]]) -> dict[str, str | None]:
    """By file, what it stands on, of those whose header was seen."""
    every = (link for links in all_links for each in links.values() for link in each)
    return {link.path: link.base for link in every if link.there}


def room(host: Host, domains: Iterable[DomainSeen]) -> dict[str, int]:
    """Bytes that are left in the active pools of a host on which a guest was paused since its disk had no space.

    libvirt knows it as of its last look at a pool, so it is made to look anew.
    """
    found: dict[str, int] = {}
    if any(how == states.NO_SPACE for domain in domains for _, how in domain.at.disks):
        for pool in host.conn.listAllStoragePools():
            try:
                pool.refresh()
                there = pool_state.left(pool)
            except (OperatorError, errors.VirtError):
                continue  # nothing is known of it
            if there is not None:
                found[pool.name()] = there
    return found


def _is_gone(host: Host, seen: HostSeen, domain: DomainSeen, path: str) -> bool:
    pools = [pool.name for pool in seen.pools_of(path)]
    if any(volume.pool in pools for volume in seen.volumes):
        unknown: list[str] = []  # a pool that could not be looked at may be the one that has it
        return storage.find_path(host, path, unknown.append) is None and not unknown
    own = path in (*domain.seen.disks, *domain.seen.cdroms)
    return own and domain.live is None and _unreadable(host, domain, path)


def _unreadable(host: Host, domain: DomainSeen, path: str) -> bool:
    """libvirt opens the file of a domain that is shut off; of one that runs it asks QEMU, which has it open still."""
    found = host.domain_by_uuid(domain.uuid)
    if found is None:
        return False
    try:
        found.blockInfo(path)
    except errors.VirtError as error:
        return errors.no_file(error)
    return False
