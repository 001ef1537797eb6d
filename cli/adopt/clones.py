"""Which of the VMs that are to be taken over are clones of an image that was booted before it became one.

Their agents are asked, which changes nothing in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from cli import live
from provider.connection import errors
from provider.errors import OperatorError
from provider.guest import addresses, identity
from provider.guest.agent import Agent
from provider.guest.identity import Identity
from provider.host.clock import SystemClock
from provider.host.host import Host
from provider.survey.survey import DomainSeen


def asked(uri: str, domains: Mapping[str, DomainSeen]) -> dict[str, Identity]:
    """By the VM's name, of those that run; of one whose agent is not there or not to be asked nothing is known."""
    running = {name: domain.uuid for name, domain in domains.items() if domain.live is not None}
    if len(running) < 2:
        return {}
    try:
        host = Host.open(uri)  # an agent takes a connection that may write
    except OperatorError:
        return {}
    try:
        with ThreadPoolExecutor(max_workers=live.GUESTS_AT_ONCE) as pool:
            return dict(zip(running, pool.map(lambda uuid: _ask(host, uuid), running.values()), strict=True))
    finally:
        host.close()


def _ask(host: Host, uuid: str) -> Identity:
    try:
        if (domain := host.domain_by_uuid(uuid)) is not None:
            return addresses.look(domain, Agent(domain, SystemClock())).identity
    except (OperatorError, errors.VirtError):
        pass  # it went away, or its host did
    return addresses.NOBODY


def lines(guests: Mapping[str, Identity]) -> Iterator[str]:
    for marks, what in ((identity.machine_of, identity.ONE_MACHINE), (identity.keys_of, identity.ONE_KEY)):
        for names in identity.shared(guests, marks):
            yield f"{' and '.join(names)} {what}"
