"""What state a domain is in, with libvirt's own reason for it, in virsh's words; and whether it is saved.

A domain that does not run may have a managed save image.  Its next start brings back what that has, devices and memory,
whatever its definition says by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from provider.connection import api, errors

RUNNING: Final = 1
PAUSED: Final = 3
SHUT_OFF: Final = 5
SAVED: Final = "saved"  # virsh says "shut off"
_WORDS: Final = ("no state", "running", "idle", "paused", "in shutdown", "shut off", "crashed", "pmsuspended")

# virDomainState -> virDomain...Reason -> what virsh says; what says no more than the state itself is left out.
_IO_ERROR: Final = (PAUSED, 5)
_REASONS: Final[Mapping[int, Mapping[int, str]]] = {
    PAUSED: {
        1: "by an operator",
        2: "for a migration",
        3: "to be saved",
        4: "for a dump of its memory",
        5: "I/O error",
        6: "by its watchdog",
        7: "after a restore or a snapshot",
        8: "on its way down",
        9: "for a snapshot",
        10: "it has crashed",
        11: "it is being started",
        12: "a migration broke off",
        13: "a migration broke off",
        14: "an API of libvirt's failed",
    },
    SHUT_OFF: {
        3: "it has crashed",
        4: "it went to another host",
        5: "it was saved, and libvirt has no image of it",
        6: "it failed to start",
        8: "libvirt gave up on it",
    },
    6: {1: "its system panicked"},
}
_PASSING: Final = frozenset({2, 3, 4, 8, 9, 11})  # reasons for a pause that end by themselves
NO_SPACE: Final = "no space"
_WAS_SAVED: Final = 5  # virDomainShutoffReason
_DISK_ERRORS: Final = {1: "it can't be written or read", 2: NO_SPACE}


@dataclass(frozen=True)
class State:
    """``word`` is virsh's, or `SAVED`; ``reason`` is "" where it says no more.

    ``disks``: of a guest that was paused by an I/O error, the disks that have failed by their names ("vda"), and how.
    """

    word: str
    reason: str = ""
    disks: tuple[tuple[str, str], ...] = ()

    @property
    def said(self) -> str:
        """In words, as "paused (I/O error, vda: no space)"."""
        why = [self.reason, *(f"{name}: {how}" for name, how in self.disks)] if self.reason else []
        return f"{self.word} ({', '.join(why)})" if why else self.word


UNLOOKED: Final = State("")


def word(domain: api.Domain) -> str:
    number = domain.state()[0]
    return SAVED if number == SHUT_OFF and is_saved(domain) else _word(number)


def look(domain: api.Domain) -> State:
    number, reason = domain.state()[:2]
    if number == SHUT_OFF and is_saved(domain):
        return State(SAVED)
    failed = _disk_errors(domain) if (number, reason) == _IO_ERROR else {}
    disks = tuple((name, _DISK_ERRORS.get(code, "failed")) for name, code in sorted(failed.items()))
    return State(_word(number), _REASONS.get(number, {}).get(reason, ""), disks)


def halted(domain: api.Domain) -> State | None:
    """The state of a guest that is there and does not go on by itself; None of one that runs, is off, or will go on."""
    number, reason = domain.state()[:2]
    if not domain.isActive() or number in (RUNNING, 2, 4) or (number == PAUSED and reason in _PASSING):
        return None
    return look(domain)


def is_saved(domain: api.Domain) -> bool:
    """Whether its next start brings back a saved guest."""
    return not domain.isActive() and bool(domain.hasManagedSaveImage())


def has_no_image(domain: api.Domain) -> bool:
    """Whether it was saved and libvirt has no image of it: that is in a file of somebody's (virsh save), or was given
    up; libvirt says the same of both."""
    return list(domain.state()[:2]) == [SHUT_OFF, _WAS_SAVED] and not is_saved(domain)


def _disk_errors(domain: api.Domain) -> Mapping[str, int]:
    """None where they are not told: that there is an error is known all the same."""
    try:
        return domain.diskErrors()
    except errors.VirtError as error:
        if errors.lost(error):
            raise
        return {}


def _word(number: int) -> str:
    return _WORDS[number] if 0 <= number < len(_WORDS) else f"state {number}"
