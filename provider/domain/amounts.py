"""Memory and vCPUs of a running guest, changed live within what it was started with.

More than that needs a start.  vCPUs are never taken from an emulated guest while it runs: QEMU gives up after 5 s, and
a request that is left over was once followed by its crash.  A guest that does not follow has it at its next start.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from provider.connection import api, errors, states
from provider.domain.read import AMOUNTS, Domain
from provider.domain.seen import Seen, same_amount, see
from provider.host import optional
from provider.host.clock import Clock, until
from provider.host.elements import attribute
from provider.host.xml_in import parsed

BALLOON_SECONDS: Final = 10.0  # a guest at rest took 1 to 1.5
POLL_SECONDS: Final = 0.2
REPORT_SECONDS: Final = 3.0  # for a guest to tell what it uses, which it is asked every second
_SPARE: Final = 16  # of this many parts of its memory one is to be left free
SAVED: Final = "it is saved, and comes back with what it had"

_LIVE: Final = 1
_KIB_IN_MIB: Final = 1024


@dataclass(frozen=True)
class Step:
    """``was`` and ``wanted``: MiB, or a number of vCPUs."""

    key: str
    was: int | float
    wanted: int


def steps(
    declared: Mapping[str, Any], domain: Domain, staged: Collection[str], waiting: Collection[str]
) -> list[Step]:
    """What can be changed in the running guest: the properties that are ``staged``, and those that have drifted.

    ``waiting``: properties that are known to wait for a restart, and are not tried again.
    """
    return [
        Step(key, has(domain.now, key), declared[key])
        for key in AMOUNTS
        if key in declared and domain.now is not None
        if key in staged or (key not in waiting and has(domain.seen, key) == declared[key])
        if not same_amount(key, has(domain.now, key), declared[key])
        if not why_not(key, declared[key], domain)
    ]


def why_not(key: str, wanted: float, domain: Domain) -> str:
    """Why the running guest cannot have this amount before its next start; empty when it can."""
    now = domain.now
    if now is None:
        return SAVED if domain.is_saved else "the guest is shut off"
    if key == "memory":
        if wanted > now.memory:
            return f"the guest was started with {now.memory} MiB at most"
        return "" if now.balloon else "the guest has no memory balloon"
    if not domain.room.acpi:
        return "the guest has no ACPI, by which it is told of vCPUs"
    if wanted > now.vcpu:
        return f"the guest was started with {now.vcpu} vCPUs at most"
    if wanted < now.current_vcpu and now.type == "qemu":
        return "an emulated guest (type qemu) does not let go of a vCPU"
    return ""


def cannot_do_with(domain: api.Domain, step: Step, tell: optional.Tell) -> str:
    """Why a step is not tried, by what the guest has told last; empty where it is.  One that is halted does nothing."""
    if (state := states.halted(domain)) is not None:
        return f"the guest is {state.said}, and can't follow"
    return too_little(domain, step.wanted, tell) if step.key == "memory" and step.wanted < step.was else ""


def too_little(domain: api.Domain, wanted: float, tell: optional.Tell) -> str:
    """Why the running guest can't do with so much memory (MiB), by what it has told of what it uses; empty when it can.

    A balloon that takes what a guest uses has it look for memory till its agent and programs die.  What a guest tells
    is as of its last report, which may be of its boot: see `_asked_anew`.  One that tells nothing is tried.
    """
    told = optional.look(tell, _what(domain), domain.memoryStats, {})
    if not {"actual", "available", "usable"} <= told.keys():
        return ""
    gives = told["actual"] - wanted * _KIB_IN_MIB
    if told["usable"] - gives >= wanted * _KIB_IN_MIB / _SPARE:
        return ""
    used = (told["available"] - told["usable"]) // _KIB_IN_MIB
    least = math.ceil((told["actual"] - told["usable"]) / _KIB_IN_MIB * _SPARE / (_SPARE - 1))
    return (
        f"the guest uses {used} MiB, and needs {least} MiB to go on: less is not taken from it while it runs"
    )


def _what(domain: api.Domain) -> str:
    return f"how much memory guest {domain.name()} uses"


def _asked_anew(domain: api.Domain, clock: Clock) -> None:
    """Have a guest report what it uses; libvirt has it do so by itself only where its definition says how often."""
    before = domain.memoryStats().get("last_update", 0)
    every = int(attribute(parsed(domain.XMLDesc()), "devices/memballoon/stats", "period") or 0)
    if before == 0 or every:
        return  # it has no driver that would answer, or does so anyhow
    try:
        domain.setMemoryStatsPeriod(1, _LIVE)
        until(lambda: domain.memoryStats().get("last_update") != before, clock, REPORT_SECONDS, POLL_SECONDS)
    finally:
        domain.setMemoryStatsPeriod(every, _LIVE)


def has(seen: Seen | None, key: str) -> int | float:
    """What there is of it now; of a definition, what the guest starts with."""
    return 0 if seen is None else AMOUNTS[key](seen)[1]


def after(domain: Domain, done: Collection[Step]) -> Domain:
    """The domain once the guest has followed these steps."""
    if domain.now is None:
        return domain
    amounts: dict[str, Any] = {f"current_{step.key}": step.wanted for step in done}
    return replace(domain, now=replace(domain.now, **amounts))


def perform(domain: api.Domain, step: Step, clock: Clock, tell: optional.Tell) -> str:
    """Empty once the running guest has the amount; else why it has not, and waits for its next start."""

    def follows() -> bool:
        return same_amount(step.key, has(see(domain.XMLDesc()), step.key), step.wanted)

    seconds, less = 0.0, step.key == "memory" and step.wanted < step.was
    if less:
        optional.look(tell, _what(domain), partial(_asked_anew, domain, clock), None)
        if why := too_little(domain, step.wanted, tell):
            return why
    if step.key == "memory":
        seconds = BALLOON_SECONDS
        error = errors.refusal(domain.setMemoryFlags, step.wanted * _KIB_IN_MIB, _LIVE)
    else:
        error = errors.refusal(domain.setVcpusFlags, step.wanted, _LIVE)
    if until(follows, clock, 0.0 if error else seconds, POLL_SECONDS):
        return ""
    if error:
        return errors.said(error)
    unmoved = "the guest has not followed: it is booting, or has no driver for it"
    if less and not errors.refusal(domain.setMemoryFlags, int(step.was * _KIB_IN_MIB), _LIVE):
        return f"{unmoved}; it is left with {step.was:g} MiB"
    return unmoved
