"""Which calls make a domain's virtio disks what they shall be, and making them.

Disks are known by their files.  A wanted one is there, one that was declared and is not any more goes, every other one
is somebody else's.  The running guest and the persistent definition are planned apart, each by what it has.  The file
of a disk is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from provider.connection import api, errors
from provider.domain.seen import Slots
from provider.domain.xml import Disk, disk_element, virtio_name
from provider.errors import OperatorError
from provider.host.clock import Clock
from provider.host.definitions import both_xmls
from provider.host.elements import attribute, drop, written
from provider.nic.apply import UNPLUG_SECONDS, until_let_go
from provider.nic.plan import CONFIG, LIVE

# The disks of the running guest and of the persistent definition, as they are when it is called.
Slotted = Callable[[api.Domain], tuple[Slots | None, Slots | None]]

_MOST = 26 * 27  # vda … vdzz


@dataclass(frozen=True)
class Step:
    """One libvirt call: ``flags`` is LIVE, CONFIG or both, ``target`` the disk's name there ("vdb")."""

    action: Literal["plug", "unplug"]
    flags: int
    path: str
    target: str


def plan(
    wanted: Sequence[str],
    gone: Collection[str],
    live: Slots | None,
    config: Slots | None,
    waiting: Collection[str] = (),
) -> list[Step]:
    """Steps in the order in which they are to be done; what waits for the guest comes last.

    ``live`` is None for a domain that is shut off, ``config`` for one without a persistent definition.  A disk whose
    place is taken by another one on the side that lacks it is left out: see `blocked`.  ``waiting``: those that the
    running guest has no place for; the definition alone gets them.
    """
    sides = [(flags, slots) for flags, slots in ((CONFIG, config), (LIVE, live)) if slots is not None]
    unplugs = [
        Step("unplug", flags, path, target)
        for flags, slots in sides
        for target, path in slots
        if path in gone and path not in wanted
    ]
    taken = {target for _, slots in sides for target, _ in slots}
    plugs = []
    for path in wanted:
        missing = [
            flags
            for flags, slots in sides
            if path not in _paths(slots) and not (flags == LIVE and path in waiting)
        ]
        other = blocked(path, live, config)
        if not missing or (other is not None and (other not in gone or other in wanted)):
            continue
        target = next((t for _, slots in sides for t, p in slots if p == path), None)
        if target is None or other is not None:
            target = next(name for n in range(_MOST) if (name := virtio_name(n)) not in taken)
        taken.add(target)
        plugs.append(Step("plug", sum(missing), path, target))
    return [
        *(s for s in unplugs if s.flags == CONFIG),
        *plugs,
        *(s for s in unplugs if s.flags == LIVE),
    ]


def blocked(path: str, live: Slots | None, config: Slots | None) -> str | None:
    """The file that has this disk's place ("vda") on the one side that lacks it; None when there is no such."""
    for here, there in ((live, config), (config, live)):
        if here is None or there is None or path in _paths(here):
            continue
        target = next((t for t, p in there if p == path), None)
        for other, found in here:
            if other == target:
                return found
    return None


def perform(
    domain: api.Domain,
    steps: Sequence[Step],
    formats: Mapping[str, str],
    slots: Slotted,
    clock: Clock,
    seconds: float = 0.0,
) -> None:
    """Do the steps in their order; ``seconds`` is how long a guest has to let go of a disk (0: the default)."""
    for step in steps:
        if step.action == "plug":
            _plug(domain, step, formats[step.path], slots)
        elif step.flags == CONFIG:
            _ask(domain, step, slots)
            if step.path in _paths(_slots(domain, step, slots)):
                raise OperatorError(f"{domain.name()}: disk {step.path} stays in the persistent definition")
    _let_go(domain, [s for s in steps if s.action == "unplug" and s.flags == LIVE], slots, clock, seconds)


def unplug_xml(xml: str, target: str) -> str | None:
    """The disk's element as the side has it, without its backing chain; None when it is not there."""
    for disk in etree.fromstring(xml.encode()).iterfind("devices/disk"):
        if attribute(disk, "target", "dev") == target:
            drop(disk, "backingStore")
            return written(disk)
    return None


def _plug(domain: api.Domain, step: Step, format: str, slots: Slotted) -> None:
    """By a call for each side, the definition first: it has the disk, whatever becomes of it in the running guest."""
    element = written(disk_element(Disk(step.path, format), "disk", step.target, "virtio"))
    for flag in (CONFIG, LIVE):
        if not step.flags & flag:
            continue
        error = errors.refusal(domain.attachDeviceFlags, element, flag)
        live, config = (_paths(side or ()) for side in slots(domain))
        if step.path not in (live if flag == LIVE else config) or errors.died(error):
            said = errors.said(error) if error else "libvirt took it, but its XML does not have it"
            half = "in the definition alone" if step.path in config else "not plugged in"
            raise OperatorError(f"{domain.name()}: disk {step.path} is {half}: {said}")


def _let_go(domain: api.Domain, steps: Sequence[Step], slots: Slotted, clock: Clock, seconds: float) -> None:
    limit = seconds or UNPLUG_SECONDS

    def held() -> list[Step]:
        there = _paths(slots(domain)[0] or ()) if steps else set()
        return [s for s in steps if s.path in there]

    left = until_let_go(held, lambda step: _ask(domain, step, slots), clock, limit)
    if left:
        raise OperatorError(
            f"guest {domain.name()} holds on to disk {', '.join(s.path for s in left)}: not let go within "
            f"{limit:g} s; it is paused, booting or without an operating system; run this again when it is up"
        )


def _ask(domain: api.Domain, step: Step, slots: Slotted) -> None:
    live, config = both_xmls(domain)
    xml = unplug_xml((live if step.flags == LIVE else config) or "<domain/>", step.target)
    if xml is None:
        return
    error = errors.refusal(domain.detachDeviceFlags, xml, step.flags)
    if error and "unplug" not in errors.said(error) and step.path in _paths(_slots(domain, step, slots)):
        raise OperatorError(
            f"{domain.name()}: disk {step.path} is not unplugged: {errors.said(error)}"
        ) from error


def _slots(domain: api.Domain, step: Step, slots: Slotted) -> Slots:
    """On the side of the step."""
    live, config = slots(domain)
    return (live if step.flags == LIVE else config) or ()


def _paths(slots: Slots) -> set[str]:
    return {path for _, path in slots}
