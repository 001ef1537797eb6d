"""Doing a plan of NIC steps on a domain; what libvirt's XML says afterwards decides what was done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from provider.connection import api, errors
from provider.errors import OperatorError
from provider.host import ports
from provider.host.clock import Clock
from provider.host.definitions import both_xmls
from provider.nic import nic
from provider.nic.nic import Nic
from provider.nic.plan import CONFIG, LIVE, Step

T = TypeVar("T")

UNPLUG_SECONDS = 60.0
UNPLUG_SECONDS_EACH = 20.0  # libvirt waits 5 s for each NIC that is held: many copies need longer than one
POLL_SECONDS = 0.2
OPERATION_TIMEOUT = 68


class NoRoom(OperatorError):
    """The running guest does not take a NIC that its definition has by now; ``why`` in libvirt's words."""

    def __init__(self, line: str, why: str) -> None:
        super().__init__(line)
        self.why = why


def perform(domain: api.Domain, steps: Sequence[Step], clock: Clock, seconds: float = 0.0) -> None:
    """Do the steps in their order; ``seconds`` is how long a guest has to let go of a NIC (0: the default)."""
    for step in steps:
        if step.action == "plug":
            _plug(domain, step)
        elif step.action in ("link", "fence"):
            _ask(domain, step, domain.updateDeviceFlags, f"the link of NIC {step.mac} is not switched")
        elif step.action == "move":
            _move(domain, step)
        elif step.flags == CONFIG:
            stays = f"NIC {step.mac} stays in the persistent definition"
            _ask(domain, step, domain.detachDeviceFlags, stays)
    _unplug_live(domain, [s for s in steps if s.action == "unplug" and s.flags == LIVE], clock, seconds)


def _plug(domain: api.Domain, step: Step) -> None:
    """By a call for each side, the definition first: it has the NIC, whatever becomes of it in the running guest."""
    for flag in (CONFIG, LIVE):
        if step.flags & flag:
            _plug_side(domain, step, flag)


def _plug_side(domain: api.Domain, step: Step, flag: int) -> None:
    error = errors.refusal(domain.attachDeviceFlags, step.xml, flag)
    live, config = both_xmls(domain)
    if step.mac in nic.macs(live if flag == LIVE else config) and not errors.died(error):
        return
    if error is None:
        raise OperatorError(f"{domain.name()}: libvirt took NIC {step.mac}, but its XML does not have it")
    said, name = errors.said(error), domain.name()
    if flag == LIVE and step.mac in nic.macs(config) and ports.refused(said):
        raise NoRoom(f"{name}: NIC {step.mac} is in the definition alone: {said}", said) from error
    raise OperatorError(f"{name}: NIC {step.mac} is not plugged in: {said}") from error


def _ask(domain: api.Domain, step: Step, call: Callable[[str, int], int], refused: str) -> None:
    """``refused``: what is told when libvirt does not take it; but not of a NIC that is not there any more."""
    error = errors.refusal(call, step.xml, step.flags)
    if error and _find(domain, step) is not None and not _may_still_come(step, error):
        raise OperatorError(f"{domain.name()}: {refused}: {errors.said(error)}") from error


def _may_still_come(step: Step, error: Exception) -> bool:
    """An unplug of this NIC is under way already, or the guest's monitor was busy: worth asking again."""
    busy = "unplug" in errors.said(error) or errors.code(error) == OPERATION_TIMEOUT
    return busy and step.action == "unplug" and step.flags == LIVE


def _move(domain: api.Domain, step: Step) -> None:
    """Onto another network, in the running guest or in the persistent definition; the XML says whether it is there."""
    error = errors.refusal(domain.updateDeviceFlags, step.xml, step.flags)
    found = _find(domain, step)
    if found is not None and not nic.same_place(found.xml, step.xml):
        said = errors.said(error) if error else "libvirt took it, but its XML has not"
        raise OperatorError(f"{domain.name()}: NIC {step.mac} stays on {found.place}: {said}")


def _unplug_live(domain: api.Domain, steps: Sequence[Step], clock: Clock, seconds: float) -> None:
    limit = seconds or max(UNPLUG_SECONDS, UNPLUG_SECONDS_EACH * len(steps))
    left = until_let_go(
        lambda: [s for s in steps if _find(domain, s) is not None],
        lambda s: _ask(domain, s, domain.detachDeviceFlags, f"NIC {s.mac} is not unplugged"),
        clock,
        limit,
    )
    if left:
        name, which = domain.name(), ", ".join(sorted({s.mac for s in left}))
        raise OperatorError(
            f"guest {name} holds on to NIC {which}: not let go within {limit:g} s, its link is down meanwhile; it is "
            f"paused, booting or without an operating system; run this again when it is up, or shut {name} down"
        )


def until_let_go(
    held: Callable[[], Sequence[T]], ask: Callable[[T], None], clock: Clock, limit: float
) -> Sequence[T]:
    """Ask for each device that the guest holds, until it has let go of all; what it holds when the time is up.

    libvirt answers 0 after 5 s for a guest that did not, and a request that comes while a guest boots is lost:
    it is made again.
    """
    deadline = clock.monotonic() + limit
    while left := held():
        if clock.monotonic() >= deadline:
            break
        for one in left:
            ask(one)
        if held():
            clock.sleep(POLL_SECONDS)
    return left


def _find(domain: api.Domain, step: Step) -> Nic | None:
    """The very NIC of the step, told from copies with the same MAC by its address; None for a domain that is gone."""
    live, config = errors.unless(errors.NO_DOMAIN, both_xmls, domain) or (None, None)
    xml = live if step.flags == LIVE else config
    address = step.nic.address if step.nic is not None else ()
    return next((n for n in nic.nics(xml) if n.mac == step.mac and n.address == address), None)
