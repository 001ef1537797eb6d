"""Starting, shutting down and removing a domain; what libvirt says afterwards decides what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lxml import etree

from provider.connection import api, errors, states
from provider.domain import sweep
from provider.domain.xml import metadata_elements
from provider.errors import OperatorError, Refused, Unfinished
from provider.host.clock import Clock, until
from provider.host.definitions import INACTIVE, SECURE
from provider.host.elements import written
from provider.host.host import Host
from provider.impact.allow import allowed, how
from provider.resource import mark, remedy
from provider.storage import snapshots

START_SECONDS = 60.0
SHUTDOWN_SECONDS = 60.0
REPEAT_SECONDS = 10.0  # a request that comes while a guest boots is lost
POLL_SECONDS = 0.2
SETTLE_SECONDS = 2.0  # for which libvirt may still take a guest apart that has ended

_STARTING_UP = [3, 11]  # "paused", for as long as libvirt still puts the guest together
_MIGRATABLE = 8
_UNDEFINE = 1 | 2 | 4 | 16  # saved state, and metadata of snapshots, NVRAM, checkpoints: nothing stays behind
TEXTS: Final[Mapping[str, int]] = {"description": 0, "title": 1}
_ELEMENT = 2
_LIVE = 1
_CONFIG = 2


def start(uri: str, domain: api.Domain, clock: Clock) -> None:
    """Start it, or see the start through that a killed call has asked for: libvirt goes on without its caller."""
    if not domain.isActive():
        saved = states.is_saved(domain)
        error = errors.refusal(domain.create)
        if error and not domain.isActive():
            name = domain.name()
            what = "is saved, and does not come back" if saved else "is defined, but does not start"
            drop = f"; to give up what it had in memory: {remedy.memory_dropped(uri, name)}" if saved else ""
            raise OperatorError(f"domain {name} {what}: {errors.said(error)}{drop}") from error
    _until_started(domain, clock)


def _until_started(domain: api.Domain, clock: Clock) -> None:
    until(lambda: list(domain.state()) != _STARTING_UP, clock, START_SECONDS, POLL_SECONDS)


def shut_down(uri: str, domain: api.Domain, clock: Clock, seconds: float = 0.0) -> None:
    """Ask the guest to power off and wait until it has; pulling the plug needs the operator's word.

    ``seconds``: how long the guest has (0: the default).  `Refused` with nothing changed when it does not.
    """
    name = domain.name()
    limit = seconds or SHUTDOWN_SECONDS
    if not _active(domain):
        return
    _until_started(domain, clock)
    if states.word(domain) == "paused":
        reason = _paused(uri, domain)
    elif _asked_and_gone(domain, clock, limit):
        return
    else:
        reason = f"domain {name} has not shut down within {limit:g} s of being asked to (ACPI)"
    if not allowed(name, "restart"):
        raise Refused(_not_hard(name, reason))
    error = errors.refusal(domain.destroy)
    if error and _stays_active(domain, clock):
        raise OperatorError(f"domain {name} cannot be stopped: {errors.said(error)}") from error


def refuse_removal(uri: str, domain: api.Domain) -> None:
    """`Refused` where it can be told beforehand that the guest cannot be shut down, or would lose its memory."""
    name = domain.name()
    paused = states.word(domain) == "paused" and list(domain.state()) != _STARTING_UP
    if paused and not allowed(name, "restart"):
        raise Refused(_not_hard(name, _paused(uri, domain)))
    _refuse_saved(domain)


def refuse_under_snapshots(host: Host, domain: api.Domain, own: Mapping[str, Any]) -> None:
    """`Refused` while a disk of ours goes on in a snapshot, or may do so: the domain alone knows in which file."""
    places = own.get("places", {})
    seen = sweep.observe(host, domain, {path: places.get(path, "") for path in own.get("disks", ())})
    for other in seen.seen.replaced if not seen.running else ():
        raise Refused(
            f"domain {seen.seen.name} is not removed: {snapshots.replaced(seen.seen.name, other, False)}; start it, "
            "then run this again"
        )
    for each in snapshots.above((seen.now or seen.seen).chains, seen.ours):
        raise Refused(
            f"domain {seen.seen.name} is not removed: {snapshots.stands(seen.seen.name, each, seen.running)}; "
            f"{snapshots.mend(host.uri, seen.seen.name, each, seen.running)}; then run this again"
        )


def restart(uri: str, domain: api.Domain, clock: Clock, seconds: float = 0.0) -> None:
    """Shut the guest down from within and start it again; it is never stopped hard for this.

    Its definition is marked meanwhile: who is killed between the two leaves it off, and then the mark says that it is
    to be started.  One that was asked and goes on keeps the mark, for it may still go down.
    """
    name, limit = domain.name(), seconds or SHUTDOWN_SECONDS
    if states.word(domain) == "paused":
        raise Refused(
            f"{_paused(uri, domain)}; it is not restarted, and what waits for its next start goes on to wait"
        )
    domain.setMetadata(_ELEMENT, "<restarting/>", "restart", mark.RESTARTING, _CONFIG)
    if not _asked_and_gone(domain, clock, limit):
        raise Refused(
            f"domain {name} has not shut down within {limit:g} s of being asked to (ACPI): it is not restarted, and "
            "what waits for its next start goes on to wait; should it still go down, the next up starts it"
        )
    try:
        start(uri, domain, clock)
    except OperatorError as error:
        raise Unfinished(
            f"domain {name} was shut down for its restart, and is off: {error}; mend that, and run the same again: it "
            "is started then"
        ) from error
    unmark(domain)


def unmark(domain: api.Domain) -> None:
    """Take the mark of a restart away, in the running guest and in its definition."""
    domain.setMetadata(_ELEMENT, None, None, mark.RESTARTING, _where(domain))


def undefine(domain: api.Domain) -> None:
    """Remove the definition of a domain that is shut off; its disks stay.  One that is gone already is fine."""
    try:
        _refuse_saved(domain)
        domain.undefineFlags(_UNDEFINE)
    except errors.VirtError as error:
        if errors.code(error) != errors.NO_DOMAIN:
            raise OperatorError(f"domain {domain.name()} stays defined: {errors.said(error)}") from error


def _refuse_saved(domain: api.Domain) -> None:
    if states.is_saved(domain) and not allowed(domain.name(), "restart"):
        raise Refused(
            f"domain {domain.name()} is saved (virsh managedsave), and what it had in memory would be lost; "
            f"start it, or allow it: {how(domain.name(), 'restart')}"
        )


def _paused(uri: str, domain: api.Domain) -> str:
    name, state = domain.name(), states.look(domain)
    return f"domain {name} is {state.said}, and cannot shut down; first {remedy.goes_on(uri, name, state)}"


def _not_hard(name: str, reason: str) -> str:
    return (
        f"{reason}; nothing is removed; shut it down from within, or allow it to be stopped hard: "
        f"{how(name, 'restart')}"
    )


def define_again(host: Host, domain: api.Domain) -> None:
    """Give a domain that was undefined while it runs its persistent definition back, as libvirt still knows it.

    The inactive form, not the live XML: that one would make plain bridge NICs of NICs on bridged networks.
    """
    if not domain.isPersistent():
        host.conn.defineXML(domain.XMLDesc(SECURE | INACTIVE | _MIGRATABLE))


def set_text(domain: api.Domain, key: str, text: str) -> None:
    """Its title or description (one of `TEXTS`), on every side that it has; an empty one is removed."""
    domain.setMetadata(TEXTS[key], text or None, None, None, _where(domain))


def set_metadata(domain: api.Domain, text: str) -> None:
    """Put each declared element in the place of the one of its namespace; elements of others stay."""
    for number, element in enumerate(metadata_elements(text)):
        space = str(etree.QName(element).namespace)
        key = element.prefix or f"m{number}"
        domain.setMetadata(_ELEMENT, _without_namespace(element, space), key, space, _where(domain))


def _without_namespace(element: object, space: str) -> str:
    """libvirt declares the namespace itself, and fails on an element that does so too."""
    plain = etree.fromstring(etree.tostring(element, with_tail=False))
    for part in plain.iter(f"{{{space}}}*"):
        part.tag = etree.QName(part).localname
    etree.cleanup_namespaces(plain)
    return written(plain)


def _where(domain: api.Domain) -> int:
    return (_LIVE if domain.isActive() else 0) | (_CONFIG if domain.isPersistent() else 0)


def _asked_and_gone(domain: api.Domain, clock: Clock, limit: float) -> bool:
    began = clock.monotonic()
    asked = -1
    while True:
        passed = clock.monotonic() - began
        if not _active(domain):
            return True
        if passed >= limit:
            return False
        if int(passed // REPEAT_SECONDS) > asked:
            asked = int(passed // REPEAT_SECONDS)
            _ask(domain, clock)
        clock.sleep(POLL_SECONDS)


def _ask(domain: api.Domain, clock: Clock) -> None:
    """A guest that powers off while it is asked is refused as not running, and is active for a moment still."""
    error = errors.refusal(domain.shutdown)
    if error and _stays_active(domain, clock):
        raise OperatorError(f"domain {domain.name()} cannot be shut down: {errors.said(error)}") from error


def _stays_active(domain: api.Domain, clock: Clock) -> bool:
    return not until(lambda: not _active(domain), clock, SETTLE_SECONDS, POLL_SECONDS)


def _active(domain: api.Domain) -> bool:
    """A domain that is gone altogether, as a transient one is once it has stopped, is not active."""
    return bool(errors.unless(errors.NO_DOMAIN, domain.isActive))
