"""Doing a plan of NIC steps on a domain; what libvirt's XML says afterwards decides what was done."""

from __future__ import annotations

from collections.abc import Sequence

from provider.connection import api, errors
from provider.errors import OperatorError
from provider.host.clock import Clock
from provider.nic import nic
from provider.nic.nic import Nic
from provider.nic.plan import CONFIG, LIVE, Step

SECURE = 1
INACTIVE = 2
UNPLUG_SECONDS = 60.0
UNPLUG_SECONDS_EACH = 20.0  # libvirt waits 5 s for each NIC that is held: many copies need longer than one
POLL_SECONDS = 0.2
OPERATION_TIMEOUT = 68


def both_xmls(domain: api.Domain) -> tuple[str | None, str | None]:
    """The running guest's XML and the persistent definition; None for the one that the domain does not have.

    With what libvirt calls secure (graphics passwords), so that what is fed back has lost nothing.
    """
    live = domain.XMLDesc(SECURE) if domain.isActive() else None
    config = domain.XMLDesc(SECURE | INACTIVE) if domain.isPersistent() else None
    return live, config


def perform(domain: api.Domain, steps: Sequence[Step], clock: Clock, seconds: float = 0.0) -> None:
    """Do the steps in their order; ``seconds`` is how long a guest has to let go of a NIC (0: the default)."""
    for step in steps:
        if step.action == "plug":
            _plug(domain, step)
        elif step.action in ("link", "fence"):
            _set_link(domain, step)
        elif step.action == "move":
            _move(domain, step)
        elif step.flags == CONFIG:
            _unplug_config(domain, step)
    _unplug_live(domain, [s for s in steps if s.action == "unplug" and s.flags == LIVE], clock, seconds)


def _plug(domain: api.Domain, step: Step) -> None:
    try:
        domain.attachDeviceFlags(step.xml, step.flags)
    except errors.VirtError as error:
        if not _has_everywhere(domain, step):
            raise OperatorError(
                f"{domain.name()}: NIC {step.mac} is not plugged in: {errors.said(error)}"
            ) from error
    else:
        if not _has_everywhere(domain, step):
            raise OperatorError(f"{domain.name()}: libvirt took NIC {step.mac}, but its XML does not have it")


def _has_everywhere(domain: api.Domain, step: Step) -> bool:
    live, config = both_xmls(domain)
    sides = [xml for flag, xml in ((LIVE, live), (CONFIG, config)) if step.flags & flag]
    return all(step.mac in nic.macs(xml) for xml in sides)


def _set_link(domain: api.Domain, step: Step) -> None:
    try:
        domain.updateDeviceFlags(step.xml, step.flags)
    except errors.VirtError as error:
        if _find(domain, step) is not None:
            raise OperatorError(
                f"{domain.name()}: the link of NIC {step.mac} is not switched: {errors.said(error)}"
            ) from error


def _move(domain: api.Domain, step: Step) -> None:
    """Onto another network, in the running guest or in the persistent definition; the XML says whether it is there."""
    said = "libvirt took it, but its XML has not"
    try:
        domain.updateDeviceFlags(step.xml, step.flags)
    except errors.VirtError as error:
        said = errors.said(error)
    found = _find(domain, step)
    if found is not None and not nic.same_place(found.xml, step.xml):
        raise OperatorError(f"{domain.name()}: NIC {step.mac} stays on {found.place}: {said}")


def _unplug_config(domain: api.Domain, step: Step) -> None:
    try:
        domain.detachDeviceFlags(step.xml, CONFIG)
    except errors.VirtError as error:
        if _find(domain, step) is not None:
            raise OperatorError(
                f"{domain.name()}: NIC {step.mac} stays in the persistent definition: {errors.said(error)}"
            ) from error


def _unplug_live(domain: api.Domain, steps: Sequence[Step], clock: Clock, seconds: float) -> None:
    """Ask until the running guest has let go of every one.

    libvirt answers 0 after 5 s for a guest that did not, and a request that comes while a guest boots is lost:
    it is made again until the time is up.
    """
    if not steps:
        return
    limit = seconds or max(UNPLUG_SECONDS, UNPLUG_SECONDS_EACH * len(steps))
    deadline = clock.monotonic() + limit
    while True:
        held = [s for s in steps if _find(domain, s) is not None]
        if not held:
            return
        if clock.monotonic() >= deadline:
            raise OperatorError(_holds_on(domain.name(), held, limit))
        for step in held:
            _ask_to_let_go(domain, step)
        if any(_find(domain, s) is not None for s in held):
            clock.sleep(POLL_SECONDS)


def _ask_to_let_go(domain: api.Domain, step: Step) -> None:
    try:
        domain.detachDeviceFlags(step.xml, LIVE)
    except errors.VirtError as error:
        if _find(domain, step) is not None and not _may_still_come(error):
            raise OperatorError(
                f"{domain.name()}: NIC {step.mac} is not unplugged: {errors.said(error)}"
            ) from error


def _may_still_come(error: errors.VirtError) -> bool:
    """An unplug of this NIC is under way already, or the guest's monitor was busy: worth asking again."""
    text = errors.said(error)
    return "unplug" in text or errors.code(error) == OPERATION_TIMEOUT


def _find(domain: api.Domain, step: Step) -> Nic | None:
    """The very NIC of the step, told from copies with the same MAC by its address; None for a domain that is gone."""
    try:
        live, config = both_xmls(domain)
    except errors.VirtError as error:
        if errors.code(error) == errors.NO_DOMAIN:
            return None
        raise
    xml = live if step.flags == LIVE else config
    address = step.nic.address if step.nic is not None else ()
    return next((n for n in nic.nics(xml) if n.mac == step.mac and n.address == address), None)


def _holds_on(name: str, held: Sequence[Step], limit: float) -> str:
    which = ", ".join(sorted({s.mac for s in held}))
    return (
        f"guest {name} holds on to NIC {which}: not let go within {limit:g} s, its link is down meanwhile; it is "
        f"paused, booting or without an operating system; run this again when it is up, or shut {name} down"
    )
