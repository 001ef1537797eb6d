"""`./trop lab up trop02 --as-found`."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Final

from cli.as_found.by_hand import COPIES, VMS, ByHand
from cli.processes.signals import handled, interrupt
from cli.words.command_line import UsageError
from lab.hypervisor import Lab

STACK: Final = "trop02"


def up(lab: Lab, guest: str, say: Callable[[str], None]) -> None:
    """Start a lab that is not there yet, and make it as trop02 was.  Ended halfway it leaves nothing.

    Raises `UsageError` for a lab that is there, whatever it has, and for one that nobody has found so; `LabError`.
    """
    if lab.name != STACK:
        raise UsageError(f"--as-found: it is known of {STACK} alone how it was made by hand")
    if guest not in ("", "tiny"):
        raise UsageError(f"--as-found: its guests are tiny ones, not {guest}")
    if lab.state.exists():
        raise _there(lab)
    with handled(interrupt):
        if lab.up() is not None:
            raise _there(lab)  # somebody else was faster
        try:
            say(f"{STACK} is made as it was in 2018: 2 networks, a pool and {len(VMS)} VMs, which boot now")
            ByHand(lab).everything()
            say(f"and its fault: float2's NIC, plugged in {COPIES} times with float1's address")
        except BaseException:
            with handled(signal.SIG_IGN):
                lab.down(purge=True)
            raise


def _there(lab: Lab) -> UsageError:
    return UsageError(
        f"--as-found makes a lab anew, and the lab {lab.name} is there already, with all that is in it; to throw that "
        f"away: ./trop lab down {lab.name} --purge"
    )
