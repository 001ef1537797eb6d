"""A NIC's seat in one domain, read from its XML, and the single steps that a move makes there."""

from __future__ import annotations

from dataclasses import replace

from provider.connection import api
from provider.errors import OperatorError
from provider.host import ports
from provider.host.clock import Clock
from provider.host.definitions import SECURE, both_xmls
from provider.nic import apply, nic, plan
from provider.nic.move import Seat
from provider.nic.nic import Link, Wanted
from provider.nic.plan import CONFIG, LIVE, Step


def look(domain: api.Domain, mac: str) -> Seat:
    live, config = both_xmls(domain)
    return Seat(
        running=live is not None,
        persistent=config is not None,
        live=_link(live, mac),
        config=_link(config, mac),
    )


def _link(xml: str | None, mac: str) -> Link | None:
    links = [n.link for n in nic.of_mac(xml, mac)]
    return None if not links else "up" if "up" in links else "down"


def waits(domain: api.Domain, wanted: Wanted, known: str = "") -> str:
    """Why the running guest has the NIC from its next start on; empty when it has it, or can be given it.

    ``known``: the answer of before; where those were libvirt's words when it was tried, it holds as long as the
    definition alone has the NIC.
    """
    live, config = both_xmls(domain)
    if live is None or nic.of_mac(live, wanted.mac) or config is None:
        return ""
    tried = known if ports.refused(known) and nic.of_mac(config, wanted.mac) else ""
    return ports.why_not(live, wanted.model) or tried


def plug(domain: api.Domain, wanted: Wanted, clock: Clock, *, waits: bool = False) -> None:
    """Plug it in with its link down wherever it is missing; in the definition alone where it ``waits``."""
    waiting = (wanted.mac,) if waits else ()
    steps = plan.plan([replace(wanted, link="down")], (), *both_xmls(domain), waiting)
    apply.perform(domain, [s for s in steps if s.action == "plug"], clock)


def _leaving(domain: api.Domain, mac: str) -> list[Step]:
    """What takes it out of the domain, and every copy of it."""
    return plan.plan([], [mac], *both_xmls(domain))


def fences(domain: api.Domain, mac: str) -> list[Step]:
    """What takes down the link of the running guest's NIC, and of every copy of it."""
    return [s for s in _leaving(domain, mac) if s.action == "fence"]


def link_down(domain: api.Domain, mac: str, clock: Clock, steps: list[Step] | None = None) -> None:
    """Take it down; the XML says afterwards that it is.  ``steps``: `fences`, read beforehand where time counts."""
    apply.perform(domain, fences(domain, mac) if steps is None else steps, clock)
    if _link(domain.XMLDesc(SECURE), mac) == "up":
        raise OperatorError(f"{domain.name()}: libvirt took it, but the link of NIC {mac} is still up")


def rises(domain: api.Domain, mac: str, flags: int) -> list[Step]:
    """What brings the link of one side up; of copies, the first's."""
    live, config = both_xmls(domain)
    found = next(iter(nic.of_mac(live if flags == LIVE else config, mac)), None)
    if found is None or found.link == "up":
        return []
    return [Step("link", flags, found.mac, nic.with_link(found, "up"), found)]


def link_up(domain: api.Domain, mac: str, flags: int, clock: Clock, steps: list[Step] | None = None) -> None:
    """Bring it up; ``steps``: `rises`, read beforehand where time counts."""
    apply.perform(domain, rises(domain, mac, flags) if steps is None else steps, clock)
    seat = look(domain, mac)
    if (seat.live if flags == LIVE else seat.config) != "up":
        raise OperatorError(f"{domain.name()}: the link of NIC {mac} does not come up")


def forget(domain: api.Domain, mac: str, clock: Clock) -> None:
    """Out of the persistent definition, every copy of it."""
    apply.perform(domain, [s for s in _leaving(domain, mac) if s.flags == CONFIG], clock)


def unplug(domain: api.Domain, mac: str, clock: Clock, seconds: float) -> None:
    """Out of both; `OperatorError` for a guest that holds on, its link down."""
    apply.perform(domain, _leaving(domain, mac), clock, seconds)
